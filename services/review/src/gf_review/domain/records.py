"""What reviewers put on record at a level before it decides: findings, marks, consultations, documents, reasons."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from decimal import Decimal

from gf_review.domain import events as happened
from gf_review.domain.case import DOCUMENT_UPLOADED, REVIEWER, Case, Official
from gf_review.domain.dossier import (
    Consultation,
    Document,
    Dossier,
    ExpertReview,
    Finding,
    IndustryRuling,
    Mark,
    Sheet,
    WrittenReason,
)
from gf_review.domain.errors import IllegalTransition, Invalid, Problem
from gf_review.domain.guards import (
    BELOW_AVERAGE,
    EXPERT_DONE,
    EXPERT_NOT_ORGANISED,
    EXPERT_UNASSIGNED,
    LIST_MISSING,
    RECOMMENDATION_DOCUMENT,
)

#: A ruling that the general rules (通则) apply, and no industry's own table.
GENERAL = "general"
EXPERT_SUBSTATES = {
    EXPERT_NOT_ORGANISED: "expert_review_not_organised",
    EXPERT_UNASSIGNED: "expert_unassigned",
    EXPERT_DONE: "expert_review_done",
}
REASON_KINDS = {BELOW_AVERAGE: "N25-avg", LIST_MISSING: "GD-12-pre"}


def add_findings(case: Case, stage_no: int, by: Official, findings: Sequence[Finding]) -> None:
    """核查意见 on checklist items and fields."""
    stage = case.acting(stage_no, by, REVIEWER)
    known = {item.code for item in stage.plan.checklist}
    problems = []
    for index, one in enumerate(findings):
        if one.item and one.item not in known:
            problems.append(Problem(f"/findings/{index}/item", "unknown_item", "审核要点不在本级清单中，请核对。"))
        if not one.item and not one.pointer:
            problems.append(Problem(f"/findings/{index}", "required", "请指明审核要点或字段。"))
        if not one.ok and not one.note.strip():
            problems.append(Problem(f"/findings/{index}/note", "required", "核查意见为不通过时请写明问题。"))
    if problems or not findings:
        raise Invalid("核查意见有误，请更正。", rule="CQ-1st", errors=problems)
    case.touch()
    case.kept("findings_recorded", {"stage_no": stage_no, "items": [one.item or one.pointer for one in findings]})


def add_marks(
    case: Case,
    stage_no: int,
    by: Official,
    dossier: Dossier,
    marks: Sequence[Mark],
    *,
    ruling: IndustryRuling | None = None,
    industries: Collection[str] = (),
    reason: str,
    at: datetime,
) -> None:
    """定性评分 and 行业认定 of this level.

    All marks and the ruling now in force go to scoring, which answers with a new revision of the sheet.
    ``industries``: those that have a table in this campaign and category, `general` where the general rules are one.
    """
    case.acting(stage_no, by, REVIEWER)
    if dossier.sheet is None:
        raise IllegalTransition("评分表尚未生成，请稍后再填写定性评分。", rule="N25-A1")
    if not marks and ruling is None:
        raise Invalid("请至少填写一项定性评分或行业认定。", errors=[Problem("/marks", "required", "请填写定性评分。")])
    wrong_marks = _wrong_marks(dossier.sheet, marks)
    if problems := wrong_marks + (_wrong_ruling(ruling, industries) if ruling else []):
        rule, article = ("N25-A1", "N25 附件1") if wrong_marks else ("N25-53", "N25 附件3")
        detail = "填写有误，请更正：" + "".join(one.detail for one in problems)
        raise Invalid(detail, rule=rule, article=article, errors=problems)
    case.touch()
    in_force = dossier.marks_in_force() | {mark.indicator: mark for mark in marks}
    ordered = tuple(in_force[code] for code in sorted(in_force))
    held = ruling or dossier.ruling
    case.events.append(
        happened.AssessmentRecorded(
            case.id,
            case.round,
            case.version,
            stage_no,
            ordered,
            held.industry if held else None,
            by.subject,
            reason,
            at,
            ruled=ruling is not None,
        )
    )


def _wrong_ruling(ruling: IndustryRuling, industries: Collection[str]) -> list[Problem]:
    problems = []
    if not industries:
        detail = "本活动的此类申报不按行业分别评分，不能作行业认定。"
        problems.append(Problem("/industry_ruling", "not_by_industry", detail, "N25-53"))
    elif ruling.industry not in industries:
        detail = "没有所选行业的评价指标表，请从清单中选择。"
        problems.append(Problem("/industry_ruling", "unknown_industry", detail, "N25-53"))
    elif ruling.industry == ruling.former:
        detail = "现在适用的就是该行业，无需认定。"
        problems.append(Problem("/industry_ruling", "unchanged", detail, "N25-53"))
    if not ruling.reason.strip():
        problems.append(Problem("/reason", "required", "请写明认定理由。", "N25-53"))
    return problems


def _wrong_marks(sheet: Sheet, marks: Sequence[Mark]) -> list[Problem]:
    problems = []
    for index, mark in enumerate(marks):
        line = sheet.line(mark.indicator)
        if line is None or not (line.state == "awaits_mark" or line.branch == "mark"):
            problems.append(
                Problem(
                    f"/marks/{index}/indicator", "unknown_indicator", "该指标不是定性指标，不能人工评分。", "N25-A1"
                )
            )
        elif not Decimal(0) <= mark.points <= line.weight:
            problems.append(
                Problem(
                    f"/marks/{index}/points",
                    "out_of_range",
                    f"“{line.name or line.indicator}”的分值须在 0 至 {line.weight} 之间。",
                    "N25-A1",
                )
            )
        if not mark.reason.strip():
            problems.append(Problem(f"/marks/{index}/reason", "required", "请写明评分理由。"))
    return problems


def ask_consultation(case: Case, stage_no: int, by: Official, dossier: Dossier, asked: Consultation) -> None:
    """征求意见: a department is asked; recommendation waits until all have answered."""
    case.acting(stage_no, by, REVIEWER)
    if asked.department in dossier.consultations_at(stage_no):
        raise IllegalTransition("已就本案征求过该部门意见。", rule="GD-13-consult")
    case.touch()
    case.kept(
        "consultation_asked",
        {"stage_no": stage_no, "department": asked.department, "asked_on": asked.asked_on.isoformat()},
        basis="GD-13-consult",
    )


def answer_consultation(
    case: Case, stage_no: int, by: Official, dossier: Dossier, department: str, *, answered_on: date, agrees: bool
) -> None:
    """The department's answer, with its date."""
    case.acting(stage_no, by, REVIEWER)
    asked = dossier.consultations_at(stage_no).get(department)
    if asked is None:
        raise IllegalTransition("尚未征求该部门意见，请先登记征求。", rule="GD-13-consult")
    if asked.answered_on is not None:
        raise IllegalTransition("该部门的意见已登记，不能重复登记。", rule="GD-13-consult")
    if answered_on < asked.asked_on:
        raise Invalid(
            "答复日期不能早于征求日期。",
            rule="GD-13-consult",
            errors=[Problem("/answered_on", "too_early", "请填写不早于征求日期的日期。", "GD-13-consult")],
        )
    case.touch()
    case.kept(
        "consultation_answered",
        {
            "stage_no": stage_no,
            "department": department,
            "answered_on": answered_on.isoformat(),
            "agrees": agrees,
        },
        basis="GD-13-consult",
    )


