"""Published limits per product (国家强制性能耗限额, 工业用水定额): functions with dates, not numbers.

An edition holds from its effective date until the next one of the same product. Corrections come from a closed set:
``per_point`` adds so much per point that a parameter lies off its reference, ``times_if`` multiplies where a parameter
is not zero. What a standard corrects otherwise is named in ``not_modelled`` and shown with the result.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from gf_policy.errors import PolicyError
from gf_policy.files import PolicyFile, check_schema, read_yaml, source_of
from gf_policy.model import Source

FOLDER = "reference"
#: Said of a product whose second level is not printed; the third stands in as its baseline.
LEVEL_2_ABSENT = "level_2_absent"
NOT_MODELLED = "correction_not_modelled"


@dataclass(frozen=True, slots=True)
class Correction:
    """One correction of the printed levels by a parameter of the product."""

    op: Literal["per_point", "times_if"]
    parameter: str
    reference: Fraction
    #: By level; per_point: added per point, times_if: the factor.
    by_level: Mapping[int, Fraction]


class LimitLevels(NamedTuple):
    """Lead and baseline of one product as they hold for it, and what a reader has to know."""

    lead: Fraction
    baseline: Fraction
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limit:
    """One product of one edition of a standard."""

    code: str
    name: str
    kind: str
    unit: str
    standard: str
    effective: date
    #: 1: lead, 2: baseline, 3: what is lawful. Water has 1 (先进值) and 2 (通用值).
    levels: Mapping[int, Fraction]
    corrections: tuple[Correction, ...]
    not_modelled: tuple[str, ...]
    key_industries: tuple[str, ...]
    certainty: str
    source: Source

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(correction.parameter for correction in self.corrections)

    def at(self, parameters: Mapping[str, Fraction]) -> LimitLevels | str:
        """The levels for these parameters, or the code of a parameter that is needed and missing."""
        for correction in self.corrections:
            if correction.op == "per_point" and correction.parameter not in parameters:
                return correction.parameter
        baseline = 2 if 2 in self.levels else 3
        flags = (*([LEVEL_2_ABSENT] if baseline == 3 else []), *([NOT_MODELLED] if self.not_modelled else []))
        return LimitLevels(self._level(1, parameters), self._level(baseline, parameters), flags)

    def _level(self, level: int, parameters: Mapping[str, Fraction]) -> Fraction:
        value = self.levels[level]
        for correction in self.corrections:
            step = correction.by_level.get(level)
            given = parameters.get(correction.parameter)
            if step is None or given is None:
                continue
            if correction.op == "per_point":
                value += step * (given - correction.reference)
            elif given != 0:
                value *= step
        return value


class LimitTable:
    """Every limit there is; which edition holds follows from the evaluation year."""

    def __init__(self, limits: Sequence[Limit]) -> None:
        self._by_code: dict[str, list[Limit]] = {}
        for limit in sorted(limits, key=lambda one: one.effective):
            self._by_code.setdefault(limit.code, []).append(limit)

    def __iter__(self) -> Iterator[Limit]:
        for editions in self._by_code.values():
            yield from editions

    def editions(self, code: str) -> tuple[Limit, ...]:
        return tuple(self._by_code.get(code, ()))

    def find(self, code: str, year: int) -> Limit | None:
        """The edition in force at the end of ``year``; None for an unknown product or before the first edition."""
        last = date(year, 12, 31)
        found = [limit for limit in self._by_code.get(code, ()) if limit.effective <= last]
        return found[-1] if found else None


def read_limits(root: Path) -> LimitTable:
    """``reference/*.yaml``, checked."""
    files = [read_yaml(root, f"{FOLDER}/{path.name}") for path in sorted((root / FOLDER).glob("*.yaml"))]
    for file in files:
        check_schema(root, file, "limits")
    return _table(tuple(files))


@lru_cache(maxsize=16)
def _table(files: tuple[PolicyFile, ...]) -> LimitTable:
    """Known by its files: it is asked for several times, and most copies of the folder have the same ones."""
    limits: list[Limit] = []
    seen: set[tuple[str, date]] = set()
    for file in files:
        for number, standard in enumerate(file.data["standards"]):
            for index, row in enumerate(standard["products"]):
                limit = _limit(file, standard, row, ("standards", number, "products", index))
                if (limit.code, limit.effective) in seen:
                    raise file.fault(f"“{limit.code}”在同一日期有两个版本。", "standards", number, "products", index)
                seen.add((limit.code, limit.effective))
                limits.append(limit)
    return LimitTable(limits)


def _limit(file: PolicyFile, standard: Mapping[str, Any], row: Mapping[str, Any], where: tuple[Any, ...]) -> Limit:
    levels = {int(level): Fraction(value) for level, value in row["levels"].items()}
    if 1 not in levels or not (2 in levels or 3 in levels):
        raise PolicyError(file.name, f"“{row['code']}”缺少 1 级，或 2 级、3 级都没有。", file.line(where))
    ordered = [levels[level] for level in sorted(levels)]
    # Steel converters print a second level that is stricter than nothing, never one better than the first.
    if any(value < levels[1] for value in ordered):
        raise PolicyError(file.name, f"“{row['code']}”的 1 级不是最严的一级。", file.line(where))
    return Limit(
        code=row["code"],
        name=row["name"],
        kind=file.data["kind"],
        unit=row["unit"],
        standard=standard["number"],
        effective=date.fromisoformat(standard["effective"]),
        levels=levels,
        corrections=tuple(_correction(each) for each in row.get("corrections", ())),
        not_modelled=tuple(row.get("not_modelled", ())),
        key_industries=tuple(row.get("key_industries", ())),
        certainty=file.data["certainty"],
        source=source_of(standard),
    )


def _correction(row: Mapping[str, Any]) -> Correction:
    return Correction(
        op=row["op"],
        parameter=row["parameter"],
        reference=Fraction(row.get("reference", 0)),
        by_level={int(level): Fraction(value) for level, value in row["by_level"].items()},
    )
