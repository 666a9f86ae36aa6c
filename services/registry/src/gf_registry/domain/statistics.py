"""Statistics as DM annex 1 counts them: on the national and the provincial list, or on the provincial one only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stand:
    """That a unit stands on a list of a level on the day asked for."""

    unit: str
    place: str
    category: str
    level: str


@dataclass(slots=True)
class Row:
    place: str
    category: str
    #: 国家级、省级
    national_and_provincial: int = 0
    #: 省级
    provincial_only: int = 0
    #: On the national list alone: no column in DM annex 1, shown so that nothing vanishes.
    national_only: int = 0


def count(stands: Iterable[Stand]) -> list[Row]:
    levels: dict[tuple[str, str, str], set[str]] = {}
    for s in stands:
        levels.setdefault((s.place, s.category, s.unit), set()).add(s.level)
    rows: dict[tuple[str, str], Row] = {}
    for (place, category, _unit), on in levels.items():
        row = rows.setdefault((place, category), Row(place, category))
        if {"national", "provincial"} <= on:
            row.national_and_provincial += 1
        elif "provincial" in on:
            row.provincial_only += 1
        elif "national" in on:
            row.national_only += 1
    return [rows[key] for key in sorted(rows)]
