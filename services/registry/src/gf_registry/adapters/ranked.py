"""The projection of rankings (排名、绿码等级、预警): what places the runs gave. Every row belongs to one of two sides.

Made from the events of `scoring.rankings` alone, in whatever order the runs come, so that a rebuilt side is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis import projections
from gf_chassis.database import UnitOfWork
from gf_chassis.errors import Poison
from gf_registry.adapters.contracts import ClosedRanking, RankedUnit
from gf_registry.adapters.tables import RankingPlaceRow, RankingViewRow
from gf_registry.domain.lists import ListId

NAME: Final = "registry.rankings"
#: Rows in one statement: 13 values each, of at most 32,767.
_ROWS: Final = 2000
_DIGEST = text(
    "select count(*), encode(sha256(convert_to(coalesce(string_agg(concat_ws('|', place, unit_id, points, band,"
    " bottom::int, streak), E'\\n' order by place, unit_id), ''), 'UTF8')), 'hex')"
    " from ranking_place where side = :side and run_id = :run"
)
#: The runs that count: complete, not superseded, the newest population of their list and year.
_IN_FORCE = (
    "select distinct on (list_id, year) * from ranking_view where side = :side and population_at is not null"
    " and superseded_by is null order by list_id, year, population_at desc, run_id desc"
)
_COLUMNS = (
    "v.list_id, v.year, v.run_id, v.count, v.population_at, v.rules_id, p.place, p.points, p.band, p.bottom, p.streak,"
    " p.warned, p.removal_due, p.industry_place, p.industry_count"
)
_OF_UNIT = text(
    f"with v as ({_IN_FORCE}) select {_COLUMNS} from v join ranking_place p on p.side = :side and p.run_id = v.run_id"
    " where p.unit_id in (select cast(:unit as uuid) union all select unit_id from imported_unit"
    "   where linked_to = :unit)"
    " order by v.list_id, v.year desc"
)
_YEARS = text(f"with v as ({_IN_FORCE}) select list_id, year, run_id, count, population_at from v order by year desc")
#: Whom the caller may see: everybody on a list kept here or below, else the units under the caller's authority.
SEEN: Final = (
    " left join lateral (select superior, group_authority from unit_profile where unit_id = m.unit_id and not :all"
    "   order by profile_version desc limit 1) s on true"
)
MAY_SEE: Final = " and (:all or s.superior = any(:under) or s.group_authority = any(:under))"
#: The run is looked up once, so that its places are read in their order up to the length of the page; each is asked for
#: its membership (`offset 0` keeps the planner from reading all memberships instead).
_OF_WARNED = (
    " from ranking_place p join ranking_view v on v.side = p.side and v.run_id = p.run_id"
    " left join imported_unit i on i.unit_id = p.unit_id"
    " cross join lateral (select * from membership where unit_id = coalesce(i.linked_to, p.unit_id)"
    f"   and list_id = :list and state = 'listed' offset 0) m{SEEN}"
    " where p.side = :side and p.warned and p.run_id = (select run_id from"
    f"   ({_IN_FORCE}) f where f.list_id = :list and f.year = :year){MAY_SEE}"
)
_WARNED = (
    f"select m.id as membership_id, m.unit_id, m.name, m.uscc, m.region, m.industry, {_COLUMNS}{_OF_WARNED}"
    " and p.place <= coalesce(cast(:place as int), 2147483647)"
    " and (cast(:place as int) is null or (p.place, m.id) < (cast(:place as int), cast(:id as uuid)))"
    " order by p.place desc, m.id desc limit :limit"
)
_WARNED_COUNT = text(f"select count(*){_OF_WARNED}")
_OF_DUE = (
    " from removal_due d join membership m on m.id = d.membership_id and m.state = 'listed'"
    f" left join adjustment a on a.id = d.adjustment_id{SEEN}"
    f" where d.list_id = :list and (:lapsed or d.state <> 'lapsed'){MAY_SEE}"
)
_DUE = (
    "select d.id as removal_due_id, m.id as membership_id, m.unit_id, m.name, m.uscc, m.region, m.industry, d.year,"
    " d.streak, d.place, d.state, d.adjustment_id, d.document, d.run_id, a.version as adjustment_version, a.reason"
    f'{_OF_DUE} and (cast(:year as int) is null or (-d.year, m.region, m.name collate "C", m.id)'
    '   > (-cast(:year as int), cast(:region as text), cast(:name as text) collate "C", cast(:id as uuid)))'
    ' order by -d.year, m.region, m.name collate "C", m.id limit :limit'
)
_DUE_COUNT = text(f"select count(*){_OF_DUE}")
#: Year, region, name and membership of a line; the next ones follow it.
AfterDue = tuple[int, str, str, UUID]


# --- written by the projection's group --------------------------------------------------------------------------------


async def store_places(session: AsyncSession, side: int, places: Sequence[RankedUnit]) -> None:
    for start in range(0, len(places), _ROWS):
        rows = [{"side": side, **asdict(place)} for place in places[start : start + _ROWS]]
        await session.execute(insert(RankingPlaceRow).values(rows).on_conflict_do_nothing())


async def store_end(session: AsyncSession, side: int, ranking: ClosedRanking) -> None:
    """The run is shown from now on; Poison where its places are not those that were counted and digested."""
    count, digest = (await session.execute(_DIGEST, {"side": side, "run": ranking.run_id})).one()
    if (count, digest) != (ranking.count, ranking.digest):
        raise Poison(f"run {ranking.run_id}: {count} places, digest {digest}; stated {ranking.count}, {ranking.digest}")
    told = {
        "list_id": str(ranking.list_id), "year": ranking.year, "count": ranking.count, "rules_id": ranking.rules_id,
        "population_at": ranking.population_at, "digest": ranking.digest,
    }  # fmt: skip
    await _store(session, {"side": side, "run_id": ranking.run_id}, told)
    if ranking.supersedes is not None:
        await _store(session, {"side": side, "run_id": ranking.supersedes}, {"superseded_by": ranking.run_id})


async def _store(session: AsyncSession, key: dict[str, Any], told: dict[str, Any]) -> None:
    statement = insert(RankingViewRow).values({**key, **told})
    await session.execute(statement.on_conflict_do_update(index_elements=["side", "run_id"], set_=told))


async def clear(uow: UnitOfWork, side: int) -> None:
    for table in ("ranking_place", "ranking_view"):
        await uow.session.execute(text(f"delete from {table} where side = :side"), {"side": side})


# --- read from the side that serves ---------------------------------------------------------------------------------


async def serving(session: AsyncSession) -> int:
    return (await projections.generations(session, NAME)).side


async def of_unit(session: AsyncSession, unit_id: UUID) -> list[dict[str, Any]]:
    """A unit's places, year by year. A grade of the green code (企业绿码) is a factory's only."""
    return await _rows(session, _OF_UNIT, {"side": await serving(session), "unit": unit_id})


async def years(session: AsyncSession) -> list[dict[str, Any]]:
    """The rankings in force, of every list."""
    return await _rows(session, _YEARS, {"side": await serving(session)})


async def warned(
    session: AsyncSession, list_id: ListId, year: int, under: list[str] | None, *,
    limit: int | None = None, after: tuple[int, UUID] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Units near the bottom share (预警) of the year, the last first, from a place and membership on.

    ``under``: only those under these authorities, None: all.
    """
    values = await _of_warned(session, list_id, year, under)
    place, membership_id = after or (None, None)
    return await _rows(session, text(_WARNED), values | {"limit": limit, "place": place, "id": membership_id})


