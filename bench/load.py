"""HTTP load. Closed loop: so many connections, each with its next request as soon as it has its answer. Open loop:
requests at random instants (Poisson) whatever the answers do, as from many senders who know nothing of each other."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


class _Connection(asyncio.Protocol):
    """Answers are small and come with Content-Length; one is in flight per connection."""

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data
        head = buffer.find(b"\r\n\r\n")
        if head < 0:
            self._buffer = buffer
            return
        place = buffer.lower().find(b"content-length:", 0, head)
        length = int(buffer[place + 15 : buffer.find(b"\r\n", place)])
        if len(buffer) < head + 4 + length:
            self._buffer = buffer
            return
        self._buffer = buffer[head + 4 + length :]
        self.answered(buffer[9:12], buffer)

    def answered(self, state: bytes, whole: bytes) -> None:
        raise NotImplementedError


class _Closed(_Connection):
    def __init__(self, load: Load) -> None:
        super().__init__()
        self._load = load

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._next()

    def _next(self) -> None:
        request = next(self._load.requests, None)
        if request is None:
            self.transport.close()
            self._load.ended()
        else:
            self.transport.write(request)

    def answered(self, state: bytes, whole: bytes) -> None:
        self._load.answered(state, whole)
        self._next()


class Load:
    """One run."""

    def __init__(self, requests: Sequence[bytes], connections: int, warm: int) -> None:
        self.requests: Iterator[bytes] = iter(requests)
        self._open = self._connections = connections
        self._warm, self._count = warm, 0
        self._started = self._last = 0.0
        self._states: Counter[bytes] = Counter()
        self._sample = b""
        self._done = asyncio.Event()

    async def run(self, port: int) -> float:
        """Answers per second after the warm-up; anything but 201 is an error."""
        loop = asyncio.get_running_loop()
        self._started = time.perf_counter()
        for _ in range(self._connections):
            await loop.create_connection(lambda: _Closed(self), "127.0.0.1", port)
        await asyncio.wait_for(self._done.wait(), 300)
        if set(self._states) != {b"201"}:
            raise RuntimeError(f"answers {dict(self._states)}: {self._sample[:2000]!r}")
        return (self._count - self._warm) / (self._last - self._started)

    def answered(self, state: bytes, whole: bytes) -> None:
        self._states[state] += 1
        if state != b"201":
            self._sample = self._sample or whole
        self._count += 1
        self._last = time.perf_counter()
        if self._count == self._warm:
            self._started = self._last

    def ended(self) -> None:
        self._open -= 1
        if self._open == 0:
            self._done.set()


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer of an open loop. Seconds from when the request was due, so that a late sender hides nothing."""

    due: float
    at: float
    state: bytes
    whole: bytes


class _Open(_Connection):
    due = 0.0

    def __init__(self, load: OpenLoad) -> None:
        super().__init__()
        self._load = load

    def answered(self, state: bytes, whole: bytes) -> None:
        self._load.answers.append(Answered(self.due, time.perf_counter(), state, whole))
        self._load.free.append(self)


class OpenLoad:
    """One run: requests at `rate` a second until they are all sent.

    A sender that was itself held up catches up at once, as senders of their own would have sent meanwhile; not so with
    `held_up`: then the rest is sent at the same rate, later, for many at once are another load than so many a second.
    """

    def __init__(self, requests: Sequence[bytes], rate: float, seed: int = 2025, *, held_up: float = 0.0) -> None:
        self._requests = requests
        self._rate = rate
        #: Seconds behind which the plan is moved; 0: never.
        self._held_up = held_up
        self._chance = random.Random(seed)
        self.answers: list[Answered] = []
        self.free: list[_Open] = []
        self._all: list[_Open] = []

    async def run(self, port: int) -> list[Answered]:
        loop = asyncio.get_running_loop()
        due = time.perf_counter()
        for request in self._requests:
            due += self._chance.expovariate(self._rate)
            if self._held_up:
                due = max(due, time.perf_counter() - self._held_up)
            # Also where it is late: answers that have come make their connections free.
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            if not self.free:
                _, made = await loop.create_connection(lambda: _Open(self), "127.0.0.1", port)
                self._all.append(made)
            else:
                made = self.free.pop()
            made.due = due
            made.transport.write(request)
        for _ in range(600):
            if len(self.answers) == len(self._requests):
                break
            await asyncio.sleep(0.1)
        for one in self._all:
            one.transport.close()
        return self.answers
