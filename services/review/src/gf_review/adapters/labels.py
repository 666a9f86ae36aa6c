"""Chinese labels of stored words (状态名称), as pages and the API show them."""

OUTCOME_NAMES = {"approved": "通过", "refused": "不予通过", "cancelled": "取消申报资格", "dropped": "未再上报"}
SUBSTATE_NAMES = {
    "recommendation_document_uploaded": "推荐文件已上传",
    "expert_review_not_organised": "未组织专家评审",
    "expert_unassigned": "未分配专家",
    "expert_review_done": "专家评审已完成",
    "in_publicity": "公示",
    "listed": "已列入名单",
    "not_listed": "未列入名单",
    "barred": "处于禁止申报期",
}
LEVEL_NAMES = {"county": "县/区", "city": "市", "province": "省", "group": "集团", "ministry": "工信部"}
HISTORY_NAMES = {
    "opened": "受理",
    "assigned": "分派",
    "unassigned": "收回分派",
    "reopened": "重新受理",
    "passed": "上报",
    "returned": "退回",
    "refused": "不予通过",
    "cancelled": "取消申报资格",
    "dropped": "未再上报，办结",
    "withdrawn": "取消上报",
    "barred": "处于禁止申报期",
    "bar_lifted": "禁止申报解除",
    "listed": "列入名单",
    "not_listed": "不列入名单",
    "findings_recorded": "填写核查意见",
    "assessment_recorded": "定性评分",
    "industry_ruled": "行业认定",
    "consultation_asked": "征求意见",
    "consultation_answered": "部门答复",
    "expert_review": "专家评审",
    "document_uploaded": "上传推荐文件",
    "reason_given": "书面理由",
    "sheet_attached": "评分表更新",
    "case_returned": "退回更正",
    "withdrawal_answered": "答复取消上报",
    "listing_decided": "名单决定",
    "case_closed": "办结",
}
KIND_NAMES = {
    "application": "申报",
    "benchmark": "对标",
    "dynamic_form": "动态管理表",
    "change_report": "变更",
    "agency_report": "机构年度报告",
}
GUARD_NAMES = {
    "checklist": "核查意见",
    "sheet": "评分表",
    "marks": "定性评分",
    "consultations": "征求部门意见",
    "expert_review": "专家评审",
    "provincial_grade": "本省专家分级",
    "recommendation_document": "推荐文件",
    "batch": "推荐批次",
    "below_average_reason": "低于平均水平的书面理由",
    "exclusions": "无禁止申报情形",
    "quota": "推荐名额",
    "list_required": "已列入下级名单",
    "list_reason": "未列入下级名单的书面理由",
}
BATCH_HISTORY = {
    "started": "新建批次",
    "case_added": "加入申报",
    "case_removed": "移出申报",
    "document_attached": "上传推荐文件",
    "sealed": "封存",
    "sent": "随批上报",
    "dissolved": "解散",
}
PUBLICITY_HISTORY = {
    "drafted": "拟定公示名单",
    "entry_added": "列入拟公示单位",
    "opened": "开始公示",
    "objected": "登记异议",
    "upheld": "异议成立，不予列入",
    "dismissed": "异议不成立",
    "closed": "公示期满",
}
