"""Who may act on what (权限范围). What lies outside answers like something that does not exist."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.errors import NotFound
from gf_chassis.identity import Principal
from gf_registry.adapters import projection
from gf_registry.adapters.law import Law
from gf_registry.adapters.tables import MembershipRow
from gf_registry.domain.lists import ListId

OFFICIALS = ("reviewer", "approver", "registrar", "steward")


def keeper_of(law: Law, principal: Principal, list_id: ListId) -> None:
    """Only a registrar of the list's own authority changes a list (各级只调整本层面名单)."""
    own = bool(principal.authority) and principal.authority == list_id.authority
    if not own or not law.keeps(list_id):
        raise NotFound
    principal.require("registrar", own=own, rule="GD-21")


async def over_unit(session: AsyncSession, law: Law, principal: Principal, unit_id: UUID) -> None:
    """The unit stands under this authority: along its superiors, its group, or on a list kept there."""
    if not principal.authority or not await _under(session, law, principal.authority, unit_id):
        raise NotFound
    principal.require(*OFFICIALS)


async def may_see(session: AsyncSession, law: Law, principal: Principal, unit_id: UUID) -> None:
    """One's own unit, or one under the principal's authority."""
    if principal.org and principal.has("applicant"):
        profile = await projection.profile_of(session, unit_id)
        if profile is not None and profile.uscc == principal.org:
            return
    if not principal.authority or not principal.has(*OFFICIALS, "partner"):
        raise NotFound
    if not await _under(session, law, principal.authority, unit_id):
        raise NotFound


async def _under(session: AsyncSession, law: Law, authority: str, unit_id: UUID) -> bool:
    profile = await projection.profile_of(session, unit_id)
    if profile is not None:
        above = law.chain(profile.superior) | law.chain(profile.group_authority or "")
        if authority in above:
            return True
    lists = await session.exec(select(MembershipRow.list_id).where(MembershipRow.unit_id == unit_id))
    return any(authority in law.chain(ListId.parse(list_id).authority) for list_id in lists)
