"""Removals due (应移出事项) and the rankings they rest on, in the database. Changed under the lock of the unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_registry.adapters.contracts import ClosedRanking, RankedUnit
from gf_registry.adapters.tables import RankedDueRow, RankingRow, RemovalDueRow
from gf_registry.domain.lists import ListId
from gf_registry.domain.removals import DueState, Ranked, RemovalDue, Run

#: Rows in one statement, which takes 32,767 values.
_ROWS: Final = 2000
#: What is the same for the life of a removal that is due.
_FIXED: Final = frozenset({"id", "membership_id", "list_id", "year"})
#: The place of a unit that was imported under the list's own id is the linked unit's.
_DUE = text(
    "select coalesce(i.linked_to, d.unit_id) as unit_id, d.run_id, d.streak, d.place from ranked_due d"
    " left join imported_unit i on i.unit_id = d.unit_id where d.run_id = :run"
)
_OF = (
    "select d.id, d.membership_id, m.unit_id, d.year, d.run_id, d.streak, d.place, d.state, d.adjustment_id, d.document"
    " from removal_due d join membership m on m.id = d.membership_id"
)
_OF_YEAR = text(f"{_OF} where d.list_id = :list and d.year = :year order by d.id")
_OF_MEMBERSHIP = text(f"{_OF} where d.membership_id = :membership order by d.year desc")
_OF_ADJUSTMENTS = text(f"{_OF} where d.adjustment_id = any(:adjustments)")
_MARKED = text(
    "select distinct m.unit_id from removal_due d join membership m on m.id = d.membership_id"
    " where d.list_id = :list and d.year = :year"
)


async def store_due(session: AsyncSession, place: RankedUnit) -> None:
    values = {"run_id": place.run_id, "unit_id": place.unit_id, "streak": place.streak, "place": place.place}
    await session.execute(insert(RankedDueRow).values(values).on_conflict_do_nothing())


async def store_ranking(session: AsyncSession, ranking: ClosedRanking) -> None:
    """The run is complete, and the one it takes the place of is superseded, whether that was heard of or not."""
    values: dict[str, Any] = {
        "run_id": ranking.run_id, "list_id": str(ranking.list_id), "year": ranking.year,
        "population_at": ranking.population_at,
    }  # fmt: skip
    told = {"year": ranking.year, "population_at": ranking.population_at}
    await session.execute(insert(RankingRow).values(values).on_conflict_do_update(index_elements=["run_id"], set_=told))
    if ranking.supersedes is not None:
        gone = {"superseded_by": ranking.run_id}
        values = {"run_id": ranking.supersedes, "list_id": str(ranking.list_id), **gone}
        await session.execute(
            insert(RankingRow).values(values).on_conflict_do_update(index_elements=["run_id"], set_=gone)
        )


async def runs(session: AsyncSession, list_id: ListId, year: int) -> list[Run]:
    """The complete runs of a list and year."""
    rows = await session.exec(
        select(RankingRow)
        .where(RankingRow.list_id == str(list_id), RankingRow.year == year)
        .execution_options(populate_existing=True)
    )
    return [Run(r.run_id, r.population_at, r.superseded_by is not None) for r in rows if r.population_at is not None]


async def due_units(session: AsyncSession, run_id: UUID) -> dict[UUID, Ranked]:
    rows = await session.execute(_DUE, {"run": run_id})
    return {row.unit_id: Ranked(row.run_id, row.streak, row.place) for row in rows}


async def marked_units(session: AsyncSession, list_id: ListId, year: int) -> set[UUID]:
    return set((await session.execute(_MARKED, {"list": str(list_id), "year": year})).scalars())


async def of_year(session: AsyncSession, list_id: ListId, year: int) -> list[RemovalDue]:
    rows = await session.execute(_OF_YEAR, {"list": str(list_id), "year": year})
    return [_due(row) for row in rows]


async def of_membership(session: AsyncSession, membership_id: UUID) -> list[RemovalDue]:
    """Of every year, the newest first."""
    rows = await session.execute(_OF_MEMBERSHIP, {"membership": membership_id})
    return [_due(row) for row in rows]


async def of_adjustment(session: AsyncSession, adjustment_id: UUID) -> RemovalDue | None:
    return (await of_adjustments(session, [adjustment_id])).get(adjustment_id)


async def of_adjustments(session: AsyncSession, adjustment_ids: Sequence[UUID]) -> dict[UUID, RemovalDue]:
    """By adjustment; at most one each."""
    rows = await session.execute(_OF_ADJUSTMENTS, {"adjustments": list(adjustment_ids)})
    return {row.adjustment_id: _due(row) for row in rows}


async def save(session: AsyncSession, list_id: ListId, dues: Iterable[RemovalDue]) -> None:
    rows = [
        {
            "id": one.id, "membership_id": one.membership_id, "list_id": str(list_id), "year": one.year,
            "run_id": one.ranked.run_id, "streak": one.ranked.streak, "place": one.ranked.place,
            "state": one.state.value, "adjustment_id": one.adjustment_id, "document": one.document,
        }
        for one in dues
    ]  # fmt: skip
    for start in range(0, len(rows), _ROWS):
        statement = insert(RemovalDueRow).values(rows[start : start + _ROWS])
        told = {name: statement.excluded[name] for name in rows[0] if name not in _FIXED}
        await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=told))


def _due(row: Any) -> RemovalDue:
    return RemovalDue(
        id=row.id, membership_id=row.membership_id, unit_id=row.unit_id, year=row.year,
        ranked=Ranked(row.run_id, row.streak, row.place), state=DueState(row.state), adjustment_id=row.adjustment_id,
        document=row.document,
    )  # fmt: skip
