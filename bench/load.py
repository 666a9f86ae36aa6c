"""Closed-loop HTTP load: so many connections, each with its next request as soon as it has its answer."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator, Sequence


class _Connection(asyncio.Protocol):
    """Answers are small and come with Content-Length; one is in flight per connection."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        request = next(self._load.requests, None)
        if request is None:
            self._transport.close()
            self._load.ended()
        else:
            self._transport.write(request)

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
        self._load.answered(buffer[9:12], buffer)
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
        for _ in range(self._connections):
            await loop.create_connection(lambda: _Connection(self), "127.0.0.1", port)
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
