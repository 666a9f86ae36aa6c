"""The database of one service: engine, unit of work (工作单元), read-only sessions."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import orjson
from sqlalchemy import event, text
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import QueuePool
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis import crashpoints, journal
from gf_chassis.clock import Clock
from gf_chassis.journal import SYSTEM, Actor, Entry, EventPosition, Prepared
from gf_chassis.settings import DatabaseSettings, async_url

__all__ = ["SYSTEM", "Actor", "Database", "UnitOfWork", "connect_arguments"]

_NOW = text("select clock_timestamp()")


class Database:
    """One per service process. The pool is small: a request holds a connection for one transaction only."""

    def __init__(self, settings: DatabaseSettings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock
        self.engine: AsyncEngine = create_async_engine(
            async_url(settings.url),
            pool_size=settings.pool_size,
            max_overflow=0,
            pool_timeout=10,
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            connect_args=connect_arguments(settings),
            # Parameters are people's data: they belong in no log.
            hide_parameters=True,
        )
        _keep_whole(self.engine)
        self._reading = self.engine.execution_options(postgresql_readonly=True)

    def unit_of_work(self, actor: Actor = SYSTEM) -> UnitOfWork:
        """A transaction that rolls back unless it is committed."""
        return UnitOfWork(self, actor)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncSession]:
        """A read-only session; the server refuses a write."""
        async with AsyncSession(self._reading, expire_on_commit=False, autoflush=False) as session:
            yield session

    async def now(self, session: AsyncSession) -> datetime:
        """The database clock, moved by the same offset as the process clock."""
        found: datetime = (await session.execute(_NOW)).scalar_one()
        return found + self.clock.offset

    @property
    def in_use(self) -> int:
        """Connections lent out at this moment."""
        pool = self.engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    async def close(self) -> None:
        await self.engine.dispose()


#: A connection that rested so long (seconds) is asked whether it still stands, before it is lent.
_RESTED = 1.0


def _keep_whole(engine: AsyncEngine) -> None:
    """A restarted server must not cost a request: no connection is lent that the server has left.

    The pool's own ping is three round trips before every transaction. A server that goes says so, and the connection is
    then closed; only one that rested is asked, for a network may lose what it said.
    """

    @event.listens_for(engine.sync_engine, "checkin")
    def rests(connection: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine.sync_engine, "checkout")
    def goes_out(connection: Any, record: Any, lent: Any) -> None:
        since = record.info.get("rests_since")
        if since is None:
            return  # new
        if connection.driver_connection.is_closed():
            raise InvalidatePoolError("the server has closed the connection")
        if time.monotonic() - since >= _RESTED:
            try:
                connection.ping()
            except engine.dialect.loaded_dbapi.Error as error:
                raise InvalidatePoolError("the connection no longer answers") from error


def connect_arguments(settings: DatabaseSettings) -> dict[str, object]:
    """Time-outs live in the session: a stuck statement or a forgotten transaction would stall every relay."""
    return {
        "timeout": 10,
        "server_settings": {
            "application_name": settings.application_name,
            "statement_timeout": str(settings.statement_timeout_ms),
            "lock_timeout": str(settings.lock_timeout_ms),
            "idle_in_transaction_session_timeout": str(settings.idle_in_transaction_timeout_ms),
            "timezone": "UTC",
        },
    }


class UnitOfWork:
    """One transaction: the changes, then the journal, then the commit.

    ::

        async with database.unit_of_work(actor) as uow:
            ...
            uow.journal(Entry(...))
            await uow.commit()
    """

    session: AsyncSession

    def __init__(self, database: Database, actor: Actor = SYSTEM) -> None:
        self._database = database
        self.actor = actor
        self._rows: list[tuple[Prepared, Actor]] = []
        self._positions: list[EventPosition] = []
        #: Trace context the journal rows carry; a consumer sets that of the event it handles.
        self.traceparent: str | None = None
        self.committed = False
        self._lent = False

    async def __aenter__(self) -> Self:
        self.session = AsyncSession(self._database.engine, expire_on_commit=False, info={"clock": self._database.clock})
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # close() rolls back whatever was not committed.
        await self.session.close()

    async def now(self) -> datetime:
        """The database clock (数据库时钟): admission and deadlines are decided by it."""
        return await self._database.now(self.session)

    def journal(self, entry: Entry) -> None:
        """Add a line of history. Checked at once, written by ``commit()`` after everything else was flushed."""
        self._rows.append((journal.prepare(entry), self.actor))

    def lines(
        self, aggregate: str, type_: str, topic: str, message_type: str, basis: str = "", reason: str = ""
    ) -> dict[str, object]:
        """The parameters of ``journal.LINES_SQL``: what its lines have in common."""
        return {
            "line_aggregate": aggregate,
            "line_type": type_,
            "line_topic": topic,
            "line_message_type": message_type,
            "line_basis": basis,
            "line_reason": reason,
            "line_trace": self._trace(),
            "line_offset": self._database.clock.offset,
        }

    def has_published(self, positions: Iterable[EventPosition]) -> None:
        """Such a statement has written these events."""
        self._positions += positions

    def _trace(self) -> str:
        return journal.current_traceparent() if self.traceparent is None else self.traceparent

    async def flush(self) -> None:
        """Write changes and journal lines to the transaction, without ending it."""
        await self.session.flush()
        rows, self._rows = self._rows, []
        if not rows:
            return
        await journal.append(self.session, rows, self._trace())
        self._positions += journal.positions(row for row, _ in rows)

    async def commit(self) -> None:
        """Make it durable. Only after this may anyone be told."""
        if self._lent:
            raise RuntimeError("the runner commits: a handler's effect and its position are one transaction")
        await self.flush()
        crashpoints.reach("uow.before_commit")
        await self.session.commit()
        self.committed = True
        crashpoints.reach("uow.after_commit")
        if self._positions:
            journal.published()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """While a consumer's handler has it: it may do everything but commit."""
        self._lent = True
        try:
            yield
        finally:
            self._lent = False

    @property
    def pending(self) -> bool:
        """Whether journal lines wait for the next flush."""
        return bool(self._rows)

    @property
    def positions(self) -> list[EventPosition]:
        """What this unit of work has published, in order."""
        return list(self._positions)
