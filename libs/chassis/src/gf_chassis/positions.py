"""Positions 消费位点: for each consumer group and key the number of the last event that took effect.

The position is written in the transaction of the effect, and before it: a second consumer of the same event (a zombie
that lost its partition) waits for the row's lock and then finds that its belief is out of date.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from gf_chassis.database import Database
from gf_chassis.journal import EventPosition

OPEN: Final = ""
GAP: Final = "gap"
HELD: Final = "held"


class Claim(NamedTuple):
    """The key was at ``previous`` and is at ``number`` when this transaction commits."""

    topic: str
    key: str
    previous: int
    number: int


@dataclass(frozen=True, slots=True)
class Position:
    number: int
    state: str


# A key without a row stands at 0. Most keys are new, and without the look for a conflict their rows cost half.
_BEGIN = text(
    "insert into position (grp, topic, key, previous, number) select :grp, topic, key, 0, number"
    " from unnest(cast(:topics as text[]), cast(:keys as text[]), cast(:numbers as int[])) as c(topic, key, number)"
)
# Written as an insert, for that locks the rows in the order given.
_MOVE_ON = text(
    "insert into position as p (grp, topic, key, previous, number)"
    " select :grp, topic, key, previous, number"
    " from unnest(cast(:topics as text[]), cast(:keys as text[]), cast(:previous as int[]), cast(:numbers as int[]))"
    " as c(topic, key, previous, number)"
    " where exists (select 1 from position e where e.grp = :grp and e.topic = c.topic and e.key = c.key)"
    " on conflict (grp, topic, key) do update"
    " set previous = excluded.previous, number = excluded.number, updated_at = clock_timestamp()"
    " where p.number = excluded.previous and p.state = ''"
)


async def claim(session: AsyncSession, group: str, claims: Iterable[Claim]) -> bool:
    """Move the keys on. False when any of them does not stand where its claim believes: then roll back."""
    # Sorted: two consumers that claim the same keys wait for each other, they do not deadlock.
    ordered = sorted(claims)
    new = [c for c in ordered if c.previous == 0]
    known = [c for c in ordered if c.previous != 0]
    if new:
        try:
            await session.execute(_BEGIN, {"grp": group, **_columns(new)})
        except IntegrityError:
            return False
    if not known:
        return True
    done = await session.execute(_MOVE_ON, {"grp": group, **_columns(known), "previous": [c.previous for c in known]})
    return _count(done) == len(known)


def _columns(claims: Sequence[Claim]) -> dict[str, object]:
    return {
        "topics": [c.topic for c in claims],
        "keys": [c.key for c in claims],
        "numbers": [c.number for c in claims],
    }


_LOAD = text(
    "select p.topic, p.key, p.number, p.state"
    " from unnest(cast(:topics as text[]), cast(:keys as text[])) as k(topic, key)"
    " join position p on p.grp = :grp and p.topic = k.topic and p.key = k.key"
)


async def load(session: AsyncSession, group: str, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Position]:
    """Where the keys stand; a key without a row is absent."""
    found = await session.execute(
        _LOAD, {"grp": group, "topics": [topic for topic, _ in keys], "keys": [key for _, key in keys]}
    )
    return {(topic, key): Position(number, state) for topic, key, number, state in found}


_ENSURE = text(
    "insert into position (grp, topic, key, previous, number) values (:grp, :topic, :key, 0, 0)"
    " on conflict (grp, topic, key) do nothing"
)
_LOCK = text("select number, state from position where grp = :grp and topic = :topic and key = :key for update")
_MOVE = text(
    "update position set previous = number, number = :number, state = :state, updated_at = clock_timestamp()"
    " where grp = :grp and topic = :topic and key = :key"
)


async def lock(session: AsyncSession, group: str, topic: str, key: str) -> Position:
    """Where the key stands, locked until the transaction ends."""
    name = {"grp": group, "topic": topic, "key": key}
    found = (await session.execute(_LOCK, name)).one_or_none()
    if found is None:
        await session.execute(_ENSURE, name)
        found = (await session.execute(_LOCK, name)).one()
    return Position(found[0], found[1])


async def move(session: AsyncSession, group: str, topic: str, key: str, number: int, state: str = OPEN) -> None:
    """Set the row that ``lock()`` holds."""
    await session.execute(_MOVE, {"grp": group, "topic": topic, "key": key, "number": number, "state": state})


_REACHED = text(
    "select count(*) from position where grp = any(cast(:groups as text[])) and topic = :topic and key = :key"
    " and number >= :number"
)


async def reached(session: AsyncSession, groups: Sequence[str], topic: str, key: str, number: int) -> bool:
    """Whether all the groups have applied this event."""
    found = await session.execute(_REACHED, {"groups": list(groups), "topic": topic, "key": key, "number": number})
    return bool(found.scalar_one() == len(set(groups)))


async def wait_for(database: Database, groups: Sequence[str], position: EventPosition, timeout: float = 2.0) -> bool:
    """Wait until the groups have applied the event, no longer than ``timeout``; no connection is held meanwhile."""
    loop = asyncio.get_running_loop()
    end = loop.time() + timeout
    pause = 0.005
    while True:
        async with database.reading() as session:
            if await reached(session, groups, position.topic, position.key, position.number):
                return True
        left = end - loop.time()
        if left <= 0:
            return False
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 1.5, 0.1)


def _count(result: Any) -> int:
    return int(result.rowcount)
