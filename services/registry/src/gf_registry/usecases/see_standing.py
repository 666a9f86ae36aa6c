"""See a unit's standing (资格状态), as far as it is one's own or under one's authority."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.identity import Principal
from gf_registry.adapters import views
from gf_registry.adapters.law import Law

from .scope import may_see


async def see_standing(session: AsyncSession, law: Law, principal: Principal, unit_id: UUID) -> dict[str, Any]:
    await may_see(session, law, principal, unit_id)
    return await views.standing(session, unit_id)
