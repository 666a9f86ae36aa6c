"""Lists as they stood: at a date in law, as known at a position. Read by SQL from the appended changes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.errors import FieldError, Rejected
from gf_registry.domain.editions import Line
from gf_registry.domain.lists import ListId
from gf_registry.domain.memberships import NameOnList
from gf_registry.domain.statistics import Stand

#: The effects that stand: on a date in law, as known at a position, nothing later of the membership had taken effect.
_STANDS = """
l.list_id = :list and l.kind <> 'removed' and l.effective <= :on and l.known <= :known and not exists (
  select 1 from list_effect f where f.list_id = l.list_id and f.membership_id = l.membership_id
  and f.effective <= :on and f.known <= :known and (f.effective, f.position) > (l.effective, l.position))
"""
_PAGE = f"select l.* from list_effect l where {_STANDS}"
#: With the unit to which the membership belongs now; looked up for the lines of the page alone.
_LINES = """
select l.membership_id, m.unit_id, l.name, l.uscc, l.region, l.industry, l.year, m.effective as since
from ({page}) l join membership m on m.id = l.membership_id order by {order}
"""
#: With the unit the change was recorded for, as an edition prints it.
_BASE = f"select l.membership_id, l.unit_id, l.name, l.uscc, l.region, l.industry from list_effect l where {_STANDS}"
#: The last effect of every membership of a list, in the order of one index and out of it alone.
_LAST = """
select distinct on (e.membership_id) e.membership_id, e.kind, e.name, e.uscc, e.region, e.year from list_effect e
where e.list_id = {list} and e.effective <= :on and {known}
order by e.membership_id, e.effective desc, e.position desc
"""
_COUNT = f"""
select count(*) from ({_LAST.format(list=":list", known="e.known <= :known")}) l where l.kind <> 'removed'
"""
_KNOWN_AT = "(cast(:known as timestamptz) is null or e.known_at <= :known)"
_STANDS_BY_LEVEL = f"""
with own as (
  select m.unit_id, g.category, g.level, left(l.region, :digits) as place
  from list g cross join lateral ({_LAST.format(list="g.list_id", known=_KNOWN_AT)}) l
  join membership m on m.id = l.membership_id
  where g.level <> 'national' and g.authority = :authority and l.kind <> 'removed'
), national as (
  select m.unit_id, g.category, g.level, left(l.region, :digits) as place
  from (select distinct unit_id from own) o join membership m on m.unit_id = o.unit_id
  join list g on g.list_id = m.list_id and g.level = 'national'
  cross join lateral (
    select e.kind, e.region from list_effect e
    where e.membership_id = m.id and e.effective <= :on and {_KNOWN_AT}
    order by e.effective desc, e.position desc limit 1) l
  where l.kind <> 'removed'
), units as (
  select place, category, unit_id, bool_or(level = 'national') as national, bool_or(level = 'provincial') as provincial,
    bool_or(level = 'city') as city
  from (select * from own union all select * from national) s group by 1, 2, 3
)
select place, category, array_remove(array[case when national then 'national' end,
  case when provincial then 'provincial' end, case when city then 'city' end], null) as levels, count(*) as units
from units group by place, category, national, provincial, city
"""
#: What was recorded last up to a position or an instant; both only grow.
_RECORDED = """
select position, recorded_at from (
  (select position, recorded_at from membership_change where list_id = :id and {0} <= :value order by {0} desc limit 1)
  union all
  (select position, recorded_at from edition where list_id = :id and state = 'published' and {0} <= :value
    order by {0} desc limit 1)) r order by position desc limit 1
"""
_ORDER = "l.region, l.name, l.membership_id"


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
        column = "position"
    else:
        column = "recorded_at"
    row = (await session.execute(text(_RECORDED.format(column)), {"id": str(list_id), "value": known_at})).one_or_none()
    return AsOf(on, row.position, row.recorded_at) if row else AsOf(on, 0, None)


async def items(
    session: AsyncSession, list_id: ListId, at: AsOf, search: Search, *,
    limit: int | None, after: tuple[str, str, UUID] | None = None,
) -> list[ListItem]:  # fmt: skip
    """The lines in order of region, name and unit; a page of them where `limit` is given."""
    sql, values = _asked(_PAGE, list_id, at, search)
    if after is not None:
        sql += f" and ({_ORDER}) > (:region_after, :name_after, :id_after)"
        values |= {"region_after": after[0], "name_after": after[1], "id_after": after[2]}
    sql += f" order by {_ORDER}"
    if limit is not None:
        sql += " limit :limit"
        values["limit"] = limit
    lines = await session.execute(text(_LINES.format(page=sql, order=_ORDER)), values)
    return [ListItem(**row._mapping) for row in lines]


async def count(session: AsyncSession, list_id: ListId, at: AsOf, search: Search) -> int:
    sql, values = _asked(_COUNT, list_id, at, search)
    return int((await session.execute(text(sql), values)).scalar_one())


def _asked(sql: str, list_id: ListId, at: AsOf, search: Search) -> tuple[str, dict[str, Any]]:
    """The statement with the filters that are set, and its values."""
    if search.q is not None:
        # Letter by letter costs twice as much; most names and most words have no letters of two cases.
        cased = search.q.lower() != search.q.upper()
        name = 'position(lower(:q) in lower(l.name collate "default"))' if cased else "position(:q in l.name)"
        sql += f" and ({name} > 0 or upper(:q) = l.uscc)"
    if search.region is not None:
        sql += " and left(l.region, length(:region)) = :region"
        if search.region.isdecimal() and search.region.isascii():
            # The same for the index: codes are six digits.
            sql += " and l.region between :region and :region || '999999'"
    if search.year is not None:
        sql += " and l.year = :year"
    values: dict[str, Any] = {"list": str(list_id), "on": at.on, "known": at.position}
    return sql, values | {name: value for name, value in asdict(search).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Base:
    """A list as it stands on a date, before what waits is announced; true for this position of the list."""

    position: int
    editions: int
    effective: date
    lines: dict[UUID, Line]


async def base(session: AsyncSession, list_id: ListId, effective: date) -> Base:
    """Read without a lock. The position is read first: whatever comes in between makes the list's own a higher one."""
    head = (
        await session.execute(text("select position, editions from list where list_id = :id"), {"id": str(list_id)})
    ).one_or_none()
    position, editions = (head.position, head.editions) if head else (0, 0)
    values = {"list": str(list_id), "on": effective, "known": position}
    rows = await session.execute(text(_BASE), values)
    lines = {r.membership_id: Line(r.unit_id, NameOnList(r.name, r.uscc, r.region, r.industry)) for r in rows}
    return Base(position, editions, effective, lines)


async def stands(
    session: AsyncSession, on: date, known_at: datetime | None, authority: str, digits: int
) -> list[Stand]:
    """How many units stand on which levels, by place and category: of the units that are on a list of the authority.

    A unit elsewhere is on the national list only, and is left out.
    """
    values = {"on": on, "known": known_at, "authority": authority, "digits": digits}
    rows = await session.execute(text(_STANDS_BY_LEVEL), values)
    return [Stand(r.place, r.category, frozenset(r.levels), r.units) for r in rows]
