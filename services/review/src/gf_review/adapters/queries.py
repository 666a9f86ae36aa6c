"""What reviewers read: queue, batches, publicities, documents. Every query is limited to the caller's authority."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.database import Database
from gf_review.adapters.case_view import CaseView
from gf_review.adapters.contracts.outgoing import decimal_text
from gf_review.adapters.policy import Policies
from gf_review.adapters.repository import NOT_THERE
from gf_review.adapters.scope import require_visible, visible
from gf_review.adapters.tables import (
    CampaignRow,
    CaseRow,
    DocumentRow,
    ObjectionRow,
    PublicityEntryRow,
    PublicityRow,
    RecommendationItemRow,
    RecommendationRow,
    StageRow,
)
from gf_review.domain.case import STAGE_NAMES, STATE_NAMES, CaseState, StageState
from gf_review.domain.errors import OutsideCompetence
from gf_review.domain.publicity import ENTRY_NAMES, PUBLICITY_NAMES, EntryState, PublicityState
from gf_review.domain.recommendation import BATCH_NAMES, BatchState


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Filters of the queue; empty ones do not filter."""

    view: str = "to_do"
    category: str = ""
    kind: str = ""
    campaign_id: str = ""
    key_industry: bool | None = None
    text: str = ""


class Queries:
    """Reads; writes nothing."""

    def __init__(self, database: Database, policies: Policies) -> None:
        self.database = database
        self.policies = policies
        self._case = CaseView(policies)

    # --- cases -----------------------------------------------------------------------------------------------

    async def queue(
        self, authority: str, wanted: QueueFilter, *, after: tuple[datetime, str] | None = None, limit: int = 50
    ) -> tuple[list[dict[str, Any]], tuple[datetime, str] | None]:
        """Cases of one's authority, oldest admission first; and where the next page starts."""
        query = (
            select(CaseRow)
            .where(*self._conditions(authority, wanted))
            .order_by(col(CaseRow.admitted_at), col(CaseRow.submission_id))
            .limit(limit + 1)
        )
        if after is not None:
            query = query.where(tuple_(col(CaseRow.admitted_at), col(CaseRow.submission_id)) > tuple_(*after))
        async with self.database.reading() as session:
            rows = (await session.exec(query)).all()
            stages = await self._stages(session, rows[:limit])
        items = [self._item(row, stages[row.submission_id], authority) for row in rows[:limit]]
        more = len(rows) > limit
        return items, (rows[limit - 1].admitted_at, rows[limit - 1].submission_id) if more else None

    async def counts(self, authority: str, wanted: QueueFilter) -> dict[str, int]:
        """How many cases are in each view, under the same filters."""
        views = ("to_do", "waiting", "passed", "returned", "closed", "all")
        found = {}
        async with self.database.reading() as session:
            for view in views:
                one = QueueFilter(
                    view, wanted.category, wanted.kind, wanted.campaign_id, wanted.key_industry, wanted.text
                )
                query = select(func.count()).select_from(CaseRow).where(*self._conditions(authority, one))
                found[view] = int((await session.exec(query)).one())
        return found

    def _conditions(self, authority: str, wanted: QueueFilter) -> list[ColumnElement[bool]]:
        conditions = [visible(authority), *_view(authority, wanted.view)]
        for column, value in (
            (CaseRow.category, wanted.category),
            (CaseRow.kind, wanted.kind),
            (CaseRow.campaign_id, wanted.campaign_id),
        ):
            if value:
                conditions.append(col(column) == value)
        if wanted.key_industry is not None:
            flagged = col(CaseRow.key_industry) != ""
            conditions.append(flagged if wanted.key_industry else ~flagged)
        if wanted.text:
            like = "%" + wanted.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
            conditions.append(
                or_(col(CaseRow.unit_name).like(like), col(CaseRow.number).like(like), col(CaseRow.uscc) == wanted.text)
            )
        return conditions

    async def _stages(self, session: AsyncSession, rows: Sequence[CaseRow]) -> dict[str, list[StageRow]]:
        found: defaultdict[str, list[StageRow]] = defaultdict(list)
        if not rows:
            return found
        keys = [(row.submission_id, row.round) for row in rows]
        query = (
            select(StageRow)
            .where(tuple_(col(StageRow.submission_id), col(StageRow.round)).in_(keys))
            .order_by(col(StageRow.stage_no))
        )
        for stage in (await session.exec(query)).all():
            found[stage.submission_id].append(stage)
        return found

    def _item(self, row: CaseRow, stages: Sequence[StageRow], authority: str) -> dict[str, Any]:
        mine = next((stage for stage in stages if stage.authority == authority), None)
        return {
            "submission_id": row.submission_id,
            "number": row.number,
            "unit_name": row.unit_name,
            "uscc": row.uscc,
            "category": row.category,
            "kind": row.kind,
            "campaign_id": row.campaign_id,
            "year": row.year,
            "state": row.state,
            "state_label": STATE_NAMES[CaseState(row.state)],
            "outcome": row.outcome,
            "round": row.round,
            "version": row.version,
            "sheet_revision": row.sheet_revision,
            "total": decimal_text(row.sheet_total) if row.sheet_total is not None else None,
            "key_industry": row.key_industry,
            "key_industry_name": self.policies.key_industry_name(row.key_industry),
            "barred": row.barred,
            "admitted_at": row.admitted_at,
            "stage_no": mine.stage_no if mine else None,
            "stage_state": mine.state if mine else None,
            "started_at": mine.started_at if mine else None,
            "stages": [
                {
                    "stage_no": stage.stage_no,
                    "level": stage.level,
                    "authority": stage.authority,
                    "authority_name": self.policies.authority_name(stage.authority),
                    "state": stage.state,
                    "label": STAGE_NAMES[StageState(stage.state)],
                    "substates": list(stage.substates),
                }
                for stage in stages
            ],
        }

    async def case(self, authority: str, submission_id: str) -> dict[str, Any]:
        """One case with everything on record; 404 where it is not the authority's."""
        async with self.database.reading() as session:
            await require_visible(session, authority, submission_id)
            return await self._case.read(session, authority, submission_id, await self.database.now(session))

    async def campaigns(self) -> dict[str, str]:
        async with self.database.reading() as session:
            rows = (await session.exec(select(CampaignRow).order_by(col(CampaignRow.year).desc()))).all()
        return {row.campaign_id: row.name for row in rows}

    # --- documents -------------------------------------------------------------------------------------------

    async def document(self, authority: str, document_id: str) -> dict[str, Any]:
        """A document of a case one sees, or of one's own batch."""
        async with self.database.reading() as session:
            row = await session.get(DocumentRow, document_id)
            if row is None:
                raise OutsideCompetence(NOT_THERE)
            if row.submission_id:
                await require_visible(session, authority, row.submission_id)
            elif not await self._sees_batch(session, authority, row):
                raise OutsideCompetence(NOT_THERE)
        return {"sha256": row.sha256, "name": row.name, "media_type": row.media_type}

    async def _sees_batch(self, session: AsyncSession, authority: str, row: DocumentRow) -> bool:
        """The batch's own authority, and whoever sees a case that was sent with it."""
        if row.authority == authority:
            return True
        query = (
            select(CaseRow.submission_id)
            .where(
                col(CaseRow.submission_id) == col(RecommendationItemRow.submission_id),
                col(RecommendationItemRow.recommendation_id) == row.recommendation_id,
                col(RecommendationRow.id) == row.recommendation_id,
                col(RecommendationRow.state) == BatchState.SENT,
                visible(authority),
            )
            .limit(1)
        )
        return (await session.exec(query)).first() is not None

    # --- batches ---------------------------------------------------------------------------------------------

    async def recommendations(
        self, authority: str, *, after: str | None = None, limit: int = 50
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The authority's batches, newest first (ids are time-ordered)."""
        query = select(RecommendationRow).where(RecommendationRow.authority == authority)
        if after is not None:
            query = query.where(col(RecommendationRow.id) < after)
        async with self.database.reading() as session:
            rows = (await session.exec(query.order_by(col(RecommendationRow.id).desc()).limit(limit + 1))).all()
            counts = await self._batch_sizes(session, [row.id for row in rows])
        items = [self._batch(row) | {"cases": counts[row.id]} for row in rows[:limit]]
        return items, rows[limit - 1].id if len(rows) > limit else None

    async def _batch_sizes(self, session: AsyncSession, ids: Sequence[str]) -> Counter[str]:
        rows = await session.exec(
            select(RecommendationItemRow.recommendation_id).where(
                col(RecommendationItemRow.recommendation_id).in_(list(ids))
            )
        )
        return Counter(rows.all())

    async def recommendation(self, authority: str, recommendation_id: str) -> dict[str, Any]:
        async with self.database.reading() as session:
            row = await session.get(RecommendationRow, recommendation_id)
            if row is None or row.authority != authority:
                raise OutsideCompetence(NOT_THERE)
            items = (
                await session.exec(
                    select(RecommendationItemRow, CaseRow)
                    .where(
                        col(RecommendationItemRow.submission_id) == col(CaseRow.submission_id),
                        col(RecommendationItemRow.recommendation_id) == recommendation_id,
                    )
                    .order_by(col(RecommendationItemRow.position))
                )
            ).all()
            documents = (
                await session.exec(select(DocumentRow).where(DocumentRow.recommendation_id == recommendation_id))
            ).all()
            eligible = await self._may_join(session, row)
        return self._batch(row) | {
            "items": [
                {
                    "submission_id": case.submission_id,
                    "number": case.number,
                    "unit_name": case.unit_name,
                    "total": _points(case.sheet_total),
                    "still_as_sealed": item.living and item.case_version in (0, case.version),
                }
                for item, case in items
            ],
            "documents": [
                {"id": one.id, "name": one.name, "sha256": one.sha256, "current": one.sha256 == row.document}
                for one in documents
            ],
            "summary": [dict(line) for line in row.summary],
            "eligible": eligible,
        }

    async def _may_join(self, session: AsyncSession, batch: RecommendationRow) -> list[dict[str, Any]]:
        """Cases under review at the authority that stand in no living batch."""
        if batch.state != BatchState.COLLECTING:
            return []
        taken = select(RecommendationItemRow.submission_id).where(col(RecommendationItemRow.living))
        rows = (
            await session.exec(
                select(CaseRow)
                .where(
                    *_view(batch.authority, "to_do"),
                    CaseRow.campaign_id == batch.campaign_id,
                    CaseRow.category == batch.category,
                    CaseRow.kind == batch.kind,
                    col(CaseRow.submission_id).not_in(taken),
                )
                .order_by(col(CaseRow.number))
                .limit(500)
            )
        ).all()
        return [{"submission_id": row.submission_id, "number": row.number, "unit_name": row.unit_name} for row in rows]

    def _batch(self, row: RecommendationRow) -> dict[str, Any]:
        return {
            "recommendation_id": row.id,
            "title": row.title,
            "campaign_id": row.campaign_id,
            "category": row.category,
            "kind": row.kind,
            "state": row.state,
            "state_label": BATCH_NAMES[BatchState(row.state)],
            "version": row.version,
            "etag": str(row.version),
            "created_at": row.created_at,
        }

    # --- publicity -------------------------------------------------------------------------------------------

    async def publicities(self, authority: str) -> list[dict[str, Any]]:
        """The authority's publicities, newest first."""
        async with self.database.reading() as session:
            rows = (
                await session.exec(
                    select(PublicityRow)
                    .where(PublicityRow.authority == authority)
                    .order_by(col(PublicityRow.id).desc())
                    .limit(200)
                )
            ).all()
            entries = await self._entries(session, [row.id for row in rows])
        return [self._publicity(row, entries[row.id]) for row in rows]

    async def publicity(self, authority: str, publicity_id: str) -> dict[str, Any]:
        async with self.database.reading() as session:
            row = await session.get(PublicityRow, publicity_id)
            if row is None or row.authority != authority:
                raise OutsideCompetence(NOT_THERE)
            entries = await self._entries(session, [publicity_id])
            objections = (
                await session.exec(
                    select(ObjectionRow)
                    .where(ObjectionRow.publicity_id == publicity_id)
                    .order_by(col(ObjectionRow.recorded_at))
                )
            ).all()
        return self._publicity(row, entries[publicity_id]) | {
            "objections": [
                {"submission_id": one.submission_id, "act": one.act, "text": one.text, "at": one.recorded_at}
                for one in objections
            ]
        }

    async def public_publicities(
        self, *, closed: bool = False, after: str | None = None, limit: int = 50
    ) -> tuple[list[dict[str, Any]], str | None]:
        """Open to all: lists that stand (or stood) in public. Names only, no drafts, no objections."""
        state = PublicityState.CLOSED if closed else PublicityState.OPEN
        query = select(PublicityRow).where(PublicityRow.state == state)
        if after is not None:
            query = query.where(col(PublicityRow.id) < after)
        async with self.database.reading() as session:
            rows = (await session.exec(query.order_by(col(PublicityRow.id).desc()).limit(limit + 1))).all()
            entries = await self._entries(session, [row.id for row in rows[:limit]])
        items = [self._public(row, entries[row.id]) for row in rows[:limit]]
        return items, rows[limit - 1].id if len(rows) > limit else None

    async def _entries(self, session: AsyncSession, ids: Sequence[str]) -> dict[str, list[PublicityEntryRow]]:
        found: defaultdict[str, list[PublicityEntryRow]] = defaultdict(list)
        rows = await session.exec(
            select(PublicityEntryRow)
            .where(col(PublicityEntryRow.publicity_id).in_(list(ids)))
            .order_by(col(PublicityEntryRow.position))
        )
        for row in rows.all():
            found[row.publicity_id].append(row)
        return found

    def _public(self, row: PublicityRow, entries: Iterable[PublicityEntryRow]) -> dict[str, Any]:
        return {
            "publicity_id": row.id,
            "list_id": row.list_id,
            "authority_name": self.policies.authority_name(row.authority),
            "state": row.state,
            "opened_at": row.opened_at,
            "until": row.until,
            "days": row.days,
            "unit": row.unit,
            "provisional": row.provisional,
            "names": [entry.name for entry in entries],
        }

    def _publicity(self, row: PublicityRow, entries: Iterable[PublicityEntryRow]) -> dict[str, Any]:
        return self._public(row, ()) | {
            "campaign_id": row.campaign_id,
            "state_label": PUBLICITY_NAMES[PublicityState(row.state)],
            "version": row.version,
            "etag": str(row.version),
            "entries": [
                {
                    "submission_id": one.submission_id,
                    "name": one.name,
                    "state": one.state,
                    "label": ENTRY_NAMES[EntryState(one.state)],
                    "settled": one.settled,
                }
                for one in entries
            ],
        }


def _points(total: Decimal | None) -> str | None:
    return decimal_text(total) if total is not None else None


def _view(authority: str, view: str) -> list[ColumnElement[bool]]:
    """The tabs of the queue: what waits for me, what is still below me, what I passed on …"""

    def mine(*states: StageState) -> ColumnElement[bool]:
        return col(CaseRow.submission_id).in_(
            select(StageRow.submission_id).where(
                col(StageRow.round) == col(CaseRow.round),
                StageRow.authority == authority,
                col(StageRow.state).in_(states),
            )
        )

    is_open = col(CaseRow.state) == CaseState.OPEN
    views: dict[str, list[ColumnElement[bool]]] = {
        "to_do": [is_open, mine(StageState.IN_REVIEW)],
        "waiting": [is_open, mine(StageState.NOT_STARTED)],
        "passed": [and_(is_open, mine(StageState.PASSED))],
        "returned": [col(CaseRow.state).in_([CaseState.RETURNED, CaseState.WITHDRAWN])],
        "closed": [col(CaseRow.state) == CaseState.CLOSED],
        "all": [],
    }
    return views.get(view, views["all"])
