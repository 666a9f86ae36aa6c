"""Recommendations and publicities: loaded under the lock of their row, written back with their events.

Order of locks everywhere: batch or publicity first, then cases by id. Only a publicity that is still a draft is taken
with a case locked, and nobody who holds a draft waits for a case.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.database import UnitOfWork
from gf_review.adapters.contracts import outgoing
from gf_review.adapters.repository import NOT_THERE
from gf_review.adapters.tables import (
    PublicityEntryRow,
    PublicityRow,
    RecommendationItemRow,
    RecommendationRow,
)
from gf_review.domain.errors import IllegalTransition, OutsideCompetence
from gf_review.domain.publicity import Entry, EntryState, Publicity, PublicityState
from gf_review.domain.recommendation import BatchState, Item, Recommendation


class Recommendations:
    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.session: AsyncSession = uow.session

    async def require(self, recommendation_id: str) -> Recommendation:
        row = (
            await self.session.exec(
                select(RecommendationRow)
                .where(RecommendationRow.id == recommendation_id)
                .with_for_update()
                .execution_options(populate_existing=True)
            )
        ).first()
        if row is None:
            raise OutsideCompetence(NOT_THERE)
        items = await self._items(recommendation_id)
        return Recommendation(
            id=row.id,
            authority=row.authority,
            campaign_id=row.campaign_id,
            category=row.category,
            kind=row.kind,
            title=row.title,
            state=BatchState(row.state),
            version=row.version,
            items={
                one.submission_id: Item(
                    one.submission_id, one.round, one.stage_no, one.case_version, one.sheet_revision
                )
                for one in items
            },
            document=row.document,
            table=[{str(k): str(v) for k, v in line.items()} for line in row.summary],
        )

    async def _items(self, recommendation_id: str) -> Sequence[RecommendationItemRow]:
        return (
            await self.session.exec(
                select(RecommendationItemRow)
                .where(RecommendationItemRow.recommendation_id == recommendation_id)
                .order_by(col(RecommendationItemRow.position))
            )
        ).all()

    async def save(self, batch: Recommendation, at: datetime) -> None:
        row = await self.session.get(RecommendationRow, batch.id)
        if row is None:
            row = RecommendationRow(
                id=batch.id,
                authority=batch.authority,
                campaign_id=batch.campaign_id,
                category=batch.category,
                kind=batch.kind,
                title=batch.title,
                state="",
                version=0,
                document="",
                summary=[],
                created_at=at,
                updated_at=at,
            )
            self.session.add(row)
            await self.session.flush()
        row.state, row.version, row.document, row.updated_at = batch.state, batch.version, batch.document, at
        row.summary = [dict(line) for line in batch.table]
        await self._save_items(batch)
        for event in batch.events:
            self.uow.journal(outgoing.recommendation_entry(event))
        batch.events.clear()

    async def _save_items(self, batch: Recommendation) -> None:
        living = batch.state in (BatchState.COLLECTING, BatchState.SEALED)
        rows = {row.submission_id: row for row in await self._items(batch.id)}
        for gone in rows.keys() - batch.items.keys():
            await self.session.delete(rows[gone])
        for position, item in enumerate(batch.items.values()):
            row = rows.get(item.submission_id)
            if row is None:
                await self._require_free(item.submission_id)
                row = RecommendationItemRow(
                    recommendation_id=batch.id,
                    submission_id=item.submission_id,
                    round=item.round,
                    stage_no=item.stage_no,
                    position=position,
                    case_version=0,
                    sheet_revision=0,
                    living=True,
                )
                self.session.add(row)
            row.case_version, row.sheet_revision = item.case_version, item.sheet_revision
            row.living = row.living and living
        await self.session.flush()

    async def _require_free(self, submission_id: str) -> None:
        taken = (
            await self.session.exec(
                select(RecommendationItemRow.recommendation_id).where(
                    RecommendationItemRow.submission_id == submission_id, col(RecommendationItemRow.living)
                )
            )
        ).first()
        if taken is not None:
            raise IllegalTransition("该申报已在另一推荐批次中，请先从该批次移出。", rule="CQ-doc")

    async def release(self, submission_id: str) -> None:
        """The case left review (withdrawn, returned, refused): it blocks no other batch. A sealed batch notices."""
        await self.session.execute(
            text("update recommendation_item set living = false where submission_id = :id and living"),
            {"id": submission_id},
        )


class Publicities:
    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        self.session: AsyncSession = uow.session

    async def require(self, publicity_id: str) -> Publicity:
        found = await self.lock(publicity_id)
        if found is None:
            raise OutsideCompetence(NOT_THERE)
        return found

    async def lock(self, publicity_id: str) -> Publicity | None:
        row = (
            await self.session.exec(
                select(PublicityRow)
                .where(PublicityRow.id == publicity_id)
                .with_for_update()
                .execution_options(populate_existing=True)
            )
        ).first()
        return None if row is None else await self._assemble(row)

    async def draft_for(self, draft: Publicity, at: datetime) -> Publicity:
        """The one draft of that list and campaign, locked; `draft` is stored where there is none yet."""
        for _ in range(3):
            await self.session.execute(
                text(
                    "insert into publicity (id, list_id, campaign_id, authority, state, version, event_number, days,"
                    " unit, rule, provisional, created_at)"
                    " values (:id, :list_id, :campaign_id, :authority, 'drafted', 0, 0,"
                    " :days, :unit, :rule, false, :at)"
                    " on conflict (list_id, campaign_id) where state = 'drafted' do nothing"
                ),
                {
                    "id": draft.id,
                    "list_id": draft.list_id,
                    "campaign_id": draft.campaign_id,
                    "authority": draft.authority,
                    "days": draft.days,
                    "unit": draft.unit,
                    "rule": draft.rule,
                    "at": at,
                },
            )
            row = (
                await self.session.exec(
                    select(PublicityRow)
                    .where(
                        PublicityRow.list_id == draft.list_id,
                        PublicityRow.campaign_id == draft.campaign_id,
                        PublicityRow.state == PublicityState.DRAFTED,
                    )
                    .with_for_update()
                    .execution_options(populate_existing=True)
                )
            ).first()
            # Opened between the two statements: the next pass makes a new draft.
            if row is not None:
                return await self._assemble(row)
        raise IllegalTransition("公示名单正在变动，请稍后重试。", rule="GD-13-publicity")

    async def due(self, now: datetime) -> list[str]:
        found = await self.session.exec(
            select(PublicityRow.id)
            .where(PublicityRow.state == PublicityState.OPEN, col(PublicityRow.until) <= now)
            .order_by(col(PublicityRow.until), col(PublicityRow.id))
        )
        return list(found.all())

    async def _assemble(self, row: PublicityRow) -> Publicity:
        entries = (
            await self.session.exec(
                select(PublicityEntryRow)
                .where(PublicityEntryRow.publicity_id == row.id)
                .order_by(col(PublicityEntryRow.position))
                .execution_options(populate_existing=True)
            )
        ).all()
        return Publicity(
            id=row.id,
            list_id=row.list_id,
            campaign_id=row.campaign_id,
            authority=row.authority,
            state=PublicityState(row.state),
            version=row.version,
            days=row.days,
            unit=row.unit,
            rule=row.rule,
            entries={
                one.submission_id: Entry(
                    one.submission_id,
                    one.round,
                    one.stage_no,
                    one.unit_id,
                    one.name,
                    EntryState(one.state),
                    one.settled,
                )
                for one in entries
            },
            opened_at=row.opened_at,
            until=row.until,
            provisional=row.provisional,
        )

    async def save(self, publicity: Publicity) -> None:
        row = await self.session.get(PublicityRow, publicity.id)
        if row is None:  # pragma: no cover - locked before
            raise OutsideCompetence(NOT_THERE)
        row.state, row.version = publicity.state, publicity.version
        row.opened_at, row.until, row.provisional = publicity.opened_at, publicity.until, publicity.provisional
        for position, entry in enumerate(publicity.entries.values()):
            await self._save_entry(publicity.id, position, entry)
        for event in publicity.events:
            row.event_number += 1
            self.uow.journal(outgoing.publicity_entry(event, row.event_number))
        publicity.events.clear()
        await self.session.flush()

    async def _save_entry(self, publicity_id: str, position: int, entry: Entry) -> None:
        row = await self.session.get(PublicityEntryRow, (publicity_id, entry.submission_id))
        if row is None:
            row = PublicityEntryRow(
                publicity_id=publicity_id,
                submission_id=entry.submission_id,
                round=entry.round,
                stage_no=entry.stage_no,
                unit_id=entry.unit_id,
                name=entry.name,
                position=position,
                state="",
                settled=False,
            )
            self.session.add(row)
        row.round, row.stage_no = entry.round, entry.stage_no
        row.state, row.settled = entry.state, entry.settled
