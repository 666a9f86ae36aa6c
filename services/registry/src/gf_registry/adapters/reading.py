"""Lists as they stood: at a date in law, as known at a position. Read by SQL from the appended changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
"""
#: The same as it stands now, from the memberships themselves: what everybody looks at, in order of an index.
_NOW = """
select l.id as membership_id, l.unit_id, l.name, l.uscc, l.region, l.industry, l.year, l.effective as since
from membership l where l.list_id = :list and l.state = 'listed' and l.effective <= :on
"""
#: Whether nothing of the list lies beyond the date and position asked for: then the fold ends in the memberships.
_IS_NOW = text(
    "select l.position = :known and not exists (select 1 from edition e where e.list_id = l.list_id"
    "   and e.state = 'published' and e.effective > :on) and not exists (select 1 from membership_change c"
    "   where c.list_id = l.list_id and c.effective > :on) from list l where l.list_id = :list"
)


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
    sql, key, values = await _asked(session, list_id, at, search)
    if after is not None:
        sql += f' and (l.region, l.name collate "C", {key}) > (:region_after, :name_after, :id_after)'
        values |= {"region_after": after[0], "name_after": after[1], "id_after": after[2]}
    sql += f' order by l.region, l.name collate "C", {key}'
    if limit is not None:
        sql += " limit :limit"
        values["limit"] = limit
    return [ListItem(**row._mapping) for row in await session.execute(text(sql), values)]


async def count(session: AsyncSession, list_id: ListId, at: AsOf, search: Search) -> int:
    sql, _, values = await _asked(session, list_id, at, search)
    found = await session.execute(text(f"select count(*) from ({sql}) s"), values)
    return int(found.scalar_one())


async def _asked(session: AsyncSession, list_id: ListId, at: AsOf, search: Search) -> tuple[str, str, dict[str, Any]]:
    """The statement, the name of its membership id, and its values; only filters that are set are in it."""
    values: dict[str, Any] = {"list": str(list_id), "on": at.on, "known": at.position}
    now = (await session.execute(_IS_NOW, values)).scalar_one_or_none()
    sql, key, year = (_NOW, "l.id", "l.year") if now else (_STANDING, "l.membership_id", "m.year")
    if search.q is not None:
        sql += " and (position(lower(:q) in lower(l.name)) > 0 or upper(:q) = l.uscc)"
    if search.region is not None:
        sql += " and left(l.region, length(:region)) = :region"
    if search.year is not None:
        sql += f" and {year} = :year"
    return sql, key, values | {name: value for name, value in asdict(search).items() if value is not None}


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
