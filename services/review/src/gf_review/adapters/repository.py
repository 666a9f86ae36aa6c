"""Cases, batches and publicities: loaded under the lock of their row, written back with their events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.database import UnitOfWork
from gf_review.adapters import queue_index
from gf_review.adapters.admission import Admission
from gf_review.adapters.contracts import outgoing
from gf_review.adapters.policy import route_from_json, route_to_json
from gf_review.adapters.tables import CasePersonRow, CaseRow, RoundRow, StageRow
from gf_review.domain.case import Case, CaseState, Outcome, Stage, StageState
from gf_review.domain.errors import OutsideCompetence

NOT_THERE = "没有找到所请求的内容，或您无权查看。"


class Cases:
    """The repository of cases. Always several at once, in the order of their ids: two batches never deadlock."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.session: AsyncSession = uow.session

    async def lock(self, submission_id: str) -> Case | None:
        return (await self.lock_many([submission_id])).get(submission_id)

    async def require(self, submission_id: str) -> Case:
        case = await self.lock(submission_id)
        if case is None:
            raise OutsideCompetence(NOT_THERE)
        return case

    async def lock_many(self, ids: Iterable[str]) -> dict[str, Case]:
        wanted = sorted(set(ids))
        rows = (
            await self.session.exec(
                select(CaseRow)
                .where(col(CaseRow.submission_id).in_(wanted))
                .order_by(col(CaseRow.submission_id))
                .with_for_update()
                # A row already in this session must show what stands after the wait for its lock.
                .execution_options(populate_existing=True)
            )
        ).all()
        return await self._assemble(rows)

    async def lock_open_of_unit(self, unit_id: str) -> dict[str, Case]:
        ids = (
            await self.session.exec(
                select(CaseRow.submission_id).where(CaseRow.unit_id == unit_id, CaseRow.state == CaseState.OPEN)
            )
        ).all()
        return await self.lock_many(ids) if ids else {}

    async def _assemble(self, rows: Sequence[CaseRow]) -> dict[str, Case]:
        if not rows:
            return {}
        present = or_(
            *(and_(col(StageRow.submission_id) == row.submission_id, col(StageRow.round) == row.round) for row in rows)
        )
        stages = (
            await self.session.exec(
                select(StageRow)
                .where(present)
                .order_by(col(StageRow.stage_no))
                .execution_options(populate_existing=True)
            )
        ).all()
        ids = [row.submission_id for row in rows]
        rounds = (await self.session.exec(select(RoundRow).where(col(RoundRow.submission_id).in_(ids)))).all()
        people = (await self.session.exec(select(CasePersonRow).where(col(CasePersonRow.submission_id).in_(ids)))).all()
        content = {(row.submission_id, row.round): row for row in rounds}
        return {
            row.submission_id: _case(
                row,
                content[row.submission_id, row.round],
                [stage for stage in stages if stage.submission_id == row.submission_id],
                [one for one in people if one.submission_id == row.submission_id],
            )
            for row in rows
        }

    async def add(self, case: Case, admission: Admission, at: datetime) -> None:
        """A new case with its first round."""
        row = CaseRow(
            submission_id=case.id,
            number=admission.number,
            unit_id=case.unit_id,
            unit_name="",
            uscc="",
            region="",
            key_industry="",
            campaign_id=case.campaign_id,
            category=case.category,
            kind=case.kind,
            year=case.year,
            state=case.state,
            outcome="",
            round=case.round,
            barred=case.barred,
            version=case.version,
            event_number=0,
            sheet_revision=0,
            sheet_total=None,
            admitted_at=admission.admitted_at,
            updated_at=at,
        )
        self.session.add(row)
        await self.session.flush()
        await self.add_round(case, admission, at)

    async def add_round(self, case: Case, admission: Admission, at: datetime) -> None:
        """The content and the route of the round that begins."""
        row = await self._row(case)
        unit = admission.unit
        row.unit_name, row.uscc = str(unit["name"]), str(unit["uscc"] or "")
        row.region, row.key_industry = str(unit["region"]), str(unit["key_industry"] or "")
        row.admitted_at, row.sheet_revision, row.sheet_total = admission.admitted_at, 0, None
        self.session.add(
            RoundRow(
                submission_id=case.id,
                round=case.round,
                unit=dict(unit),
                policies=admission.policies,
                form=admission.form,
                content_hash=admission.content_hash,
                facts=admission.facts,
                warnings=admission.warnings,
                evidence=admission.evidence,
                route=route_to_json(case.route),
                route_replaced=False,
                admitted_at=admission.admitted_at,
                opened_at=at,
            )
        )
        await self.session.flush()
        await queue_index.note_windows(self.session, case.campaign_id, case.route)
        await queue_index.note_search(self.session, case.id, (row.unit_name, row.number, row.uscc))
        await self.save(case, at)

    async def mark_route_replaced(self, submission_id: str, before_round: int) -> None:
        """Who acted only in the rounds before no longer sees the case (DM-superior)."""
        rows = (
            await self.session.exec(
                select(RoundRow).where(RoundRow.submission_id == submission_id, col(RoundRow.round) < before_round)
            )
        ).all()
        for row in rows:
            row.route_replaced = True
        await queue_index.refresh(self.session, [submission_id])

    async def save(self, case: Case, at: datetime) -> None:
        """Write the state back and hand the events to the journal, numbered under the row's lock."""
        row = await self._row(case)
        row.state, row.outcome, row.round = case.state, str(case.outcome or ""), case.round
        row.version, row.barred, row.updated_at = case.version, case.barred, at
        row.unit_id, row.category, row.year = case.unit_id, case.category, case.year
        for stage in case.stages:
            await self._save_stage(case, stage, at)
        await self._save_people(case)
        await queue_index.refresh(self.session, [case.id])
        for event in case.events:
            entry, published = outgoing.case_entry(event, row.event_number + 1)
            row.event_number += published
            self.uow.journal(entry)
        case.events.clear()

    async def _save_stage(self, case: Case, stage: Stage, at: datetime) -> None:
        key = (case.id, case.round, stage.stage_no)
        row = await self.session.get(StageRow, key)
        if row is None:
            row = StageRow(
                submission_id=case.id,
                round=case.round,
                stage_no=stage.stage_no,
                level=stage.plan.level,
                authority=stage.plan.authority,
                applicable=stage.plan.applicable,
                state="",
                reason="",
                substates=[],
                decided_by="",
                window_key=queue_index.window_key(case.campaign_id, stage.plan),
            )
            self.session.add(row)
        if stage.state is StageState.IN_REVIEW and row.state != StageState.IN_REVIEW:
            row.started_at = at
        row.state, row.reason, row.substates = stage.state, stage.reason, list(stage.substates)
        row.decided_by, row.decided_at = stage.decided_by, stage.decided_at

    async def _save_people(self, case: Case) -> None:
        """Noted once per round, so that "acted in a round" can be asked."""
        for person in sorted(case.acted):
            if await self.session.get(CasePersonRow, (case.id, person, case.round)) is not None:
                continue
            level = case.people[person]
            authority = next(stage.plan.authority for stage in case.stages if stage.plan.level == level)
            self.session.add(
                CasePersonRow(submission_id=case.id, person=person, round=case.round, level=level, authority=authority)
            )

    async def _row(self, case: Case) -> CaseRow:
        row = await self.session.get(CaseRow, case.id)
        if row is None:  # pragma: no cover - locked before
            raise OutsideCompetence(NOT_THERE)
        return row


def _case(row: CaseRow, content: RoundRow, stages: Sequence[StageRow], people: Sequence[CasePersonRow]) -> Case:
    route = route_from_json(content.route)
    return Case(
        id=row.submission_id,
        unit_id=row.unit_id,
        campaign_id=row.campaign_id,
        category=row.category,
        kind=row.kind,
        year=row.year,
        state=CaseState(row.state),
        round=row.round,
        version=row.version,
        route=route,
        stages=[_stage(stage, route) for stage in stages],
        outcome=Outcome(row.outcome) if row.outcome else None,
        barred=row.barred,
        people={one.person: one.level for one in people},
    )


def _stage(row: StageRow, route: Any) -> Stage:
    return Stage(
        plan=route.plan(row.stage_no),
        state=StageState(row.state),
        reason=row.reason,
        substates=list(row.substates),
        decided_at=row.decided_at,
        decided_by=row.decided_by,
    )
