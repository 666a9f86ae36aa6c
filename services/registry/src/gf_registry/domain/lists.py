"""A list (名单) of green units: `<level>:<authority>:<category>` (GD art. 2: national, provincial, city)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from .errors import DomainError

LEVELS = ("national", "provincial", "city")
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, order=True)
class ListId:
    level: str
    authority: str
    category: str

    @classmethod
    def parse(cls, text: str) -> ListId:
        parts = text.split(":")
        if len(parts) != 3 or not all(parts) or parts[0] not in LEVELS:
            raise DomainError(
                "unknown_list", "名单编号应为“层级:主管部门:类别”，层级为 national、provincial 或 city。", rule="GD-2"
            )
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.level}:{self.authority}:{self.category}"


@dataclass(slots=True)
class GreenList:
    """The row on which all changes of one list serialise.

    `position` counts the changes of the list without gaps; `recorded_at` of a later position is always later.
    "As known at" is such a position (or an instant that is mapped to one).
    """

    id: ListId
    position: int = 0
    recorded_at: datetime | None = None
    editions: int = 0
    event_number: int = 0

    def record(self, now: datetime) -> Recorded:
        """The next position, with an instant that only grows even where the clock steps back."""
        if now.tzinfo is None:
            raise ValueError("naive instant")
        self.position += 1
        if self.recorded_at is not None and now <= self.recorded_at:
            now = self.recorded_at + _TICK
        self.recorded_at = now
        return Recorded(self.position, now)

    def next_event(self) -> int:
        self.event_number += 1
        return self.event_number

    def next_edition(self) -> int:
        self.editions += 1
        return self.editions


@dataclass(frozen=True, slots=True)
class Recorded:
    position: int
    at: datetime
