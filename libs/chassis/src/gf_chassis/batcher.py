"""Natural batching 自然成批: while groups are being written, the next one gathers. No timers.

An idle caller waits for nothing; under load up to ``cap`` callers share one transaction. The flush function answers
for each item on its own: a value, or the exception that this item's caller gets.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from gf_chassis.errors import Transient

In = TypeVar("In")
Out = TypeVar("Out")

#: Turns of the loop without a new item until what has arrived is believed to be here: a request takes a few to come
#: from the socket to the queue.
_QUIET: Final = 5

Flush = Callable[[Sequence[In]], Awaitable[Sequence[Out | BaseException]]]


class Batcher(Generic[In, Out]):
    """Group commit for one kind of request."""

    def __init__(
        self, flush: Flush[In, Out], *, cap: int = 200, waiting_limit: int = 2000, flushers: int = 1, worth: int = 16
    ) -> None:
        self._flush = flush
        self.cap = cap
        self._limit = waiting_limit
        #: With two, one group is computed while the other waits for the database. Only for a group that is `worth` it:
        #: what a transaction costs is shared by all in it, so beside one under way a small group rather grows.
        self._flushers = flushers
        self._worth = worth
        self._waiting: deque[tuple[In, asyncio.Future[Out]]] = deque()
        self._running: set[asyncio.Task[None]] = set()
        #: Items of the groups under way.
        self._under_way = 0
        self._closing = False

    async def submit(self, item: In) -> Out:
        """Wait until the item's group is committed, and get its answer."""
        if self._closing or len(self._waiting) >= self._limit:
            raise Transient("服务繁忙，请稍后重试。", retry_after=1)
        future: asyncio.Future[Out] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if not self._running or (len(self._running) < self._flushers and self._enough()):
            self._running.add(asyncio.create_task(self._run(), name="batcher"))
        # A caller that goes away does not undo the group; its answer is lost, a retry with its key finds it.
        return await future

    async def _run(self) -> None:
        try:
            while True:
                await self._settled()
                # Whoever runs alone takes what there is, so nothing is left lying.
                if not self._waiting or (len(self._running) > 1 and not self._enough()):
                    return
                group = [self._waiting.popleft() for _ in range(min(self.cap, len(self._waiting)))]
                self._under_way += len(group)
                try:
                    await self._flush_group(group)
                finally:
                    self._under_way -= len(group)
        finally:
            # At once, not in a callback: whoever comes after the last look at the queue must start a new flusher.
            task = asyncio.current_task()
            assert task is not None
            self._running.discard(task)

    async def _settled(self) -> None:
        """Let the loop first take in what has already arrived."""
        quiet = 0
        while quiet < _QUIET and len(self._waiting) < self.cap:
            before = len(self._waiting)
            await asyncio.sleep(0)
            quiet = 0 if len(self._waiting) > before else quiet + 1

    def _enough(self) -> bool:
        """Whether a group is worth a transaction of its own beside those under way."""
        return len(self._waiting) >= max(self._worth, self._under_way)

    async def _flush_group(self, group: Sequence[tuple[In, asyncio.Future[Out]]]) -> None:
        answers: Sequence[Out | BaseException]
        try:
            answers = await self._flush([item for item, _ in group])
            if len(answers) != len(group):
                raise RuntimeError(f"flush answered {len(answers)} of {len(group)} items")
        except Exception as error:
            answers = [error] * len(group)
        for (_, future), answer in zip(group, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, BaseException):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    async def close(self) -> None:
        """Take nothing more, finish what was taken."""
        self._closing = True
        while running := {task for task in self._running if not task.done()}:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait(running)
