"""Who sees a case (可见范围): an applicable level of its current route, or who acted in a round not rerouted since.

Used by every query, count and file; what lies outside answers 404.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_review.adapters.repository import NOT_THERE
from gf_review.adapters.tables import CasePersonRow, CaseRow, RoundRow, StageRow
from gf_review.domain.errors import OutsideCompetence

OFFICIALS = frozenset({"reviewer", "approver"})


def visible(authority: str) -> ColumnElement[bool]:
    """A condition on CaseRow."""
    on_route = exists().where(
        and_(
            col(StageRow.submission_id) == col(CaseRow.submission_id),
            col(StageRow.round) == col(CaseRow.round),
            col(StageRow.authority) == authority,
            col(StageRow.applicable),
        )
    )
    acted = exists().where(
        and_(
            col(CasePersonRow.submission_id) == col(CaseRow.submission_id),
            col(CasePersonRow.authority) == authority,
            col(RoundRow.submission_id) == col(CasePersonRow.submission_id),
            col(RoundRow.round) == col(CasePersonRow.round),
            col(RoundRow.route_replaced).is_(False),
        )
    )
    return or_(on_route, acted)


async def require_visible(session: AsyncSession, authority: str, submission_id: str) -> None:
    """404 for what is not the authority's."""
    found = await session.exec(
        select(CaseRow.submission_id).where(CaseRow.submission_id == submission_id, visible(authority))
    )
    if not authority or found.first() is None:
        raise OutsideCompetence(NOT_THERE)
