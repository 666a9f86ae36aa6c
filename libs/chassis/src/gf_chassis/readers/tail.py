"""One watcher per journal and process: asks cheaply whether anything new is decided and wakes the lanes concerned.

A dozen consumer groups of a standalone process would otherwise poll each topic on their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final

import asyncpg
import structlog

from gf_chassis import journal
from gf_chassis.faults import describe
from gf_chassis.settings import plain_url

log = structlog.get_logger(__name__)

#: Told after each poll: topics with news, the window [lo, hi) that was looked at.
Listener = Callable[[frozenset[str], int, int], None]

_FASTEST: Final = 0.005
#: Commits of this process poke the watcher, and standalone has no other: this is for what went unheard.
_SLOWEST: Final = 0.5
_NEWS: Final = (
    "with s as materialized (select pg_snapshot_xmin(pg_current_snapshot()) as hi)"
    " select s.hi::text::bigint as hi, (select array_agg(distinct topic) from"
    " (select topic from journal where xid >= $1::text::xid8 and xid < s.hi offset 0) r where topic is not null)"
    " as topics from s"
)


async def _keep(_: Any) -> None:
    """Nothing to reset between statements that stand alone."""


class JournalSource:
    """A producer's journal, read by this process: a small pool and the watcher. Shared, counted, closed by the last."""

    _open: ClassVar[dict[tuple[int, str], JournalSource]] = {}

    def __init__(self, url: str, application_name: str) -> None:
        self._url = url
        self._name = application_name
        self._users = 0
        self._listeners: list[Listener] = []
        self._lo = 0
        self._poke = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._task: asyncio.Task[None] | None = None
        self._pool: Any = None
        #: When the journal's database last answered (monotonic).
        self.answered_at = time.monotonic()

    @classmethod
    async def acquire(cls, url: str, application_name: str) -> JournalSource:
        key = (id(asyncio.get_running_loop()), url)
        source = cls._open.get(key)
        if source is None:
            source = cls._open[key] = cls(url, application_name)
        source._users += 1
        try:
            await source._start()
        except BaseException:
            await source.release()
            raise
        return source

    async def release(self) -> None:
        self._users -= 1
        if self._users > 0:
            return
        self._open.pop((id(self._loop), self._url), None)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 5)
            except TimeoutError:
                self._pool.terminate()

    async def _start(self) -> None:
        if self._task is not None:
            return
        if self._pool is None:
            # Assigned before the first await: a second user must not make a second pool.
            self._pool = asyncpg.create_pool(
                plain_url(self._url),
                min_size=0,
                max_size=3,
                reset=_keep,
                timeout=10,
                command_timeout=30,
                server_settings={
                    "application_name": self._name,
                    "statement_timeout": "30000",
                    "default_transaction_read_only": "on",
                    "timezone": "UTC",
                },
            )
            self._task = self._loop.create_task(self._watch(), name="journal-tail")
        await self._pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        async with self._pool.acquire() as connection:
            yield connection

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def poke(self) -> None:
        """Something was committed in this process: look now rather than at the next turn."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._poke.set)

    async def _watch(self) -> None:
        """Poll: fast while there is news, slower and slower when there is none."""
        forget = journal.on_published(self.poke)
        interval = _FASTEST
        try:
            while True:
                try:
                    news = await self._poll()
                except Exception as error:
                    log.warning("journal does not answer", error=describe(error))
                    await asyncio.sleep(1)
                    continue
                interval = _FASTEST if news else min(interval * 2, _SLOWEST)
                if await self._nap(interval):
                    interval = _FASTEST
        finally:
            forget()

    async def _nap(self, seconds: float) -> bool:
        """Whether the sleep was cut short by a commit."""
        try:
            await asyncio.wait_for(self._poke.wait(), seconds)
        except TimeoutError:
            return False
        # Commits come in bursts: one look for all of them.
        await asyncio.sleep(0.002)
        self._poke.clear()
        return True

    async def _poll(self) -> bool:
        await self._pool
        async with self.connection() as connection:
            row = await connection.fetchrow(_NEWS, str(self._lo))
        self.answered_at = time.monotonic()
        lo, hi, topics = self._lo, row["hi"], frozenset(row["topics"] or ())
        # Never back: a journal that was restored is noticed by the lanes, which compare it with their cursors.
        self._lo = max(lo, hi)
        for listener in tuple(self._listeners):
            listener(topics, lo, hi)
        return bool(topics)
