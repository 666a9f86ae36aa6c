"""Reading a journal in order 按序读取流水: the one way for the relay and for the standalone readers.

Ids are drawn before the commit, so "id greater than the last one seen" skips rows. Here a *window* of transaction ids
[lo, hi) is read instead, where hi is the oldest transaction that still runs: all of the window is decided and visible.
Its rows are read in id order, then the window moves on. A window is never cut at another transaction id: ordering by
transaction id would swap two events of a key whose writer took its id before the lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import asyncpg

Connection = Any  # asyncpg's connection or a pool's proxy of it

_WINDOW: Final = (
    "with s as materialized (select pg_snapshot_xmin(pg_current_snapshot()) as hi)"
    " select s.hi::text::bigint as hi, w.first, w.last from s, lateral ("
    # OFFSET 0 keeps the planner on the (xid, id) index: min(id) through the primary key would walk the whole table.
    " select min(id) as first, max(id) as last"
    " from (select id from journal where xid >= $1::text::xid8 and xid < s.hi offset 0) r) w"
)
_COLUMNS: Final = "id, recorded_at, trace, topic, key, number, message_type, payload"
_ROWS: Final = (
    f"select {_COLUMNS} from (select xid, {_COLUMNS} from journal where id > $1 and id <= $2 order by id offset 0) r"
    " where xid >= $3::text::xid8 and xid < $4::text::xid8 and topic is not null"
    " and ($5::text is null or topic = $5) order by id limit $6"
)
_SYSTEM: Final = "select system_identifier::text from pg_control_system()"


class JournalMoved(Exception):
    """The database is not the one the cursor was written for, or it went back in time: a person must look."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Rows of the window [lo, hi) up to ``last_id`` are done; the window ends with ``max_id``."""

    lo: int = 0
    hi: int = 0
    last_id: int = 0
    max_id: int = 0
    system_id: str = ""

    @property
    def at_rest(self) -> bool:
        """The window is finished."""
        return self.last_id >= self.max_id


async def system_id(connection: Connection) -> str:
    return str(await connection.fetchval(_SYSTEM))


class JournalWindowReader:
    """A position in one journal. The caller records ``cursor`` when the rows before it took effect."""

    def __init__(self, cursor: Cursor, *, topic: str | None = None, name: str = "") -> None:
        self.cursor = cursor
        self._topic = topic
        self._name = name

    async def verify(self, connection: Connection) -> None:
        """Transaction ids mean something only within the cluster they were counted in."""
        found = await system_id(connection)
        if self.cursor.system_id and self.cursor.system_id != found:
            raise JournalMoved(
                f"{self._name}: the journal lies in database system {found}, the cursor was written for"
                f" {self.cursor.system_id}. After a restore: greenladder-events accept-restore"
            )
        self.cursor = replace(self.cursor, system_id=found)

    async def next(self, connection: Connection, limit: int) -> Sequence[asyncpg.Record]:
        """The next rows in order, and the cursor behind them; none when nothing is decided beyond the cursor."""
        while True:
            if self.cursor.at_rest and not await self._open(connection):
                return ()
            at = self.cursor
            rows: Sequence[asyncpg.Record] = await connection.fetch(
                _ROWS, at.last_id, at.max_id, str(at.lo), str(at.hi), self._topic, limit
            )
            last = rows[-1]["id"] if len(rows) == limit else at.max_id
            self.cursor = replace(at, last_id=last)
            if rows:
                return rows

    async def _open(self, connection: Connection) -> bool:
        """Begin the next window; False when it holds no row."""
        at = self.cursor
        lo = max(at.lo, at.hi)
        found = await connection.fetchrow(_WINDOW, str(lo))
        if found["hi"] < lo:
            raise JournalMoved(
                f"{self._name}: the journal's database is at transaction {found['hi']}, the cursor at {lo}: it was"
                " set back. After a restore: greenladder-events accept-restore"
            )
        if found["first"] is None:
            # Nothing in it: the next window begins where this one ends.
            self.cursor = replace(at, lo=found["hi"], hi=found["hi"], last_id=0, max_id=0)
            return False
        self.cursor = replace(at, lo=lo, hi=found["hi"], last_id=found["first"] - 1, max_id=found["last"])
        return True

    def skip_to(self, hi: int) -> None:
        """The caller knows that nothing of ours lies below ``hi``."""
        if self.cursor.at_rest and hi > self.cursor.hi:
            self.cursor = replace(self.cursor, lo=hi, hi=hi, last_id=0, max_id=0)
