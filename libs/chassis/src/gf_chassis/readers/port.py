"""The reader port 读取端口: what a consumer needs of a transport, whichever it is.

A *lane* is what keeps an order and a progress of its own: a partition of a topic in Kafka, a topic of a producer's
journal in standalone. Records of one key always come through one lane, in the order in which they were written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from google.protobuf.message import Message


class Lane(NamedTuple):
    topic: str
    partition: int = 0

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


@dataclass(slots=True)
class Record:
    """One record as the transport delivered it, not yet decoded."""

    topic: str
    key: str
    number: int
    type: str
    time: datetime
    payload: bytes
    traceparent: str | None = None
    #: Why the envelope could not be read; such a record blocks nothing but itself.
    problem: str = ""
    #: Set once it was decoded, so that a retry does not pay again.
    message: Message | None = None

    @property
    def id(self) -> str:
        return f"{self.key}:{self.number}"


@dataclass(slots=True)
class Batch:
    """A run of records of one lane. ``mark`` is the reader's own note of the progress behind it."""

    lane: Lane
    records: list[Record]
    #: Changes whenever the lane was given away; a batch of an older epoch must be dropped.
    epoch: int
    mark: object = None


@dataclass(slots=True)
class LaneState:
    """Progress of one lane, for readiness and metrics (monotonic seconds)."""

    #: When the transport last answered for this lane, with or without records.
    answered_at: float
    #: When the lane last got a batch behind it, or was last seen without lag.
    advanced_at: float
    #: Records known to wait; None where it is not known.
    lag: int | None = None


@dataclass
class ReaderState:
    lanes: dict[Lane, LaneState] = field(default_factory=dict)


class Reader(Protocol):
    """``read`` gives batches, ``commit`` records that they are behind us; until then the lane gives no other.

    Several batches may be out at a time. One task reads; whoever has a batch commits it.
    """

    state: ReaderState

    async def start(self) -> None:
        """Connect; returns when reading can begin, raises Transient when it cannot yet."""

    async def read(self, timeout: float) -> list[Batch]:
        """What has come, one batch a lane, none of a lane that has one out; waits ``timeout`` seconds at most."""

    def current(self, batch: Batch) -> bool:
        """Whether the lane is still ours since the batch was read."""

    async def commit(self, batches: Sequence[Batch]) -> None:
        """The batches took effect. Lanes that were lost meanwhile are left out: their new owner skips duplicates."""

    def hold(self) -> None:
        """Batches that were kept are in work again: lanes may not be given away until ``release``."""

    def release(self) -> None:
        """Nothing is in work now: lanes may be given away."""

    def pause(self, lane: Lane) -> None:
        """Give no batch of this lane until it is resumed."""

    def resume(self, lane: Lane) -> None:
        """Go on with the lane."""

    def stale(self, after: float) -> str:
        """Why the reader should be built anew: nothing was heard for so many seconds. Empty: all is well."""

    async def stop(self) -> None:
        """Leave. Bounded in time, whatever the other side does."""
