"""The decisions on a stage (审核决定): pass 上报, return 退回, refuse 不通过, cancel for fraud 取消申报资格."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gf_review.domain import events as happened
from gf_review.domain import guards
from gf_review.domain.case import (
    APPROVER,
    DECIDED,
    IN_PUBLICITY,
    LISTED,
    NOT_LISTED,
    Case,
    CaseState,
    Official,
    Outcome,
    Stage,
    StageState,
)
from gf_review.domain.dossier import Dossier, Finding
from gf_review.domain.errors import Invalid, Problem, StaleCase, WindowClosed
from gf_review.domain.instants import since, until

GROUND_NOT_PASSED = "not_passed"
GROUND_FRAUD = "fraud"
GROUND_BARRED = "barred"
GROUND_OBJECTION = "objection_upheld"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was looked at: case version and sheet revision (`If-Match`)."""

    version: int
    revision: int


def require_fresh(case: Case, dossier: Dossier, seen: Seen, *, on_sheet: bool = True) -> None:
    """Two racing decisions, or a decision against a newer sheet: the second one is told what changed.

    An act that says nothing about points is not ``on_sheet``: a sheet that was drawn up meanwhile does not stop it.
    """
    changed = []
    if seen.version != case.version:
        changed.append(Problem("/version", "stale", f"案件已由第 {seen.version} 版变为第 {case.version} 版。"))
    if seen.revision > dossier.revision or (on_sheet and seen.revision < dossier.revision):
        changed.append(
            Problem("/sheet_revision", "stale", f"评分表已由第 {seen.revision} 版更新为第 {dossier.revision} 版。")
        )
    if changed:
        raise StaleCase(
            "该案件已被同事处理或评分已更新，请刷新核对后再办理：" + "".join(one.detail for one in changed),
            errors=changed,
        )


def require_window(stage: Stage, at: datetime, closes_at: datetime | None) -> None:
    """A level reports within its window; the last day counts in full (N25-dates)."""
    window = stage.plan.window
    if window is not None and window.opens_at is not None and at < window.opens_at:
        raise WindowClosed(
            f"本级审核尚未开始，开始时间为 {since(window.opens_at)}。", rule=window.rule, article=window.article
        )
    if closes_at is not None and at >= closes_at:
        rule, article = (window.rule, window.article) if window else ("N25-dates", "")
        raise WindowClosed(
            f"本级上报截止时间为 {until(closes_at)}，现已截止；如需办理请由设定期限的部门延期。",
            rule=rule,
            article=article,
        )


def pass_stage(
    case: Case,
    stage_no: int,
    by: Official,
    dossier: Dossier,
    *,
    at: datetime,
    closes_at: datetime | None,
    passed_so_far: int = 0,
    in_batch: bool = False,
    reason: str = "",
) -> Stage:
    """上报: guards met, window open. The next level starts, or the publicity of this level's list comes first."""
    stage = case.acting(stage_no, by, APPROVER)
    require_window(stage, at, closes_at)
    guards.require_met(guards.Situation(stage.plan, case.route, dossier, case.category, passed_so_far, in_batch))
    case.touch()
    stage.decide(StageState.PASSED, by, at, reason)
    if stage.plan.publishes:
        stage.mark(IN_PUBLICITY)
    elif stage.plan.list_id:
        stage.mark(LISTED)
        _decide_listing(case, stage, listed=True, dossier=dossier, publicity_id="", reason=reason)
    if not stage.plan.waits_for_publicity:
        _advance(case, stage)
    case.progressed("passed", basis=stage.plan.article, reason=reason, detail={"stage_no": stage_no})
    return stage


def return_for_correction(
    case: Case,
    stage_no: int,
    by: Official,
    *,
    findings: Sequence[Finding],
    reason: str,
    term_ends_at: datetime,
    at: datetime,
) -> Stage:
    """退回: names the fields and gives a term; after correction review starts at the first level again."""
    stage = case.acting(stage_no, by, APPROVER)
    if not any(one.pointer and not one.ok for one in findings):
        raise Invalid(
            "退回须指明需要更正的字段。",
            rule="return",
            errors=[Problem("/findings", "required", "请至少指明一个需要更正的字段并写明问题。", "return")],
        )
    if term_ends_at <= at:
        raise Invalid(
            "更正期限须晚于当前时间。",
            rule="return",
            errors=[Problem("/term_ends_at", "too_early", "请填写晚于当前时间的更正期限。", "return")],
        )
    case.touch()
    stage.decide(StageState.RETURNED, by, at, reason)
    case.state = CaseState.RETURNED
    case.events.append(
        happened.CaseReturned(case.id, case.round, case.version, stage_no, tuple(findings), reason, term_ends_at)
    )
    case.progressed("returned", basis="return", reason=reason, detail={"stage_no": stage_no})
    return stage


def refuse(
    case: Case, stage_no: int, by: Official, *, ground: str, article: str, reason: str, revision: int, at: datetime
) -> Stage:
    """不通过: the case ends here; a level that keeps a list decides not to list."""
    return _end(case, stage_no, by, Outcome.REFUSED, ground or GROUND_NOT_PASSED, article, reason, revision, at)


def cancel_for_fraud(
    case: Case, stage_no: int, by: Official, *, article: str, reason: str, revision: int, at: datetime
) -> Stage:
    """取消申报资格: fraud found during evaluation (GD 22); the registry bars the applicant for three years."""
    return _end(case, stage_no, by, Outcome.CANCELLED, GROUND_FRAUD, article, reason, revision, at)


