"""Bars (禁入): a ground of GD art. 17, or fraud (GD art. 22, three years), each with its source and date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from .errors import DomainError
from .machine import move


class BarState(StrEnum):
    IN_FORCE = "in_force"
    EXPIRED = "expired"
    LIFTED = "lifted"


TRANSITIONS: dict[BarState, frozenset[BarState]] = {
    BarState.IN_FORCE: frozenset({BarState.EXPIRED, BarState.LIFTED}),
    BarState.EXPIRED: frozenset(),
    BarState.LIFTED: frozenset(),
}


@dataclass(slots=True)
class Bar:
    id: UUID
    unit_id: UUID
    ground: str
    article: str
    #: Where the ground was found (信用中国, 国家企业信用信息公示系统 …) and when.
    source: str
    source_date: date
    from_: date
    #: First day on which it no longer bars; absent: until lifted.
    until: date | None
    reason: str
    state: BarState = BarState.IN_FORCE

    def __post_init__(self) -> None:
        if self.until is not None and self.until <= self.from_:
            raise DomainError("empty_bar", "禁入截止日期必须晚于起始日期。", rule="GD-17")

    def bars_on(self, day: date) -> bool:
        """Half-open: from the first day on, up to but without `until`."""
        return self.state is BarState.IN_FORCE and self.from_ <= day and (self.until is None or day < self.until)

    def expire(self, today: date) -> None:
        if self.until is None or today < self.until:
            raise DomainError("bar_not_over", "禁入期尚未届满。", status=409, rule="GD-17")
        self.state = move("禁入", TRANSITIONS, self.state, BarState.EXPIRED)

    def lift(self) -> None:
        self.state = move("禁入", TRANSITIONS, self.state, BarState.LIFTED)


def years_after(day: date, years: int) -> date:
    """The same day `years` later; 29 February becomes 1 March, so that the years are full ones."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)
