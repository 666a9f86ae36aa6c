"""Lists as they stood: at a date in law, as known at a position. Read by SQL from the appended changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.errors import FieldError, Rejected
from gf_registry.adapters.repository import change_of
from gf_registry.domain.lists import GreenList, ListId
from gf_registry.domain.memberships import Change, Effect, standing_at
from gf_registry.domain.statistics import Stand

#: Every change with the date in law it got, and the position at which that date became known.
_EFFECTS = """
  select c.*, m.unit_id as owner, coalesce(c.effective, e.effective) as eff,
         case when c.effective is not null then c.position else e.position end as known
  from membership_change c
  join membership m on m.id = c.membership_id
  left join edition_change ec on ec.change_id = c.id
  left join edition e on e.id = ec.edition_id
  where c.list_id = :list and c.kind <> 'refused'
"""
#: Per membership the last change that had taken effect, where it leaves the unit on the list.
_STANDING = f"""
with effects as ({_EFFECTS}), last as (
  select distinct on (membership_id) * from effects where eff <= :on and known <= :known
  order by membership_id, eff desc, position desc)
select l.membership_id, l.owner as unit_id, l.name, l.uscc, l.region, l.industry, m.year, m.effective as since
from last l join membership m on m.id = l.membership_id
where l.kind in ('listed', 'renamed')
  and (cast(:q as text) is null or position(lower(:q) in lower(l.name)) > 0 or upper(:q) = l.uscc)
  and (cast(:region as text) is null or left(l.region, length(:region)) = :region)
  and (cast(:year as int) is null or m.year = :year)
"""


@dataclass(frozen=True, slots=True)
class ListItem:
    """One line of a list."""

    membership_id: UUID
    unit_id: UUID
    name: str
    uscc: str | None
    region: str
    industry: str
    year: int | None
    since: date | None


@dataclass(frozen=True, slots=True)
class Search:
    q: str | None = None
    region: str | None = None
    year: int | None = None


@dataclass(frozen=True, slots=True)
class AsOf:
    """A date in law, and the position of the list up to which its changes are known."""

    on: date
    position: int
    recorded_at: datetime | None


async def as_of(session: AsyncSession, list_id: ListId, on: date, known_at: int | datetime | None) -> AsOf | None:
    """Map "as known at" (nothing, a position, or an instant) to a position; None where there is no such list."""
    head = (
        await session.execute(text("select position, recorded_at from list where list_id = :id"), {"id": str(list_id)})
    ).one_or_none()
    if head is None:
        return None
    if known_at is None:
        return AsOf(on, head.position, head.recorded_at)
    if isinstance(known_at, int):
        if known_at > head.position:
            detail = f"名单目前只记录到第 {head.position} 号变更。"
            error = FieldError("query:/known_at", "unknown_position", detail)
            raise Rejected("unknown_position", detail, rule="reg-lists", errors=[error])
        condition, value = "position <= :value", known_at
    else:
        condition, value = "recorded_at <= :value", known_at  # type: ignore[assignment]
    row = (
        await session.execute(
            text(
                "select position, recorded_at from (select position, recorded_at from membership_change"
                " where list_id = :id union all select position, recorded_at from edition"
                f" where list_id = :id and state = 'published') r where {condition} order by position desc limit 1"
            ),
            {"id": str(list_id), "value": value},
        )
    ).one_or_none()
    return AsOf(on, row.position, row.recorded_at) if row else AsOf(on, 0, None)


async def items(
    session: AsyncSession, list_id: ListId, at: AsOf, search: Search, *,
    limit: int | None, after: tuple[str, str, UUID] | None = None,
) -> list[ListItem]:  # fmt: skip
    """The lines in order of region, name and unit; a page of them where `limit` is given."""
    sql = _STANDING
    values: dict[str, Any] = _values(list_id, at, search)
    if after is not None:
        sql += ' and (l.region, l.name collate "C", l.membership_id) > (:region_after, :name_after, :id_after)'
        values |= {"region_after": after[0], "name_after": after[1], "id_after": after[2]}
    sql += ' order by l.region, l.name collate "C", l.membership_id'
    if limit is not None:
        sql += " limit :limit"
        values["limit"] = limit
    return [ListItem(**row._mapping) for row in await session.execute(text(sql), values)]


async def count(session: AsyncSession, list_id: ListId, at: AsOf, search: Search) -> int:
    found = await session.execute(text(f"select count(*) from ({_STANDING}) s"), _values(list_id, at, search))
    return int(found.scalar_one())


def _values(list_id: ListId, at: AsOf, search: Search) -> dict[str, Any]:
    return {
        "list": str(list_id), "on": at.on, "known": at.position, "q": search.q, "region": search.region,
        "year": search.year,
    }  # fmt: skip


async def standing_with(
    session: AsyncSession, green: GreenList, pending: Sequence[Change], effective: date
) -> dict[UUID, Change]:
    """The list on the day an edition takes effect, with the changes the edition is about to announce."""
    rows = await session.execute(text(_EFFECTS), {"list": str(green.id)})
    effects = [Effect(change_of(row), row.eff, row.known) for row in rows if row.eff is not None]
    effects += [Effect(c, effective, green.position) for c in pending if c.effective is None]
    return standing_at(effects, effective, green.position)


async def stands(session: AsyncSession, on: date, known_at: datetime | None, authorities: Sequence[str]) -> list[Stand]:
    """Where every unit stands on that day, over the lists of these authorities and the national ones."""
    rows = await session.execute(
        text(
            "with effects as (select c.kind, c.membership_id, c.position, c.region, m.unit_id, l.level, l.category,"
            "   coalesce(c.effective, e.effective) as eff,"
            "   case when c.effective is not null then c.recorded_at else e.recorded_at end as known"
            " from membership_change c join membership m on m.id = c.membership_id"
            " join list l on l.list_id = c.list_id"
            " left join edition_change ec on ec.change_id = c.id left join edition e on e.id = ec.edition_id"
            " where c.kind <> 'refused' and (l.level = 'national' or l.authority = any(:authorities))),"
            " last as (select distinct on (membership_id) * from effects where eff <= :on"
            "   and (cast(:known as timestamptz) is null or known <= :known)"
            "   order by membership_id, eff desc, position desc)"
            " select cast(unit_id as text) as unit, region as place, category, level from last"
            " where kind in ('listed', 'renamed')"
        ),
        {"on": on, "known": known_at, "authorities": list(authorities)},
    )
    return [Stand(**row._mapping) for row in rows]
