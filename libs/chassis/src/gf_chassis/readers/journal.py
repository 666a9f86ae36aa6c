"""The standalone adapter 单机读取: a group reads the producers' journals where they lie, with positions of its own.

Same records, same order, real lag; nothing is kept in memory that a crash could lose. Cursors lie in the consumer's
own database, one per group and topic.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text

from gf_chassis.database import Database
from gf_chassis.readers.port import Batch, Lane, LaneState, ReaderState, Record
from gf_chassis.readers.tail import JournalSource
from gf_chassis.readers.window import Cursor, JournalWindowReader

_LOAD: Final = text(
    "select topic, lo, hi, last_id, max_id, system_id from journal_cursor where grp = :grp and producer = :producer"
)
_SAVE: Final = text(
    "insert into journal_cursor (grp, producer, topic, lo, hi, last_id, max_id, system_id)"
    " values (:grp, :producer, :topic, :lo, :hi, :last_id, :max_id, :system_id)"
    " on conflict (grp, producer, topic) do update set lo = excluded.lo, hi = excluded.hi,"
    " last_id = excluded.last_id, max_id = excluded.max_id, system_id = excluded.system_id,"
    " updated_at = clock_timestamp()"
)


@dataclass(slots=True)
class _Lane:
    lane: Lane
    producer: str
    source: JournalSource
    window: JournalWindowReader
    #: What is known to have taken effect.
    done: Cursor
    saved: Cursor
    awake: bool = True
    paused: bool = False
    #: How often the watcher had news: a read that found nothing may only rest if none came meanwhile.
    wakes: int = 0
    #: A batch was handed out and is not yet committed.
    busy: bool = False


class JournalReader:
    """Reader port over the journals of the producers."""

    def __init__(
        self,
        group: str,
        topics: Sequence[str],
        database: Database,
        journal_urls: Mapping[str, str],
        *,
        owner: Callable[[str], str],
        max_records: int = 500,
    ) -> None:
        self.state = ReaderState()
        self._group = group
        self._topics = tuple(topics)
        self._database = database
        self._urls = journal_urls
        self._owner = owner
        self._max_records = max_records
        self._lanes: dict[Lane, _Lane] = {}
        self._sources: dict[str, JournalSource] = {}
        self._forget: list[Callable[[], None]] = []
        self._wake = asyncio.Event()

    async def start(self) -> None:
        by_producer: dict[str, list[str]] = {}
        for topic in self._topics:
            by_producer.setdefault(self._owner(topic), []).append(topic)
        for producer, topics in by_producer.items():
            await self._attach(producer, topics)
        self._wake.set()

    async def _attach(self, producer: str, topics: Sequence[str]) -> None:
        if producer not in self._urls:
            raise LookupError(f"{self._group} reads {', '.join(topics)}, but the journal of {producer} has no address")
        source = await JournalSource.acquire(self._urls[producer], f"greenladder-reader-{producer}")
        self._sources[producer] = source
        async with self._database.reading() as session:
            found = await session.execute(_LOAD, {"grp": self._group, "producer": producer})
            cursors = {row[0]: Cursor(*row[1:]) for row in found}
        now = time.monotonic()
        for topic in topics:
            cursor = cursors.get(topic, Cursor())
            window = JournalWindowReader(cursor, topic=topic, name=f"{self._group}/{topic}")
            async with source.connection() as connection:
                await window.verify(connection)
            lane = Lane(topic)
            self._lanes[lane] = _Lane(lane, producer, source, window, done=window.cursor, saved=cursor)
            self.state.lanes[lane] = LaneState(now, now)
        self._forget.append(source.listen(self._listener(producer)))

    def _listener(self, producer: str) -> Callable[[frozenset[str], int, int], None]:
        mine = [lane for lane in self._lanes.values() if lane.producer == producer]

        def news(topics: frozenset[str], lo: int, hi: int) -> None:
            now = time.monotonic()
            for lane in mine:
                self.state.lanes[lane.lane].answered_at = now
                if lane.lane.topic in topics or (not lane.awake and lane.window.cursor.hi < lo):
                    lane.wakes += 1
                    lane.awake = True
                    self._wake.set()
                elif not lane.awake:
                    lane.window.skip_to(hi)

        return news

    async def read(self, timeout: float) -> list[Batch]:
        deadline = time.monotonic() + timeout
        while True:
            self._wake.clear()
            batches = await self._fetch()
            left = deadline - time.monotonic()
            if batches or left <= 0:
                return batches
            try:
                await asyncio.wait_for(self._wake.wait(), left)
            except TimeoutError:
                return []

    async def _fetch(self) -> list[Batch]:
        batches: list[Batch] = []
        room = self._max_records
        for lane in list(self._lanes.values()):
            if not lane.awake or lane.paused or lane.busy or room <= 0:
                continue
            wakes = lane.wakes
            async with lane.source.connection() as connection:
                rows = await lane.window.next(connection, room)
            state = self.state.lanes[lane.lane]
            state.answered_at = time.monotonic()
            cursor = lane.window.cursor
            if not rows:
                lane.awake = lane.wakes != wakes
                lane.done = cursor
                state.lag, state.advanced_at = 0, state.answered_at
                continue
            room -= len(rows)
            lane.busy = True
            state.lag = cursor.max_id - cursor.last_id + len(rows)
            batches.append(Batch(lane.lane, [_record(row) for row in rows], 0, cursor))
        return batches

    def current(self, batch: Batch) -> bool:
        return batch.lane in self._lanes

    async def commit(self, batches: Sequence[Batch]) -> None:
        now = time.monotonic()
        for batch in batches:
            lane = self._lanes[batch.lane]
            assert isinstance(batch.mark, Cursor)
            lane.done = batch.mark
            lane.busy = False
            state = self.state.lanes[batch.lane]
            state.advanced_at = now
            state.lag = batch.mark.max_id - batch.mark.last_id
        await self._save()

    async def _save(self) -> None:
        changed = {lane.lane: lane.done for lane in self._lanes.values() if lane.done != lane.saved}
        if not changed:
            return
        values = [_values(self._group, self._lanes[lane]) for lane in changed]
        async with self._database.unit_of_work() as uow:
            await uow.session.execute(_SAVE, values)
            await uow.commit()
        for lane, done in changed.items():
            # What another batch has done meanwhile is not in it.
            self._lanes[lane].saved = done

    def hold(self) -> None:
        """Lanes are never given away here."""

    def release(self) -> None:
        """Lanes are never given away here."""

    def pause(self, lane: Lane) -> None:
        self._lanes[lane].paused = True

    def resume(self, lane: Lane) -> None:
        self._lanes[lane].paused = False
        self._wake.set()

    def stale(self, after: float) -> str:
        """The watcher reconnects by itself; nothing would be gained by building the reader anew."""
        return ""

    async def stop(self) -> None:
        for forget in self._forget:
            forget()
        self._forget.clear()
        # Whatever goes wrong here, the cursor is only older: a restart reads duplicates.
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._save(), 5)
        for source in self._sources.values():
            await source.release()
        self._sources.clear()
        self._lanes.clear()
        self.state.lanes.clear()


def _values(group: str, lane: _Lane) -> dict[str, Any]:
    at = lane.done
    return {
        "grp": group,
        "producer": lane.producer,
        "topic": lane.lane.topic,
        "lo": at.lo,
        "hi": at.hi,
        "last_id": at.last_id,
        "max_id": at.max_id,
        "system_id": at.system_id,
    }


def _record(row: Any) -> Record:
    return Record(
        topic=row["topic"],
        key=row["key"],
        number=row["number"],
        type=row["message_type"],
        time=row["recorded_at"],
        payload=row["payload"],
        traceparent=row["trace"] or None,
    )
