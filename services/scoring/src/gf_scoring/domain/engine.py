"""The scoring engine (评分): facts and a compiled ruleset give points, line by line, exactly.

A line without lead or baseline, value or denominator is *not scorable*: never zero, never full. Qualitative lines wait
for a reviewer's mark, whatever was uploaded. A ruleset is compiled once (`steps`), and written out as straight-line
code for the forms that state everything (`straight`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gf_scoring.domain.lines import (
    MISSING,
    NOT_APPLICABLE,
    WRONG_UNIT,
    Absent,
    Branch,
    FactKey,
    Facts,
    FactValue,
    Line,
    LineState,
    Marks,
    Product,
    Products,
    Value,
)
from gf_scoring.domain.numbers import half_up, whole, whole_of
from gf_scoring.domain.rules import Band, Formula, Indicator, Ruleset
from gf_scoring.domain.steps import compile_step, out_of_physical_range
from gf_scoring.domain.straight import straight_line

__all__ = [
    "ENGINE_VERSION",
    "MISSING",
    "NOT_APPLICABLE",
    "WRONG_UNIT",
    "Absent",
    "Branch",
    "FactKey",
    "FactValue",
    "Facts",
    "Line",
    "LineState",
    "Marks",
    "Product",
    "Products",
    "Score",
    "Scorer",
    "Value",
    "reads",
]

#: Raised whenever the same facts could give another sheet.
ENGINE_VERSION = "2"


class Score(NamedTuple):
    """The result for one submission."""

    scorable: bool
    #: In units of 10^-scale; bonus included.
    total: int | None
    lines: Sequence[Line]
    #: Weight of the lines that apply, and of those that can be or were scored, times 10¹².
    applicable: int
    covered: int
    #: Bonus (附加项) in the total, in units of 10^-scale.
    bonus: int = 0


class Scorer:
    """A ruleset with its lead and baseline values for one campaign year, ready to score."""

    def __init__(self, ruleset: Ruleset, benchmarks: Mapping[str, tuple[Decimal, Decimal]], campaign_year: int) -> None:
        self.ruleset = ruleset
        self.campaign_year = campaign_year
        self.year = ruleset.evaluation_year(campaign_year)
        self.indicators = tuple(ruleset.indicators)
        #: Lead and baseline of each line as they are used; None also where they follow from the facts.
        self.levels = tuple(_level(indicator, benchmarks) for indicator in self.indicators)
        #: Which values are read: code, year and unit → place in the list that `score_values` takes.
        self.slots: dict[FactKey, int] = {}
        self._weights = tuple(whole_of(indicator.weight) for indicator in self.indicators)
        self._full = whole_of(ruleset.full)
        self._least = Fraction(ruleset.minimum_share)
        bonus = {dimension.code: dimension.weight for dimension in ruleset.dimensions if dimension.bonus}
        self._bonus = tuple(indicator.dimension in bonus for indicator in self.indicators)
        self._bonus_cap = half_up(whole_of(sum(bonus.values(), Decimal(0))) * 10**ruleset.scale, 10**12)
        self._steps = tuple(
            compile_step(indicator, level, ruleset.scale, self.year, self.slots, ruleset.limits)
            for indicator, level in zip(self.indicators, self.levels, strict=True)
        )
        self._ranges = self._physical()
        self._straight = straight_line(self._steps, len(self.slots), self._ranges, self._step_by_step)
        self._factors = {
            unit: {name: Fraction(factor) for name, factor in by_name.items()}
            for unit, by_name in (ruleset.conversions or {}).items()
        }
        #: Facts of products that some line reads; without any, products play no part.
        self.product_facts = _product_facts(ruleset)
        #: What a reader fills in; what stays as it is was not given.
        self.nothing: tuple[Value, ...] = (MISSING,) * len(self.slots)

    def score(self, facts: Facts, marks: Marks | None = None, products: Products = ()) -> Score:
        return self.score_values(self.read(facts), marks, products)

    def read(self, facts: Facts) -> list[Value]:
        """The values that the table reads, as whole numbers; another unit is converted exactly or not taken."""
        values: list[Value] = list(self.nothing)
        for (code, year, unit), slot in self.slots.items():
            found = facts.get((code, year, unit))
            if isinstance(found, str):
                values[slot] = whole(found)
            elif isinstance(found, tuple | Absent):
                values[slot] = found
            else:
                others = ((u, v) for (c, y, u), v in facts.items() if (c, y) == (code, year) and isinstance(v, str))
                for other, text in others:
                    values[slot] = self.converted(text, other, unit)
        return values

    def converted(self, text: str, unit: str, wanted: str) -> Value:
        """A value of another unit in the table's own (DM-units), where the ruleset says how and it comes out even."""
        factor = self._factors.get(wanted, {}).get(unit)
        if factor is None:
            return WRONG_UNIT
        exact = whole(text) * factor
        return exact.numerator if exact.denominator == 1 else WRONG_UNIT

    def score_values(self, values: Sequence[Value], marks: Marks | None = None, products: Products = ()) -> Score:
        """Score values that were read into their slots."""
        known = marks or {}
        if products:
            return self._sum(self._step_by_step(values, known, products))
        for value in values:
            if value.__class__ is Absent:
                return self._sum(self._step_by_step(values, known))
        return self._sum(self._straight(values, known))

    def sum_up(self, lines: Sequence[Line]) -> Score:
        """The total that these lines would make."""
        return self._sum(list(lines))

    def band(self, score: Score) -> Band | None:
        """The star or grade of a total (星级, 等级), where the ruleset has any."""
        if score.total is None or not self.ruleset.bands:
            return None
        total = Fraction(score.total, 10**self.ruleset.scale)
        return next((band for band in self.ruleset.bands if total >= Fraction(band.at_least)), None)

    def _step_by_step(self, values: Sequence[Value], marks: Marks, products: Products = ()) -> list[Line]:
        spoiled = out_of_physical_range(self._ranges, values)
        return [
            Line(Branch.INPUT_OUT_OF_RANGE, None, None)
            if spoiled and step.slots & spoiled
            else step.line(values, marks, products)
            for step in self._steps
        ]

    def _physical(self) -> dict[int, tuple[int | None, int | None]]:
        ranges: dict[int, tuple[int | None, int | None]] = {}
        for row in self.ruleset.physical:
            least = None if row.minimum is None else whole_of(row.minimum)
            most = None if row.maximum is None else whole_of(row.maximum)
            for (code, _, unit), slot in self.slots.items():
                if code == row.fact and unit == row.unit:
                    ranges[slot] = (least, most)
        return ranges

    def _sum(self, lines: list[Line]) -> Score:
        """Total over the lines that can be scored; what does not apply is treated as the ruleset says."""
        total, bonus, applicable, covered = 0, 0, self._full, self._full
        for line, weight, extra in zip(lines, self._weights, self._bonus, strict=True):
            points = line[1]
            if extra:
                bonus += points or 0
                continue
            if points is not None:
                total += points
                continue
            state = line.branch.state
            if state is LineState.NOT_SCORABLE:
                covered -= weight
            elif state is LineState.NOT_APPLICABLE and self.ruleset.not_applicable == "rescale_to_full":
                applicable -= weight
                covered -= weight
        bonus = min(bonus, self._bonus_cap)
        if applicable == 0 or covered * self._least.denominator < self._least.numerator * applicable:
            return Score(False, None, lines, applicable, covered, 0)
        if applicable != self._full:
            total = half_up(total * self._full, applicable)
        return Score(True, total + bonus, lines, applicable, covered, bonus)


def _level(indicator: Indicator, benchmarks: Mapping[str, tuple[Decimal, Decimal]]) -> tuple[int, int] | None:
    """Lead and baseline times 10¹²: the document's own where it prints them, else those an authority entered."""
    if indicator.type == "qualitative" or indicator.tiers is not None:
        return None
    if indicator.fixed is not None:
        return whole_of(indicator.fixed.lead), whole_of(indicator.fixed.baseline)
    entered = benchmarks.get(indicator.code)
    return None if entered is None else (whole_of(entered[0]), whole_of(entered[1]))


def _product_facts(ruleset: Ruleset) -> frozenset[str]:
    """Codes whose presence on a product makes products matter."""
    found = {indicator.by_product.limit for indicator in ruleset.indicators if indicator.by_product}
    return frozenset(found | {check.parts for check in ruleset.cross_checks})


def reads(formula: Formula) -> tuple[str, ...]:
    """Codes of the facts a formula reads, in its order."""
    if formula.op == "count":
        return (formula.fact,)
    parts = [term for part in formula.parts for term in part.of]
    return tuple(dict.fromkeys(term.fact for term in (*formula.of, *parts, *formula.over)))
