"""Events as a consumer sees them, and what it subscribes to (订阅)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal, TypeAlias

from google.protobuf.message import DecodeError, Message

from gf_chassis.database import UnitOfWork
from gf_chassis.errors import Poison
from gf_chassis.journal import first_unknown
from gf_chassis.readers.port import Record


@dataclass(frozen=True, slots=True)
class Event:
    """An event as a handler sees it: decoded, next of its key."""

    topic: str
    key: str
    number: int
    type: str
    id: str
    time: datetime
    message: Message
    traceparent: str | None = None


Handler: TypeAlias = Callable[[UnitOfWork, Event], Awaitable[None]]
#: Gets a run of events of one type, of any keys, in order.
BatchHandler: TypeAlias = Callable[[UnitOfWork, Sequence[Event]], Awaitable[None]]


@dataclass(frozen=True)
class Subscription:
    """One consumer group 消费组. A *process* makes facts and is never rebuilt; a *projection* (投影) can be.

    Types that are not named here advance the position and have no other effect. A type may have a handler, a batch
    handler, or both: then the batch handler takes the runs and the handler the single records after a failure.
    """

    group: str
    kind: Literal["process", "projection"]
    topics: tuple[str, ...]
    handlers: Mapping[type[Message], Handler] = field(default_factory=dict)
    batch_handlers: Mapping[type[Message], BatchHandler] = field(default_factory=dict)

    @cached_property
    def classes(self) -> dict[str, type[Message]]:
        """Message class by the name that travels as ``ce_type``."""
        return {cls.DESCRIPTOR.full_name: cls for cls in (*self.handlers, *self.batch_handlers)}

    @cached_property
    def single(self) -> dict[str, Handler]:
        return {cls.DESCRIPTOR.full_name: handler for cls, handler in self.handlers.items()}

    @cached_property
    def runs(self) -> dict[str, BatchHandler]:
        return {cls.DESCRIPTOR.full_name: handler for cls, handler in self.batch_handlers.items()}

    def decode(self, record: Record) -> Message | None:
        """The message; None for a type this group does not use; Poison for what no retry makes readable."""
        if record.problem:
            raise Poison(record.problem)
        cls = self.classes.get(record.type)
        if cls is None:
            return None
        if not record.payload:
            # b"" would parse as a message in which everything is zero.
            raise Poison(f"empty payload of {record.type}")
        try:
            message = cls.FromString(record.payload)
        except DecodeError as error:
            raise Poison(f"payload is not a {record.type}") from error
        unknown = first_unknown(message)
        if unknown:
            raise Poison(f"{record.type}.{unknown} has a value this version does not know")
        return message

    async def apply(self, uow: UnitOfWork, events: Sequence[Event]) -> None:
        """Run the handlers over events in their order; neighbours of one type go to the batch handler together."""
        start = 0
        while start < len(events):
            end = start + 1
            while end < len(events) and events[end].type == events[start].type:
                end += 1
            await self._apply_run(uow, events[start:end])
            start = end

    async def _apply_run(self, uow: UnitOfWork, events: Sequence[Event]) -> None:
        run = self.runs.get(events[0].type)
        one = self.single.get(events[0].type)
        if run is not None and (len(events) > 1 or one is None):
            uow.traceparent = events[0].traceparent if len(events) == 1 else ""
            await run(uow, events)
        elif one is not None:
            for event in events:
                uow.traceparent = event.traceparent
                await one(uow, event)
                # Journal lines of this event carry its trace, so they are written before the next one begins.
                if uow.pending:
                    await uow.flush()


def to_event(record: Record, message: Message) -> Event:
    return Event(
        record.topic, record.key, record.number, record.type, record.id, record.time, message, record.traceparent
    )
