"""What reviewers read of their batches and publicities; and what of a publicity is open to all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.database import Database
from gf_chassis.journal import JournalRow, history
from gf_policy.words import CATEGORIES
from gf_review.adapters.contracts.outgoing import PUBLICITY, RECOMMENDATION, decimal_text
from gf_review.adapters.labels import BATCH_HISTORY, KIND_NAMES, PUBLICITY_HISTORY
from gf_review.adapters.policy import Policies
from gf_review.adapters.queries import in_view
from gf_review.adapters.repository import NOT_THERE
from gf_review.adapters.tables import (
    CaseRow,
    DocumentRow,
    ObjectionRow,
    PublicityEntryRow,
    PublicityRow,
    RecommendationItemRow,
    RecommendationRow,
)
from gf_review.domain.errors import OutsideCompetence
from gf_review.domain.publicity import ENTRY_NAMES, PUBLICITY_NAMES, EntryState, PublicityState
from gf_review.domain.recommendation import BATCH_NAMES, BatchState

#: Looked up one by one over the key of what holds them: a page's worth never reads the table of all of them.
_BATCH_SIZES = text(
    "select b.id, n.cases from unnest(cast(:ids as text[])) as b(id) cross join lateral"
    " (select count(*) as cases from recommendation_item where recommendation_id = b.id) as n"
)
_PUBLICITY_SIZES = text(
    "select p.id, n.units, n.objected from unnest(cast(:ids as text[])) as p(id) cross join lateral"
    " (select count(*) as units, count(*) filter (where state = 'objected') as objected"
    " from publicity_entry where publicity_id = p.id) as n"
)
_NAMES = text(
    "select p.id, e.name from unnest(cast(:ids as text[])) as p(id) cross join lateral"
    " (select name, position from publicity_entry where publicity_id = p.id offset 0) as e order by p.id, e.position"
)


class BatchQueries:
    """Reads; writes nothing."""

    def __init__(self, database: Database, policies: Policies) -> None:
        self.database = database
        self.policies = policies

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
            counts = await self._batch_sizes(session, [row.id for row in rows[:limit]])
        items = [self._batch(row) | {"cases": counts[row.id]} for row in rows[:limit]]
        return items, rows[limit - 1].id if len(rows) > limit else None

    async def _batch_sizes(self, session: AsyncSession, ids: Sequence[str]) -> dict[str, int]:
        found = await session.execute(_BATCH_SIZES, {"ids": list(ids)})
        return {row.id: row.cases for row in found}

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
            lines = await history(session, RECOMMENDATION, recommendation_id)
        return self._batch(row) | {
            "history": [_line(one, BATCH_HISTORY) for one in lines],
            "items": [
                {
                    "submission_id": case.submission_id,
                    "number": case.number,
                    "unit_name": case.unit_name,
                    "total": _points(case.sheet_total),
                    "key_industry_name": self.policies.key_industry_name(case.key_industry),
                    "preferences": list(case.preferences),
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
                    *in_view(batch.authority, "to_do"),
                    CaseRow.campaign_id == batch.campaign_id,
                    CaseRow.category == batch.category,
                    CaseRow.kind == batch.kind,
                    col(CaseRow.submission_id).not_in(taken),
                )
                .order_by(col(CaseRow.number))
                .limit(500)
            )
        ).all()
        return [
            {
                "submission_id": row.submission_id,
                "number": row.number,
                "unit_name": row.unit_name,
                "total": _points(row.sheet_total),
                "key_industry_name": self.policies.key_industry_name(row.key_industry),
                "preferences": list(row.preferences),
            }
            for row in rows
        ]

    def _batch(self, row: RecommendationRow) -> dict[str, Any]:
        return {
            "recommendation_id": row.id,
            "authority_name": self.policies.authority_name(row.authority),
            "title": row.title,
            "campaign_id": row.campaign_id,
            "category": row.category,
            "category_name": CATEGORIES.get(row.category, row.category),
            "kind": row.kind,
            "kind_name": KIND_NAMES.get(row.kind, row.kind),
            "state": row.state,
            "state_label": BATCH_NAMES[BatchState(row.state)],
            "version": row.version,
            "etag": str(row.version),
            "created_at": row.created_at,
        }

    # --- publicity -------------------------------------------------------------------------------------------

    async def publicities(
        self, authority: str, *, submission_id: str = "", after: str | None = None, limit: int = 50
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The authority's publicities, newest first, each with how many units it names and how many are objected to.

        With `submission_id` only those that name this case.
        """
        query = select(PublicityRow).where(PublicityRow.authority == authority)
        if submission_id:
            naming = select(PublicityEntryRow.publicity_id).where(PublicityEntryRow.submission_id == submission_id)
            query = query.where(col(PublicityRow.id).in_(naming))
        if after is not None:
            query = query.where(col(PublicityRow.id) < after)
        async with self.database.reading() as session:
            rows = (await session.exec(query.order_by(col(PublicityRow.id).desc()).limit(limit + 1))).all()
            found = await session.execute(_PUBLICITY_SIZES, {"ids": [row.id for row in rows[:limit]]})
            sizes = {row.id: {"units": row.units, "objected": row.objected} for row in found}
        items = [self._head(row) | sizes[row.id] for row in rows[:limit]]
        return items, rows[limit - 1].id if len(rows) > limit else None

    async def publicity(self, authority: str, publicity_id: str) -> dict[str, Any]:
        async with self.database.reading() as session:
            row = await session.get(PublicityRow, publicity_id)
            if row is None or row.authority != authority:
                raise OutsideCompetence(NOT_THERE)
            entries = (
                await session.exec(
                    select(PublicityEntryRow)
                    .where(PublicityEntryRow.publicity_id == publicity_id)
                    .order_by(col(PublicityEntryRow.position))
                )
            ).all()
            objections = (
                await session.exec(
                    select(ObjectionRow)
                    .where(ObjectionRow.publicity_id == publicity_id)
                    .order_by(col(ObjectionRow.recorded_at))
                )
            ).all()
            lines = await history(session, PUBLICITY, publicity_id)
        return self._head(row) | {
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
            "history": [_line(one, PUBLICITY_HISTORY) for one in lines],
            "objections": [
                {"submission_id": one.submission_id, "act": one.act, "text": one.text, "at": one.recorded_at}
                for one in objections
            ],
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
            names = await self._names(session, [row.id for row in rows[:limit]])
        items = [self._public(row, names[row.id]) for row in rows[:limit]]
        return items, rows[limit - 1].id if len(rows) > limit else None

    async def _names(self, session: AsyncSession, ids: Sequence[str]) -> dict[str, list[str]]:
        found: defaultdict[str, list[str]] = defaultdict(list)
        for row in await session.execute(_NAMES, {"ids": list(ids)}):
            found[row.id].append(row.name)
        return found

    def _public(self, row: PublicityRow, names: Iterable[str]) -> dict[str, Any]:
        return {
            "publicity_id": row.id,
            "list_id": row.list_id,
            "list_name": self.policies.list_name(row.list_id),
            "authority_name": self.policies.authority_name(row.authority),
            "state": row.state,
            "opened_at": row.opened_at,
            "until": row.until,
            "days": row.days,
            "unit": row.unit,
            "provisional": row.provisional,
            "names": list(names),
        }

    def _head(self, row: PublicityRow) -> dict[str, Any]:
        return self._public(row, ()) | {
            "campaign_id": row.campaign_id,
            "state_label": PUBLICITY_NAMES[PublicityState(row.state)],
            "version": row.version,
            "etag": str(row.version),
        }


def _line(row: JournalRow, names: Mapping[str, str]) -> dict[str, Any]:
    return {
        "at": row.recorded_at,
        "label": names.get(row.type, row.type),
        "version": row.data.get("version"),
        "reason": row.reason,
    }


def _points(total: Decimal | None) -> str | None:
    return decimal_text(total) if total is not None else None
