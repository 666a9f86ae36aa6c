"""The words of the pages (申报表、审核状态): what the codes of events and tables are called."""

from datetime import datetime

from gf_chassis.clock import SHANGHAI
from gf_intake.adapters.policies import Policies
from gf_intake.domain.submissions import SubmissionState

KINDS = {
    "application": "申报表",
    "benchmark": "对标自评价表",
    "dynamic_form": "动态管理表",
    "change_report": "变更报告",
}
LEVELS = {"county": "县（区）级", "city": "市级", "province": "省级", "group": "集团", "ministry": "工信部"}
#: DM-state, and what the badge looks like.
STAGES = {
    "not_applicable": ("不适用", "none"),
    "not_started": ("未开始", "none"),
    "in_review": ("审核中", "wait"),
    "passed": ("已上报", "ok"),
    "returned": ("退回", "warn"),
    "refused": ("不通过", "bad"),
}
SUBSTATES = {
    "recommendation_document_uploaded": "推荐文件已上传",
    "expert_review_not_organised": "未组织专家评审",
    "expert_unassigned": "未分配专家",
    "expert_review_done": "专家评审已完成",
    "in_publicity": "公示中",
    "listed": "已列入名单",
    "not_listed": "未列入名单",
    "barred": "存在不得推荐的情形",
}
STATE_KINDS = {
    SubmissionState.DRAFT: "none",
    SubmissionState.VERIFIED: "ok",
    SubmissionState.SUBMITTED: "wait",
    SubmissionState.WITHDRAWING: "warn",
    SubmissionState.CLOSED: "none",
    SubmissionState.DROPPED: "none",
}
OUTCOMES = {"approved": "已通过", "refused": "不予通过", "cancelled": "已取消申报资格", "dropped": "已放弃"}
#: 办理记录: what the journal's rows are called.
ACTS = {
    "DraftCreated": "新建表单",
    "DraftSaved": "暂存",
    "FormVerified": "验证并保存",
    "EvidenceAttached": "上传材料",
    "EvidenceRemoved": "移除材料",
    "Submitted": "上报",
    "WithdrawalRequested": "申请取消上报",
    "WithdrawalGranted": "取消上报已同意",
    "WithdrawalRefused": "取消上报未同意",
    "ReturnedForCorrection": "退回修改",
    "Closed": "办结",
    "GivenUp": "放弃申报",
    "TermOver": "退回修改期满未上报",
}


def act_name(act: str) -> str:
    """What has a window of its own (N25-dates): filing, or the decision of a level."""
    name, _, level = act.partition(":")
    return f"{LEVELS.get(level, level)}审核" if name == "decide" else "上报"


def authority_name(policies: Policies, authority: str | None) -> str:
    """The authority's full name; its id where the tree no longer has it."""
    if not authority or authority not in policies.book.authorities:
        return authority or ""
    return policies.book.authorities.get(authority).name


def instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def beijing(text: str | None) -> str:
    """An instant of an event as a page shows it."""
    found = instant(text)
    return found.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if found else ""
