"""What reviewers read: queue, batches, publicities, documents. Every query is limited to the caller's authority."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
    RecommendationItemRow,
    RecommendationRow,
    StageRow,
)
from gf_review.domain.case import STAGE_NAMES, STATE_NAMES, CaseState, StageState
from gf_review.domain.errors import OutsideCompetence
from gf_review.domain.recommendation import BatchState


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
        conditions = [visible(authority), *in_view(authority, wanted.view)]
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


def in_view(authority: str, view: str) -> list[ColumnElement[bool]]:
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
