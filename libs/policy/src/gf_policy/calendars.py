"""Working days (工作日): official exceptions per year; a year without them is provisional and says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from gf_policy.model import WorkingDayResult


class Calendar:
    def __init__(self, years: Mapping[int, Mapping[date, bool]], guess: Mapping[tuple[int, int], str]) -> None:
        self._years = years
        self._guess = guess

    def is_working_day(self, day: date) -> bool:
        known = self._years.get(day.year)
        if known is None:
            return day.weekday() < 5 and (day.month, day.day) not in self._guess
        return known.get(day, day.weekday() < 5)

    def provisional(self, year: int) -> bool:
        return year not in self._years

    def add_working_days(self, start: date, days: int) -> WorkingDayResult:
        """The last of `days` working days counted from the day after `start`."""
        if days < 0:
            raise ValueError("days must not be negative")
        end, provisional = start, False
        while days > 0:
            end += timedelta(days=1)
            provisional = provisional or self.provisional(end.year)
            if self.is_working_day(end):
                days -= 1
        return WorkingDayResult(end, provisional)
