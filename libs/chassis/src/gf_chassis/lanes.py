"""Lanes that wait 等待重试的分道: a batch that met a passing trouble is kept and tried again; the other lanes go on."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gf_chassis.faults import describe
from gf_chassis.readers.port import Batch, Lane, Reader


@dataclass(slots=True)
class _Waiting:
    batch: Batch
    attempt: int
    #: Monotonic seconds.
    due: float
    #: It is being tried again.
    in_work: bool = False


class WaitingLanes:
    """Those of one consumer. A lane that waits is paused at the reader, so its records stay in order."""

    def __init__(self, reader: Reader, backoff: Callable[[int], float], log: Any) -> None:
        self._reader = reader
        self._backoff = backoff
        self._log = log
        self._lanes: dict[Lane, _Waiting] = {}

    def __bool__(self) -> bool:
        return bool(self._lanes)

    def postpone(self, batches: Sequence[Batch], error: Exception) -> None:
        """Keep the batches, and leave their lanes alone for a while; each time for longer."""
        for batch in batches:
            before = self._lanes.get(batch.lane)
            attempt = before.attempt + 1 if before else 1
            wait = self._backoff(attempt)
            self._lanes[batch.lane] = _Waiting(batch, attempt, time.monotonic() + wait)
            self._reader.pause(batch.lane)
            self._log.warning(
                "lane waits", lane=str(batch.lane), attempt=attempt, seconds=round(wait, 2), error=describe(error)
            )

    def due(self) -> list[Batch]:
        """What is to be tried again now; it counts as out at the reader."""
        now = time.monotonic()
        for lane, waiting in list(self._lanes.items()):
            if not self._reader.current(waiting.batch):
                # Given to another consumer meanwhile; if it came back, its records are read again.
                del self._lanes[lane]
                self._reader.resume(lane)
        due = [waiting for waiting in self._lanes.values() if waiting.due <= now and not waiting.in_work]
        for waiting in due:
            waiting.in_work = True
        if due:
            self._reader.hold()
        return [waiting.batch for waiting in due]

    def settled(self, lane: Lane) -> None:
        """The lane's batch has taken effect."""
        if self._lanes.pop(lane, None) is not None:
            self._reader.resume(lane)

    def patience(self, most: float) -> float:
        """Seconds until the next batch is due, ``most`` at most."""
        now = time.monotonic()
        waits = [waiting.due - now for waiting in self._lanes.values() if not waiting.in_work]
        return max(0.0, min([most, *waits]))

    def clear(self) -> None:
        """The reader is built anew: what waited is read again."""
        self._lanes.clear()
