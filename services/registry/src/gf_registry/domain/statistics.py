"""Statistics as DM annex 1 counts them: on the national and the provincial list, or on the provincial one only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stand:
    """That so many units stand on lists of these levels on the day asked for."""

    place: str
    category: str
    levels: frozenset[str]
    units: int = 1


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
    rows: dict[tuple[str, str], Row] = {}
    for one in stands:
        row = rows.setdefault((one.place, one.category), Row(one.place, one.category))
        if {"national", "provincial"} <= one.levels:
            row.national_and_provincial += one.units
        elif "provincial" in one.levels:
            row.provincial_only += one.units
        elif "national" in one.levels:
            row.national_only += one.units
    return [rows[key] for key in sorted(rows)]
