"""See an adjustment (名单调整) before deciding it."""

from __future__ import annotations

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.errors import NotFound
from gf_chassis.identity import Principal
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import adjustment_of
from gf_registry.adapters.tables import AdjustmentRow

from . import answers
from .answers import Answer
from .scope import over_unit


async def see_adjustment(session: AsyncSession, law: Law, principal: Principal, adjustment_id: UUID) -> Answer:
    row = await session.get(AdjustmentRow, adjustment_id)
    if row is None:
        raise NotFound
    await over_unit(session, law, principal, row.unit_id)
    return answers.adjustment(adjustment_of(row))