def set_expert_review(case: Case, stage_no: int, by: Official, review: ExpertReview) -> None:
    """专家评审 (optional): 未组织专家评审, 未分配专家, done with a grade."""
    stage = case.acting(stage_no, by, REVIEWER)
    if review.state not in EXPERT_SUBSTATES:
        raise Invalid("专家评审状态无效。", errors=[Problem("/state", "unknown", "请选择有效的专家评审状态。")])
    if review.grade and review.state != EXPERT_DONE:
        raise Invalid(
            "只有完成评审后才能填写等级。", errors=[Problem("/grade", "unexpected", "评审未完成，不能填写等级。")]
        )
    case.touch()
    stage.mark(EXPERT_SUBSTATES[review.state], instead_of=tuple(EXPERT_SUBSTATES.values()))
    case.progressed(
        "expert_review",
        basis="GD-13-expert",
        reason=review.note,
        detail={"stage_no": stage_no, "state": review.state, "grade": review.grade},
    )


def add_document(case: Case, stage_no: int, by: Official, document: Document) -> None:
    """推荐文件: sub-state 推荐文件已上传, which the applicant sees too."""
    stage = case.acting(stage_no, by, REVIEWER)
    case.touch()
    detail: dict[str, object] = {"stage_no": stage_no, "slot": document.slot, "sha256": document.sha256}
    if document.slot == RECOMMENDATION_DOCUMENT:
        stage.mark(DOCUMENT_UPLOADED)
        case.progressed("document_uploaded", basis="CQ-doc", detail=detail)
    else:
        case.kept("document_uploaded", detail, basis="CQ-doc")


def give_reason(case: Case, stage_no: int, by: Official, reason: WrittenReason) -> None:
    """书面理由: recommending below the average, or a unit that is not yet on the lower list."""
    case.acting(stage_no, by, REVIEWER)
    if reason.kind not in REASON_KINDS:
        raise Invalid("书面理由的类别无效。", errors=[Problem("/kind", "unknown", "请选择有效的理由类别。")])
    if not reason.text.strip():
        raise Invalid("请填写书面理由。", errors=[Problem("/text", "required", "请填写书面理由。")])
    case.touch()
    case.kept(
        "reason_given",
        {"stage_no": stage_no, "kind": reason.kind},
        basis=REASON_KINDS[reason.kind],
        reason=reason.text,
    )
