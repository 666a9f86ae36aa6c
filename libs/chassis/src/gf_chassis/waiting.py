"""Read-your-write across services: a GET may wait until this service's groups have reached an event (等待同步)."""

from __future__ import annotations

import asyncio
import time

from sqlalchemy import text
from starlette.requests import Request

from gf_chassis import positions
from gf_chassis.errors import FieldError, Rejected
from gf_chassis.journal import EventPosition
from gf_chassis.metrics import METRICS
from gf_chassis.runtime import ServiceRuntime
from gf_proto import TOPICS

MAX_SECONDS = 2.0
#: More waiting reads than this are answered at once: waiting must not eat the connections.
MAX_WAITING = 32

_WRITTEN = text("select 1 from journal where topic = :topic and key = :key and number = :number")


class PositionWaiter:
    """Waits for the positions named in ``Wait-For``; several may be given, separated by commas."""

    def __init__(self, runtime: ServiceRuntime, *, max_seconds: float = MAX_SECONDS) -> None:
        self.runtime = runtime
        self.max_seconds = max_seconds
        self._waiting = 0

    async def wait(self, request: Request) -> bool | None:
        """True when reached, False when the time was over, None when nothing was asked."""
        header = request.headers.get("wait-for")
        if header is None:
            return None
        reached = await self._poll(self.parse(header))
        METRICS.position_waits.labels(self.runtime.name, "reached" if reached else "timeout").inc()
        return reached

    def parse(self, header: str) -> list[EventPosition]:
        """The positions asked for; 422 where the header is not one or names a topic this service does not read."""
        parts = header.split(",")
        parsed = [EventPosition.parse(part) for part in parts]
        if len(parts) > 8 or any(position is None or position.number < 1 for position in parsed):
            raise _malformed("应为 <topic>/<key>/<number>，与写操作返回的 Event-Position 相同。")
        found = [position for position in parsed if position is not None]
        for position in found:
            topic = TOPICS.get(position.topic)
            if topic is None or not (topic.owner == self.runtime.name or self._groups(position.topic)):
                raise _malformed(f"本服务不读取主题 {position.topic[:60]}。")
        return found

    def _groups(self, topic: str) -> list[str]:
        return [subscription.group for subscription in self.runtime.subscriptions if topic in subscription.topics]

    async def _poll(self, asked: list[EventPosition]) -> bool:
        if self._waiting >= MAX_WAITING:
            return False
        self._waiting += 1
        deadline = time.monotonic() + self.max_seconds
        pause = 0.01
        try:
            left = asked
            while left := [position for position in left if not await self._reached(position)]:
                if time.monotonic() + pause > deadline:
                    return False
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, 0.05)
            return True
        finally:
            self._waiting -= 1

    async def _reached(self, position: EventPosition) -> bool:
        asked = {"topic": position.topic, "key": position.key, "number": position.number}
        groups = self._groups(position.topic)
        async with self.runtime.database.reading() as session:
            if TOPICS[position.topic].owner == self.runtime.name:
                written = (await session.execute(_WRITTEN, asked)).first() is not None
                if not written:
                    return False
            return await positions.reached(session, groups, position.topic, position.key, position.number)


def _malformed(detail: str) -> Rejected:
    text_ = f"请求头 Wait-For 无法使用：{detail}"
    return Rejected("malformed_wait_for", text_, errors=[FieldError("header:/Wait-For", "malformed", text_)])
