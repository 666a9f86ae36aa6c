"""Guards (上报条件): each a small function from the plan and the records to what is missing, if anything.

Which guards a level has, and with which parameters, is data of the policy; what a code means is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gf_review.domain.dossier import AWAITS_MARK, BRANCH_MARK, NOT_SCORABLE, Dossier, Sheet
from gf_review.domain.errors import GuardNotMet, Problem, UnknownGuard
from gf_review.domain.route import GuardPlan, Route, StagePlan

RECOMMENDATION_DOCUMENT = "recommendation_document"
BELOW_AVERAGE = "below_average"
LIST_MISSING = "list_missing"

PROVINCIAL_GRADE = "provincial_grade"

EXPERT_NOT_ORGANISED = "not_organised"
EXPERT_UNASSIGNED = "unassigned"
EXPERT_DONE = "done"


@dataclass(frozen=True, slots=True)
class Situation:
    """What a guard may look at."""

    stage: StagePlan
    route: Route
    dossier: Dossier
    category: str
    passed_so_far: int = 0
    # True while a batch is being sent: the batch itself is the act.
    in_batch: bool = False


Check = Callable[[GuardPlan, Situation], list[str]]


def _checklist(plan: GuardPlan, at: Situation) -> list[str]:
    findings = at.dossier.findings_in_force(at.stage.stage_no).values()
    missing = []
    for item in at.stage.checklist:
        verdicts = [one.ok for one in findings if one.item == item.code]
        if not verdicts:
            missing.append(f"审核要点“{item.label}”尚无核查意见，请先填写。")
        elif not all(verdicts):
            missing.append(f"审核要点“{item.label}”的核查意见为不通过，请退回、不予通过或更新意见。")
    return missing


def _sheet(plan: GuardPlan, at: Situation) -> list[str]:
    sheet = at.dossier.sheet
    if sheet is None:
        return ["评分表尚未生成，请稍后刷新。"]
    if sheet.outcome == NOT_SCORABLE and plan.params.get("not_scorable", "refuse") == "refuse":
        return ["评分表结果为无法评分，不能上报：" + "；".join(sheet.reasons or ("缺少引领值或基准值",))]
    return []


def _marks(plan: GuardPlan, at: Situation) -> list[str]:
    sheet = at.dossier.sheet
    if sheet is None:
        return ["评分表尚未生成，定性指标无法核对，请稍后刷新。"]
    if at.dossier.awaits_ruled_sheet:
        return ["行业认定尚未计入评分表，请待评分更新后刷新再办理。"]
    # Another industry's table may lack an indicator that was marked before.
    marks = {code: mark for code, mark in at.dossier.marks_in_force().items() if _on_sheet(code, sheet, at)}
    asked = {str(code) for code in plan.params.get("indicators", ())}
    asked |= {line.indicator for line in sheet.lines if line.state == AWAITS_MARK}
    missing = []
    for code in sorted(asked | set(marks)):
        line = sheet.line(code)
        name = line.name or code if line else code
        mark = marks.get(code)
        if mark is None:
            missing.append(f"定性指标“{name}”尚未评分，请先填写分值和理由。")
        elif line is None or line.branch != BRANCH_MARK or line.points != mark.points:
            missing.append(f"定性指标“{name}”的评分尚未计入评分表，请待评分更新后刷新再办理。")
    return missing


def _on_sheet(code: str, sheet: Sheet, at: Situation) -> bool:
    return at.dossier.ruling is None or sheet.line(code) is not None


def _consultations(plan: GuardPlan, at: Situation) -> list[str]:
    held = at.dossier.consultations_at(at.stage.stage_no)
    missing = []
    for department in at.stage.consults:
        if department.code not in held:
            missing.append(f"尚未征求{department.name}的意见。")
    names = {one.code: one.name for one in at.stage.consults}
    missing += [
        f"{names.get(one.department, one.department)}尚未答复（{one.asked_on.isoformat()} 征求）。"
        for one in held.values()
        if one.answered_on is None
    ]
    return missing


def _expert_review(plan: GuardPlan, at: Situation) -> list[str]:
    review = at.dossier.expert_review_at(at.stage.stage_no)
    state = review.state if review else EXPERT_NOT_ORGANISED
    if state == EXPERT_UNASSIGNED:
        return ["已组织专家评审但未分配专家，请完成评审或撤销组织。"]
    if state == EXPERT_NOT_ORGANISED and not plan.params.get("optional", True):
        return ["本级要求组织专家评审，尚未组织。"]
    least = str(plan.params.get("min_grade", ""))
    if review is not None and state == EXPERT_DONE and least and (review.grade or "Z") > least:
        return [f"专家评审等级为 {review.grade or '无'}，须达到 {least} 级及以上方可推荐。"]
    return []


def _provincial_grade(plan: GuardPlan, at: Situation) -> list[str]:
    """The grade that this authority's own review under its province's rules gave the unit (专家分级)."""
    grade = at.dossier.grades.get((at.stage.authority, str(plan.params["policy"])), "")
    least = str(plan.params["minimum"])
    if grade and grade <= least:
        return []
    return [
        f"该单位在本省评审中的专家分级为 {grade or '无'}；按《{plan.params['title']}》，"
        f"{least} 级及以上方可向工业和信息化部推荐。"
    ]


def _recommendation_document(plan: GuardPlan, at: Situation) -> list[str]:
    own = at.dossier.document_at(at.stage.stage_no, RECOMMENDATION_DOCUMENT)
    batch = at.dossier.batch
    if own is not None or (batch is not None and batch.document):
        return []
    return ["尚未上传推荐文件。"]


def _batch(plan: GuardPlan, at: Situation) -> list[str]:
    if at.in_batch:
        return []
    return ["本级须按批次推荐：请将该申报加入推荐批次，封存后随批上报。"]


def average_for(route: Route, dossier: Dossier) -> str:
    """The authority whose average applies: the highest below the ministry that has one (N25 一)."""
    for authority in reversed([stage.authority for stage in route.stages if stage.applicable]):
        if authority in dossier.averages:
            return authority
    return ""


def is_below_average(route: Route, dossier: Dossier) -> bool:
    authority = average_for(route, dossier)
    sheet = dossier.sheet
    return bool(authority and sheet and sheet.total is not None and sheet.total < dossier.averages[authority].points)


def _below_average_reason(plan: GuardPlan, at: Situation) -> list[str]:
    if not is_below_average(at.route, at.dossier) or at.dossier.reason_at(at.stage.stage_no, BELOW_AVERAGE):
        return []
    average = at.dossier.averages[average_for(at.route, at.dossier)]
    return [
        f"得分低于本地区已列入单位平均水平 {average.points}（{average.count} 家，"
        f"{average.population_at.date().isoformat()}），推荐须填写书面理由。"
    ]


def _exclusions(plan: GuardPlan, at: Situation) -> list[str]:
    return [
        f"该单位处于禁止申报期：{bar.reason or bar.ground}（{bar.article}），自 {bar.since} 起"
        + (f"至 {bar.last_day}。" if bar.until else "。")
        for bar in at.dossier.bars
    ]


def _quota(plan: GuardPlan, at: Situation) -> list[str]:
    limit = plan.params.get("max")
    if limit is None or at.passed_so_far < int(str(limit)):
        return []
    return [f"推荐名额为 {limit} 家，已推荐 {at.passed_so_far} 家。"]


def _on_list(plan: GuardPlan, at: Situation) -> bool:
    """On the list the guard names, or on one of that level kept by an authority of the route."""
    if "list_id" in plan.params:
        return str(plan.params["list_id"]) in at.dossier.memberships
    owners = {stage.authority for stage in at.route.stages if stage.applicable}
    wanted = {f"{plan.params['list_level']}:{owner}:{at.category}" for owner in owners}
    return not wanted.isdisjoint(at.dossier.memberships)


def _list_name(plan: GuardPlan) -> str:
    level = plan.params.get("list_level") or str(plan.params.get("list_id", "")).split(":", 1)[0]
    return _LIST_NAMES.get(str(level), "规定的")


def _list_required(plan: GuardPlan, at: Situation) -> list[str]:
    return [] if _on_list(plan, at) else [f"该单位尚未列入{_list_name(plan)}名单，不能推荐。"]


def _list_reason(plan: GuardPlan, at: Situation) -> list[str]:
    if _on_list(plan, at) or at.dossier.reason_at(at.stage.stage_no, LIST_MISSING):
        return []
    return [f"该单位尚未列入{_list_name(plan)}名单，原则上应先列入；推荐须填写书面理由。"]


_LIST_NAMES = {"city": "市级", "provincial": "省级", "national": "国家级"}

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "checklist": _checklist,
        "sheet": _sheet,
        "marks": _marks,
        "consultations": _consultations,
        "expert_review": _expert_review,
        PROVINCIAL_GRADE: _provincial_grade,
        RECOMMENDATION_DOCUMENT: _recommendation_document,
        "batch": _batch,
        "below_average_reason": _below_average_reason,
        "exclusions": _exclusions,
        "quota": _quota,
        "list_required": _list_required,
        "list_reason": _list_reason,
    }
)


def require_known(route: Route) -> None:
    """A guard nobody can check would be a guard nobody checks: refuse the route."""
    for stage in route.stages:
        for guard in stage.guards:
            if guard.code not in CHECKS:
                raise UnknownGuard(f"guard {guard.code!r} of stage {stage.stage_no} is not known to review")


def missing(at: Situation) -> list[Problem]:
    """Every guard of the stage that is not met, with its rule and article."""
    return [
        Problem(f"/guards/{plan.code}", plan.code, detail, plan.rule, plan.article)
        for plan in at.stage.guards
        for detail in CHECKS[plan.code](plan, at)
    ]


def require_met(at: Situation) -> None:
    problems = missing(at)
    if problems:
        raise GuardNotMet(
            "上报条件未满足：" + "".join(one.detail for one in problems),
            rule=problems[0].rule or None,
            article=problems[0].article or None,
            errors=problems,
        )
