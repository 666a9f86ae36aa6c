"""Reading units: an applicant its own, a partner and officials those below their authority."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, literal, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.errors import NotFound
from gf_chassis.http import decode_cursor, encode_cursor
from gf_chassis.identity import Principal
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository, to_unit
from gf_intake.adapters.tables import UnitProfileRow, UnitRow
from gf_intake.domain.units import Unit
from gf_intake.usecases.access import OFFICIALS, acts_for
from gf_intake.usecases.views import unit_view


def visible(principal: Principal, policies: Policies) -> ColumnElement[bool]:
    """Which rows of `unit` the caller may see, as a condition of every query."""
    conditions: list[ColumnElement[bool]] = []
    if principal.has("applicant") and principal.org:
        conditions.append(col(UnitRow.uscc) == principal.org)
    if principal.has("partner", *OFFICIALS) and principal.authority:
        conditions.append(col(UnitRow.superior).in_(sorted(policies.area(principal.authority))))
    # A parameter, not the constant: beside it the other conditions, and so the joins, would be dropped.
    return or_(*conditions) if conditions else literal(False)


async def list_units(
    session: AsyncSession,
    principal: Principal,
    policies: Policies,
    *,
    limit: int,
    cursor: str | None,
    uscc: str | None,
    category: str | None,
) -> dict[str, Any]:
    query = select(UnitRow, UnitProfileRow).where(
        UnitProfileRow.unit_id == UnitRow.id,
        UnitProfileRow.version == UnitRow.profile_version,
        visible(principal, policies),
    )
    if uscc:
        query = query.where(col(UnitRow.uscc) == uscc)
    if category:
        query = query.where(col(UnitRow.category) == category)
    if after := decode_cursor(cursor, UUID):
        query = query.where(col(UnitRow.id) > after[0])
    found = list(await session.exec(query.order_by(col(UnitRow.id)).limit(limit + 1)))
    items = [_view(to_unit(row, profile), principal, policies) for row, profile in found[:limit]]
    following = encode_cursor(str(found[limit - 1][0].id)) if len(found) > limit else None
    return {"items": items, "next": following}


async def name_of(session: AsyncSession, uscc: str) -> str:
    """What the page's head calls the units of a credit code; '' while none is registered under it."""
    found = await session.exec(
        select(UnitProfileRow.name)
        .where(
            col(UnitRow.uscc) == uscc,
            col(UnitProfileRow.unit_id) == col(UnitRow.id),
            col(UnitProfileRow.version) == col(UnitRow.profile_version),
        )
        .order_by(col(UnitRow.id))
        .limit(10)
    )
    names = list(dict.fromkeys(found.all()))
    return names[0] + (f" 等 {len(names)} 家" if len(names) > 1 else "") if names else ""


async def read_unit(session: AsyncSession, principal: Principal, policies: Policies, unit_id: UUID) -> dict[str, Any]:
    seen = await session.exec(select(UnitRow.id).where(col(UnitRow.id) == unit_id, visible(principal, policies)))
    unit = await Repository(session).unit(unit_id) if seen.first() is not None else None
    if unit is None:
        raise NotFound
    return _view(unit, principal, policies)


async def unit_history(
    session: AsyncSession, principal: Principal, policies: Policies, unit_id: UUID
) -> list[dict[str, Any]]:
    """Every version of the profile, oldest first."""
    await read_unit(session, principal, policies, unit_id)
    rows = await session.exec(
        select(UnitProfileRow).where(col(UnitProfileRow.unit_id) == unit_id).order_by(col(UnitProfileRow.version))
    )
    return [
        {
            "version": row.version,
            "name": row.name,
            "uscc": row.uscc,
            "industries": row.industries,
            "key_industry": row.key_industry,
            "region": row.region,
            "superior": row.superior,
            "group": row.group_authority,
            "recorded_at": row.recorded_at.isoformat(),
        }
        for row in rows
    ]


def _view(unit: Unit, principal: Principal, policies: Policies) -> dict[str, Any]:
    """Officials do not need the applicant's contact data here; notices go by notify's own address book."""
    return unit_view(unit, contact=acts_for(principal, unit.profile.uscc, unit.profile.superior, policies))
