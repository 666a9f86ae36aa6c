"""Gates: what a group would read of a topic is kept back until the gate opens. Order and positions stay as they are.

A gate stands between the reader of a group and its consumer, so the group behaves as if the record were still on its
way: other topics go on, nothing is lost when the house stops meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from unittest.mock import patch

from gf_chassis import worker
from gf_chassis.events import Subscription
from gf_chassis.readers.port import Batch, Lane, Reader
from gf_chassis.runtime import ServiceRuntime

#: Every group.
ALL = "*"


class Gates:
    """Which topics are closed to which groups, and what waits there."""

    def __init__(self) -> None:
        self._closed: set[tuple[str, str]] = set()
        self._slow: dict[str, float] = {}
        self._readers: list[_GatedReader] = []

    @contextlib.contextmanager
    def installed(self) -> Iterator[Gates]:
        """Workers that start meanwhile read through the gates."""
        plain = worker.make_reader

        def gated(runtime: ServiceRuntime, subscription: Subscription) -> Reader:
            reader = _GatedReader(plain(runtime, subscription), subscription.group, self)
            self._readers.append(reader)
            return reader

        with patch.object(worker, "make_reader", gated):
            yield self

    def close(self, group: str, topic: str) -> None:
        self._closed.add((group, topic))

    def open(self, group: str, topic: str) -> None:
        self._closed.discard((group, topic))

    @contextlib.asynccontextmanager
    async def closed(self, *gates: tuple[str, str]) -> AsyncIterator[None]:
        for group, topic in gates:
            self.close(group, topic)
        try:
            yield
        finally:
            for group, topic in gates:
                self.open(group, topic)

    @contextlib.contextmanager
    def slow(self, topic: str, seconds: float) -> Iterator[None]:
        """Every batch of the topic comes late, at every group."""
        self._slow[topic] = seconds
        try:
            yield
        finally:
            del self._slow[topic]

    async def waiting(self, group: str, topic: str, key: str, type: str, *, seconds: float = 30.0) -> None:
        """Until such an event has come as far as the gate."""
        end = time.monotonic() + seconds
        while not any(reader.holds(group, topic, key, type) for reader in self._readers):
            if time.monotonic() > end:
                raise TimeoutError(f"no {type} of {key} at the gate of {group}")
            await asyncio.sleep(0.02)

    def is_closed(self, group: str, topic: str) -> bool:
        return bool({(group, topic), (ALL, topic)} & self._closed)

    def delay(self, topic: str) -> float:
        return self._slow.get(topic, 0.0)


class _GatedReader:
    """A reader whose batches wait at the gates. One batch a lane at most, as the port says."""

    def __init__(self, reader: Reader, group: str, gates: Gates) -> None:
        self._reader = reader
        self._group = group
        self._gates = gates
        self._kept: dict[Lane, tuple[float, Batch]] = {}
        self.state = reader.state

    def holds(self, group: str, topic: str, key: str, type: str) -> bool:
        return group == self._group and any(
            (record.topic, record.key) == (topic, key) and record.type.endswith(type)
            for _, batch in self._kept.values()
            for record in batch.records
        )

    async def read(self, timeout: float) -> list[Batch]:
        end = time.monotonic() + timeout
        while True:
            # Short steps: a gate may open meanwhile.
            for batch in await self._reader.read(min(0.05, max(0.0, end - time.monotonic()))):
                self._kept[batch.lane] = (time.monotonic() + self._gates.delay(batch.lane.topic), batch)
            ready = self._let_through()
            if ready or time.monotonic() >= end:
                return ready

    def _let_through(self) -> list[Batch]:
        now = time.monotonic()
        lanes = [
            lane
            for lane, (due, _) in self._kept.items()
            if due <= now and not self._gates.is_closed(self._group, lane.topic)
        ]
        return [self._kept.pop(lane)[1] for lane in lanes]

    async def start(self) -> None:
        await self._reader.start()

    def current(self, batch: Batch) -> bool:
        return self._reader.current(batch)

    async def commit(self, batches: Sequence[Batch]) -> None:
        await self._reader.commit(batches)

    def hold(self) -> None:
        self._reader.hold()

    def release(self) -> None:
        self._reader.release()

    def pause(self, lane: Lane) -> None:
        self._reader.pause(lane)

    def resume(self, lane: Lane) -> None:
        self._reader.resume(lane)

    def stale(self, after: float) -> str:
        return self._reader.stale(after)

    async def stop(self) -> None:
        self._kept.clear()
        await self._reader.stop()
