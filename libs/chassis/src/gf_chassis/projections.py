"""Projections 投影: replay of a journal, and rebuilding a projection beside the old one, then switching.

A projection that can be rebuilt has two *sides*; a generation n lives on side n % 2, as the group ``<name>@<n>``. The
service says what a side is (two tables, or a column). While a new generation is built the old one goes on serving;
the switch happens when no key of the new group is behind the old one. A *process* is never rebuilt: its effects are
facts, and a subscription says which of the two it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gf_chassis.database import Database, UnitOfWork
from gf_chassis.errors import Conflict
from gf_chassis.events import Event, Subscription, to_event
from gf_chassis.readers.port import Record
from gf_chassis.readers.window import Cursor, JournalWindowReader
from gf_chassis.settings import plain_url


@dataclass(frozen=True)
class Projection:
    """``subscribe(side)`` gives the handlers that write to that side, ``clear(uow, side)`` empties it."""

    name: str
    subscribe: Callable[[int], Subscription]
    clear: Callable[[UnitOfWork, int], Awaitable[None]]

    def group(self, generation: int) -> str:
        return f"{self.name}@{generation}"

    def subscription(self, generation: int) -> Subscription:
        """The subscription of one generation; a new group reads from the beginning."""
        one = self.subscribe(generation % 2)
        if one.kind != "projection":
            raise ValueError(f"{self.name} is a process: its effects are facts and are never rebuilt")
        return Subscription(self.group(generation), one.kind, one.topics, one.handlers, one.batch_handlers)


@dataclass(frozen=True, slots=True)
class Generations:
    """Which generation serves, and which is being built."""

    active: int
    building: int | None

    @property
    def side(self) -> int:
        return self.active % 2

    @property
    def running(self) -> list[int]:
        return [self.active] if self.building is None else [self.active, self.building]


_FIND: Final = text("select active, building from projection_switch where name = :name")
_LOCK: Final = text("select active, building from projection_switch where name = :name for update")
_CREATE: Final = text("insert into projection_switch (name, active) values (:name, '1') on conflict (name) do nothing")
_BUILD: Final = text("update projection_switch set building = :building where name = :name")
_SWITCH: Final = text(
    "update projection_switch set active = building, building = null, switched_at = clock_timestamp()"
    " where name = :name"
)
_BEHIND: Final = text(
    "select count(*) from position a left join position b on b.grp = :new and b.topic = a.topic and b.key = a.key"
    " where a.grp = :old and coalesce(b.number, 0) < a.number"
)


async def generations(session: AsyncSession, name: str) -> Generations:
    """What serves now; the first generation where nothing was ever rebuilt."""
    found = (await session.execute(_FIND, {"name": name})).one_or_none()
    return _generations(found)


def _generations(row: Sequence[str | None] | None) -> Generations:
    if row is None:
        return Generations(1, None)
    return Generations(int(row[0] or 1), int(row[1]) if row[1] else None)


async def begin(database: Database, projection: Projection) -> int:
    """Start a new generation on the free side; the workers pick it up. Returns its number."""
    async with database.unit_of_work() as uow:
        await uow.session.execute(_CREATE, {"name": projection.name})
        now = _generations((await uow.session.execute(_LOCK, {"name": projection.name})).one())
        if now.building is not None:
            raise Conflict("already_building", f"投影 {projection.name} 正在重建（第 {now.building} 代）。")
        building = now.active + 1
        await projection.clear(uow, building % 2)
        await uow.session.execute(_BUILD, {"name": projection.name, "building": str(building)})
        await uow.commit()
        return building


async def behind(session: AsyncSession, projection: Projection) -> int:
    """How many keys of the new generation are not yet where the old one is."""
    now = await generations(session, projection.name)
    if now.building is None:
        return 0
    found = await session.execute(_BEHIND, {"old": projection.group(now.active), "new": projection.group(now.building)})
    return int(found.scalar_one())


async def switch(database: Database, projection: Projection) -> int:
    """Let the new generation serve; refused while any key of it is behind. Returns its number."""
    async with database.unit_of_work() as uow:
        now = _generations((await uow.session.execute(_LOCK, {"name": projection.name})).one_or_none())
        if now.building is None:
            raise Conflict("not_building", f"投影 {projection.name} 没有正在重建的一代。")
        waiting = await behind(uow.session, projection)
        if waiting:
            raise Conflict("behind", f"新一代还有 {waiting} 个键落后，请稍后再切换。")
        await uow.session.execute(_SWITCH, {"name": projection.name})
        await uow.commit()
        return now.building


async def replay(journal_url: str, subscription: Subscription, *, limit: int = 1000) -> AsyncIterator[Event]:
    """Every decided event of one journal that the subscription names, in order, from the first one on (重放)."""
    connection = await asyncpg.connect(plain_url(journal_url))
    try:
        window = JournalWindowReader(Cursor(), name="replay")
        await window.verify(connection)
        while rows := await window.next(connection, limit):
            for row in rows:
                if row["topic"] not in subscription.topics:
                    continue
                record = Record(
                    row["topic"],
                    row["key"],
                    row["number"],
                    row["message_type"],
                    row["recorded_at"],
                    row["payload"],
                    row["trace"] or None,
                )
                message = subscription.decode(record)
                if message is not None:
                    yield to_event(record, message)
    finally:
        await connection.close()
