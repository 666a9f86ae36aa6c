"""Working days (工作日): official exceptions per year; a year without them is provisional and says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from gf_policy.files import PolicyFile, check_schema, read_yaml
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


def read_calendar(root: Path) -> Calendar:
    years: dict[int, dict[date, bool]] = {}
    for path in sorted((root / "calendars").glob("[0-9]*.yaml")):
        file = read_yaml(root, f"calendars/{path.name}")
        check_schema(root, file, "calendar")
        if path.name != f"{file.data['year']}.yaml":
            raise file.fault("文件名应为年份。", "year")
        years[file.data["year"]] = {**_days(file, "days_off", False), **_days(file, "working_weekends", True)}
    guess = read_yaml(root, "calendars/guess.yaml")
    check_schema(root, guess, "calendar-guess")
    fixed = {(int(day["day"][:2]), int(day["day"][3:])): day["name"] for day in guess.data["fixed_days"]}
    return Calendar(years, fixed)


def _days(file: PolicyFile, key: str, working: bool) -> dict[date, bool]:
    days: dict[date, bool] = {}
    for index, entry in enumerate(file.data[key]):
        try:
            day = date.fromisoformat(entry["date"])
        except ValueError:
            raise file.fault(f"没有“{entry['date']}”这一天。", key, index) from None
        if day.year != file.data["year"] or day in days:
            raise file.fault(f"“{day}”不在本年，或重复。", key, index)
        if working and day.weekday() < 5:
            raise file.fault(f"“{day}”不是周末，不需要写成调休上班。", key, index)
        days[day] = working
    return days
