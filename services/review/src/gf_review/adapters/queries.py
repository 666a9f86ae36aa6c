"""One case, documents, campaigns (the queue is in `queue.py`), limited to the caller's authority."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.database import Database
from gf_review.adapters.case_view import CaseView
from gf_review.adapters.policy import Policies
from gf_review.adapters.repository import NOT_THERE
from gf_review.adapters.scope import require_visible, visible
from gf_review.adapters.tables import (
    CampaignRow,
    CaseRow,
    DocumentRow,
    QueueEntryRow,
    RecommendationItemRow,
    RecommendationRow,
)
from gf_review.domain.errors import OutsideCompetence
from gf_review.domain.recommendation import BatchState


class Queries:
    """Reads; writes nothing."""

    def __init__(self, database: Database, policies: Policies) -> None:
        self.database = database
        self.policies = policies
        self._case = CaseView(policies)

    # --- cases -----------------------------------------------------------------------------------------------

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
    """Conditions on CaseRow: the cases that stand in this view of the authority's queue."""
    entries = select(QueueEntryRow.submission_id).where(
        QueueEntryRow.authority == authority, QueueEntryRow.view == view
    )
    return [col(CaseRow.submission_id).in_(entries)]