async def count_warned(session: AsyncSession, list_id: ListId, year: int, under: list[str] | None) -> int:
    return int((await session.execute(_WARNED_COUNT, await _of_warned(session, list_id, year, under))).scalar_one())


async def _of_warned(session: AsyncSession, list_id: ListId, year: int, under: list[str] | None) -> dict[str, Any]:
    return {"side": await serving(session), "list": str(list_id), "year": year} | _seen(under)


async def due(
    session: AsyncSession, list_id: ListId, under: list[str] | None, *, lapsed: bool = False,
    limit: int | None = None, after: AfterDue | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Units that stand on the list and are due for removal (应移出), with what people have done about it."""
    year, region, name, membership_id = after or (None, "", "", None)
    values = {"list": str(list_id), "lapsed": lapsed, "limit": limit, "year": year, "region": region, "name": name}
    return await _rows(session, text(_DUE), values | {"id": membership_id} | _seen(under))


async def count_due(session: AsyncSession, list_id: ListId, under: list[str] | None, *, lapsed: bool = False) -> int:
    values = {"list": str(list_id), "lapsed": lapsed} | _seen(under)
    return int((await session.execute(_DUE_COUNT, values)).scalar_one())


def _seen(under: list[str] | None) -> dict[str, Any]:
    return {"all": under is None, "under": under or []}


async def _rows(session: AsyncSession, statement: Any, values: dict[str, Any]) -> list[dict[str, Any]]:
    found = [dict(row._mapping) for row in await session.execute(statement, values)]
    for row in found:
        if "band" in row and not row["list_id"].endswith(":factory"):
            row["band"] = ""
    return found