def _end(
    case: Case,
    stage_no: int,
    by: Official,
    outcome: Outcome,
    ground: str,
    article: str,
    reason: str,
    revision: int,
    at: datetime,
) -> Stage:
    stage = case.acting(stage_no, by, APPROVER)
    empty = [
        Problem(f"/{name}", "required", f"请填写{label}。")
        for name, label, value in (("reason", "理由", reason), ("article", "依据条款", article))
        if not value.strip()
    ]
    if empty:
        raise Invalid("不予通过须写明理由和依据条款。", errors=empty)
    case.touch()
    stage.decide(StageState.REFUSED, by, at, reason)
    if stage.plan.list_id:
        stage.mark(NOT_LISTED)
        _listing_events(case, stage, listed=False, grade="", revision=revision, publicity_id="", reason=reason)
    case.close(outcome, ground, article, reason)
    case.progressed(str(outcome), basis=article, reason=reason, detail={"stage_no": stage_no, "ground": ground})
    return stage


def answer_withdrawal(case: Case, round: int, reason: str) -> bool | None:
    """取消上报: granted while no stage of this round has decided. None: an older round, history without effect."""
    if round < case.round:
        return None
    decided = next((stage for stage in case.stages if stage.state in DECIDED), None)
    granted = case.state is CaseState.OPEN and decided is None
    answer = "" if granted else "上级主管部门已作出决定，不能取消上报。"
    if granted:
        case.touch()
        case.state = CaseState.WITHDRAWN
        for stage in case.stages:
            if stage.state is StageState.IN_REVIEW:
                stage.state = StageState.NOT_STARTED
    case.events.append(happened.WithdrawalAnswered(case.id, case.round, case.version, granted, answer or reason))
    if granted:
        case.progressed("withdrawn", basis="DM-withdraw", reason=reason)
    return granted


def drop(case: Case, round: int, reason: str) -> bool:
    """The submission will not come back: given up, or the term for correction is over. intake decides, review obeys."""
    if round < case.round or case.state is CaseState.CLOSED:
        return False
    case.touch()
    for stage in case.stages:
        if stage.state is StageState.IN_REVIEW:
            stage.state = StageState.NOT_STARTED
    case.close(Outcome.DROPPED, reason, "", "")
    case.progressed("dropped", basis="return", detail={"ground": reason})
    return True


def bars_changed(case: Case, bars: str) -> bool:
    """A bar imposed or lifted while the case is open: it is named, and whoever was about to decide must look again."""
    if case.state is not CaseState.OPEN or case.barred == bars:
        return False
    case.touch()
    case.barred = bars
    case.progressed("barred" if bars else "bar_lifted", basis="GD-17-gates", reason=bars)
    return True


def settle_listing(
    case: Case,
    stage_no: int,
    round: int,
    *,
    listed: bool,
    publicity_id: str,
    dossier: Dossier,
    ground: str = "",
    reason: str = "",
) -> bool:
    """The publicity of this level's list has ended for this unit. Without effect when the round is history."""
    if round != case.round or case.state in (CaseState.WITHDRAWN, CaseState.RETURNED):
        return False
    if case.outcome in (Outcome.CANCELLED, Outcome.DROPPED):
        return False
    stage = case.stage(stage_no)
    if IN_PUBLICITY not in stage.substates:
        return False
    case.touch()
    stage.mark(LISTED if listed else NOT_LISTED, instead_of=(IN_PUBLICITY,))
    _decide_listing(case, stage, listed=listed, dossier=dossier, publicity_id=publicity_id, reason=reason)
    if stage.plan.waits_for_publicity and case.state is CaseState.OPEN:
        if listed:
            _advance(case, stage)
        else:
            stage.state, stage.reason = StageState.REFUSED, reason
            case.close(Outcome.REFUSED, ground, stage.plan.article, reason)
    what = "listed" if listed else "not_listed"
    case.progressed(what, basis="GD-13-publicity", reason=reason, detail={"stage_no": stage_no})
    return True


def _advance(case: Case, stage: Stage) -> None:
    if stage.plan.recommends is None:
        case.close(Outcome.APPROVED, "", stage.plan.article, stage.reason)
        return
    case.stage(stage.plan.recommends).state = StageState.IN_REVIEW


def _decide_listing(
    case: Case, stage: Stage, *, listed: bool, dossier: Dossier, publicity_id: str, reason: str
) -> None:
    review = dossier.expert_review_at(stage.stage_no)
    grade = (review.grade if review else "") or (dossier.sheet.band if dossier.sheet else "")
    _listing_events(
        case,
        stage,
        listed=listed,
        grade=grade,
        revision=dossier.revision,
        publicity_id=publicity_id,
        reason=reason,
    )


def _listing_events(
    case: Case, stage: Stage, *, listed: bool, grade: str, revision: int, publicity_id: str, reason: str
) -> None:
    for list_id in (stage.plan.list_id, *(stage.plan.also_lists if listed else ())):
        case.events.append(
            happened.ListingDecided(
                case.id,
                case.round,
                case.version,
                stage.stage_no,
                list_id,
                listed,
                grade,
                revision,
                publicity_id,
                case.unit_id,
                case.campaign_id,
                case.year,
                reason,
            )
        )
