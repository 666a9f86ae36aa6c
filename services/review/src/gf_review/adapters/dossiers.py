"""Reads the dossiers of cases (案卷): every record of the current round, for many cases at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import func, text
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_review.adapters.tables import (
    AverageRow,
    BarRow,
    CampaignRow,
    CaseRow,
    ConsultationAnswerRow,
    ConsultationRow,
    DocumentRow,
    ExpertReviewRow,
    FindingRow,
    IndustryRulingRow,
    MarkRow,
    MembershipRow,
    RecommendationItemRow,
    RecommendationRow,
    SheetRow,
    StageRow,
    WrittenReasonRow,
)
from gf_review.domain.case import Case, Stage, StageState
from gf_review.domain.dossier import (
    Average,
    Bar,
    BatchPlace,
    Consultation,
    Document,
    Dossier,
    ExpertReview,
    Finding,
    IndustryRuling,
    Mark,
    Sheet,
    SheetLine,
    WrittenReason,
)
from gf_review.domain.guards import PROVINCIAL_GRADE
from gf_review.domain.route import StagePlan

LISTED = "listed"
IN_FORCE = "in_force"

Row = TypeVar("Row", bound=SQLModel)
Grouped = Mapping[str, list[Any]]


async def read(session: AsyncSession, case: Case) -> Dossier:
    return (await read_many(session, [case]))[case.id]


async def read_many(session: AsyncSession, cases: Iterable[Case]) -> dict[str, Dossier]:
    """One query per kind of record, whatever the number of cases."""
    wanted = {case.id: case for case in cases}
    if not wanted:
        return {}
    units = sorted({case.unit_id for case in wanted.values()})
    sheets = await _sheets(session, wanted)
    findings = await _records(session, FindingRow, wanted, col(FindingRow.recorded_at), col(FindingRow.id))
    marks = await _records(session, MarkRow, wanted, col(MarkRow.recorded_at), col(MarkRow.id))
    rulings = await _records(session, IndustryRulingRow, wanted, col(IndustryRulingRow.recorded_at))
    asked = await _records(session, ConsultationRow, wanted, col(ConsultationRow.recorded_at))
    answers = await _records(session, ConsultationAnswerRow, wanted, col(ConsultationAnswerRow.recorded_at))
    experts = await _records(session, ExpertReviewRow, wanted, col(ExpertReviewRow.recorded_at))
    documents = await _records(session, DocumentRow, wanted, col(DocumentRow.recorded_at))
    reasons = await _records(session, WrittenReasonRow, wanted, col(WrittenReasonRow.recorded_at))
    bars = await bars_of(session, units)
    lists = await _memberships(session, units)
    batches = await _batches(session, wanted)
    averages = await _averages(session)
    graded = [case.unit_id for case in wanted.values() if any(one.guard(PROVINCIAL_GRADE) for one in case.route.stages)]
    grades = await grades_of(session, graded)
    return {
        case.id: Dossier(
            sheet=sheets.get(case.id),
            findings=[_finding(row) for row in findings[case.id]],
            marks=[_mark(row) for row in marks[case.id]],
            rulings=[_ruling(row) for row in rulings[case.id]],
            consultations=_consultations(asked[case.id], answers[case.id]),
            expert_reviews=[ExpertReview(r.state, r.stage_no, r.grade, r.note) for r in experts[case.id]],
            documents=[Document(r.slot, r.sha256, r.name, r.stage_no) for r in documents[case.id]],
            reasons=[WrittenReason(r.kind, r.text, r.person, r.stage_no) for r in reasons[case.id]],
            bars=bars.get(case.unit_id, ()),
            averages=averages.get((case.category, case.year), {}),
            grades=grades.get(case.unit_id, {}),
            memberships=frozenset(lists.get(case.unit_id, ())),
            batch=batches.get(case.id),
        )
        for case in wanted.values()
    }


async def _records(
    session: AsyncSession, table: type[Row], wanted: Mapping[str, Case], *order: Any
) -> defaultdict[str, list[Row]]:
    """Rows of a record table, those of the current round of each case."""
    columns: Any = table
    rows = (await session.exec(select(table).where(columns.submission_id.in_(list(wanted))).order_by(*order))).all()
    grouped: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found: Any = row
        if found.round == wanted[found.submission_id].round:
            grouped[found.submission_id].append(row)
    return grouped


async def _sheets(session: AsyncSession, wanted: Mapping[str, Case]) -> dict[str, Sheet]:
    rows = (
        await session.exec(
            select(SheetRow).where(col(SheetRow.submission_id).in_(list(wanted))).order_by(col(SheetRow.revision))
        )
    ).all()
    return {row.submission_id: sheet_of(row) for row in rows if row.round == wanted[row.submission_id].round}


def sheet_of(row: SheetRow) -> Sheet:
    return Sheet(
        row.round,
        row.revision,
        row.outcome,
        row.total,
        tuple(_line(line) for line in row.lines),
        row.band,
        row.basis,
        tuple(row.reasons),
    )


def _line(line: Mapping[str, Any]) -> SheetLine:
    points = line["points"]
    return SheetLine(
        indicator=line["indicator"],
        name=line["name"],
        dimension=line["dimension"],
        state=line["state"],
        weight=Decimal(line["weight"] or 0),
        points=None if points is None else Decimal(points),
        branch=line["branch"],
        reason=line["reason"],
        value=line["value"],
        unit=line["unit"],
        lead=line["lead"],
        baseline=line["baseline"],
    )


def _finding(row: FindingRow) -> Finding:
    return Finding(row.item, row.pointer, row.ok, row.note, row.person, row.stage_no, row.recorded_at)


def _mark(row: MarkRow) -> Mark:
    return Mark(row.indicator, row.points, row.reason, row.person, row.stage_no, row.recorded_at)


def _ruling(row: IndustryRulingRow) -> IndustryRuling:
    return IndustryRuling(
        row.industry, row.former, row.reason, row.person, row.stage_no, row.sheet_revision, row.recorded_at
    )


def _consultations(asked: Sequence[ConsultationRow], answers: Sequence[ConsultationAnswerRow]) -> list[Consultation]:
    given = {(row.stage_no, row.department): row for row in answers}
    result = []
    for row in asked:
        answer = given.get((row.stage_no, row.department))
        result.append(
            Consultation(
                row.department,
                row.asked_on,
                row.stage_no,
                answer.answered_on if answer else None,
                answer.agrees if answer else None,
                answer.opinion if answer else "",
            )
        )
    return result


async def bars_of(session: AsyncSession, units: Sequence[str]) -> dict[str, tuple[Bar, ...]]:
    """Bars in force, by unit."""
    rows = (
        await session.exec(
            select(BarRow)
            .where(col(BarRow.unit_id).in_(list(units)), BarRow.state == IN_FORCE)
            .order_by(col(BarRow.bar_id))
        )
    ).all()
    grouped: defaultdict[str, list[Bar]] = defaultdict(list)
    for row in rows:
        grouped[row.unit_id].append(Bar(row.bar_id, row.ground, row.article, row.since, row.until, row.reason))
    return {unit: tuple(bars) for unit, bars in grouped.items()}


def bars_text(bars: Sequence[Bar]) -> str:
    """The grounds, as the case names them."""
    return "；".join(f"{bar.reason or bar.ground}（{bar.article}）" for bar in bars)


async def _memberships(session: AsyncSession, units: Sequence[str]) -> dict[str, list[str]]:
    rows = (
        await session.exec(
            select(MembershipRow).where(col(MembershipRow.unit_id).in_(list(units)), MembershipRow.state == LISTED)
        )
    ).all()
    grouped: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        grouped[row.unit_id].append(row.list_id)
    return grouped


async def grades_of(session: AsyncSession, units: Sequence[str]) -> dict[str, dict[tuple[str, str], str]]:
    """专家分级 by unit, then by authority and base policy: of the last case that the authority passed under it."""
    if not units:
        return {}
    rows = await session.execute(_GRADES, {"units": sorted(set(units))})
    found: defaultdict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for unit, authority, policy, grade in rows:
        found[unit][authority, policy] = grade
    return dict(found)


#: The newest last. One expert review per stage counts: the last one.
_GRADES = text(
    "select c.unit_id, s.authority, r.policies -> 0 ->> 'id', e.grade from review_case c"
    " join case_round r on r.submission_id = c.submission_id and r.round = c.round"
    " join stage s on s.submission_id = c.submission_id and s.round = c.round and s.state = 'passed'"
    " join lateral (select x.grade from expert_review x where x.submission_id = s.submission_id and x.round = s.round"
    "   and x.stage_no = s.stage_no and x.state = 'done' order by x.recorded_at desc limit 1) e on true"
    " where c.unit_id = any(cast(:units as text[])) order by s.decided_at"
)


async def _batches(session: AsyncSession, wanted: Mapping[str, Case]) -> dict[str, BatchPlace]:
    rows = (
        await session.exec(
            select(RecommendationItemRow, RecommendationRow)
            .where(col(RecommendationItemRow.recommendation_id) == col(RecommendationRow.id))
            .where(col(RecommendationItemRow.submission_id).in_(list(wanted)), col(RecommendationItemRow.living))
        )
    ).all()
    return {item.submission_id: BatchPlace(batch.id, batch.state, bool(batch.document)) for item, batch in rows}


async def _averages(session: AsyncSession) -> dict[tuple[str, int], dict[str, Average]]:
    """The newest averages up to each year, by category: a few dozen rows."""
    rows = (await session.exec(select(AverageRow).order_by(col(AverageRow.year)))).all()
    found: defaultdict[tuple[str, int], dict[str, Average]] = defaultdict(dict)
    for row in rows:
        average = Average(row.authority, row.points, row.count, row.population_at)
        for year in range(row.year, row.year + 3):
            found[row.category, year][row.authority] = average
    return found


async def closes_at(session: AsyncSession, case: Case, stage: Stage, chain: Sequence[str]) -> datetime | None:
    """When the level's window closes: the policy's instant, and what was set or extended on the record since."""
    window = stage.plan.window
    if window is None:
        return None
    campaign = await session.get(CampaignRow, case.campaign_id)
    act = f"decide:{stage.plan.level}"
    dates = [
        (str(one["authority"]), datetime.fromisoformat(one["closes_at"]))
        for one in (campaign.extensions if campaign else ())
        if one["act"] == act
    ]
    return window.closing(dates, chain)


async def passed_so_far(session: AsyncSession, case: Case, plan: StagePlan, *, lock: bool = False) -> int:
    """How many of the campaign and category this authority has passed already: asked only where a quota holds.

    `lock` makes two decisions about the last place wait for each other.
    """
    quota = plan.guard("quota")
    if quota is None or quota.params.get("max") is None:
        return 0
    if lock:
        place = f"review.quota:{plan.authority}:{case.campaign_id}:{case.category}:{case.kind}"
        await session.execute(text("select pg_advisory_xact_lock(hashtextextended(:place, 0))"), {"place": place})
    found = await session.exec(
        select(func.count())
        .select_from(StageRow)
        .where(col(StageRow.submission_id) == col(CaseRow.submission_id), col(StageRow.round) == col(CaseRow.round))
        .where(StageRow.authority == plan.authority, StageRow.state == StageState.PASSED)
        .where(CaseRow.campaign_id == case.campaign_id, CaseRow.category == case.category, CaseRow.kind == case.kind)
    )
    return int(found.one())
