"""Consumers of events: what a service subscribes to (订阅) and the runner that keeps the promises.

One event takes effect once, in order per key: position and effect are one transaction; offsets follow it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from google.protobuf.message import Message

from gf_chassis.database import UnitOfWork
from gf_chassis.errors import Poison, Transient

__all__ = ["BatchHandler", "Event", "Handler", "Poison", "Subscription", "Transient"]


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
#: Gets a run of events of one type, of any keys, in order. It runs before the single handlers of the batch.
BatchHandler: TypeAlias = Callable[[UnitOfWork, Sequence[Event]], Awaitable[None]]


@dataclass(frozen=True)
class Subscription:
    """One consumer group. A *process* makes facts and is never rebuilt; a *projection* (投影) can be."""

    group: str
    kind: Literal["process", "projection"]
    topics: tuple[str, ...]
    handlers: Mapping[type[Message], Handler] = field(default_factory=dict)
    batch_handlers: Mapping[type[Message], BatchHandler] = field(default_factory=dict)
