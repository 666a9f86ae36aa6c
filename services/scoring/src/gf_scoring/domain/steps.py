"""What a line is computed by: a formula compiled against the places of the values it reads.

Every formula with a denominator comes down to a quotient of two weighted sums of values, so that a line is a few
multiplications of whole numbers, one rounding for its points and one for the value that is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from gf_scoring.domain import elasticity
from gf_scoring.domain.lines import (
    MISSING,
    NOT_APPLICABLE,
    WRONG_UNIT,
    Absent,
    Branch,
    FactKey,
    Ladder,
    Line,
    Marks,
    Products,
    Value,
    without,
)
from gf_scoring.domain.numbers import ONE, growth, half_up, whole, whole_of
from gf_scoring.domain.products import score_products
from gf_scoring.domain.rules import ByProduct, Formula, Indicator, LimitTable, Term, Tiers

Slots = dict[FactKey, int]


class Reading(NamedTuple):
    """One value that a formula reads, with its weight in the sum."""

    slot: int
    weight: int
    optional: bool


def readings(terms: Sequence[Term], year: int, slots: Slots) -> tuple[tuple[Reading, ...], int]:
    """The terms with whole weights, and the number by which all of them were multiplied to become whole."""
    down = lcm(*(Fraction(term.times).denominator for term in terms))
    found = []
    for term in terms:
        weight = Fraction(term.times) * down
        for offset in term.years:
            key = (term.fact, 0 if offset is None else year + offset, term.unit)
            slot = slots.setdefault(key, len(slots))
            found.append(Reading(slot, weight.numerator, term.missing == "zero"))
    return tuple(found), down


def summed(read: Sequence[Reading], values: Sequence[Value]) -> int | Absent:
    """The sum; a term that may be missing counts as zero as long as another one is given."""
    total, given, reason = 0, False, MISSING
    for slot, weight, optional in read:
        value = values[slot]
        if isinstance(value, int):
            total += weight * value
            given = True
        elif not isinstance(value, Absent):
            return MISSING
        elif optional and value is not WRONG_UNIT:
            reason = value
        else:
            return value
    return total if given else reason


class Quotient:
    """A line computed from two weighted sums: (of · up) / (over · down); without `over` the sum itself."""

    __slots__ = ("_may_not_apply", "down", "ladder", "of", "over", "slots", "up")

    def __init__(self, indicator: Indicator, formula: Formula, ladder: Ladder, year: int, slots: Slots) -> None:
        self.of, of_down = readings(formula.of, year, slots)
        self.over, over_down = readings(formula.over, year, slots)
        factor = Fraction(formula.times) * over_down / of_down
        self.up, self.down = factor.numerator, factor.denominator
        self.ladder = ladder
        self.slots = frozenset(reading.slot for reading in (*self.of, *self.over))
        self._may_not_apply = indicator.may_not_apply

    def line(self, values: Sequence[Value], marks: Marks, products: Products = ()) -> Line:
        quotient = self.quotient(values)
        return quotient if isinstance(quotient, Line) else self.ladder.line(*quotient)

    def quotient(self, values: Sequence[Value]) -> tuple[int, int] | Line:
        """Both whole numbers, the lower one positive; or the line that says why there are none."""
        up = summed(self.of, values)
        if isinstance(up, Absent):
            return without(up, may_not_apply=self._may_not_apply)
        down = summed(self.over, values) if self.over else ONE
        if isinstance(down, Absent):
            return without(down, may_not_apply=self._may_not_apply)
        if down <= 0:
            return Line(Branch.ZERO_DENOMINATOR if down == 0 else Branch.NEGATIVE_DENOMINATOR, None, None)
        return up * self.up, down * self.down


class Tiered:
    """A quotient whose lead and baseline depend on the size of the unit (分档)."""

    __slots__ = ("_bounds", "_ladders", "_of", "_quotient", "_size_down", "slots")

    def __init__(self, indicator: Indicator, tiers: Tiers, scale: int, year: int, slots: Slots) -> None:
        levels = [(whole_of(step.lead), whole_of(step.baseline)) for step in tiers.steps]
        self._ladders = [Ladder(indicator, level, scale) for level in levels]
        self._bounds = [None if step.below is None else whole_of(step.below) for step in tiers.steps]
        self._of, self._size_down = readings(tiers.of, year, slots)
        self._quotient = Quotient(indicator, indicator.formula, self._ladders[0], year, slots)
        self.slots = self._quotient.slots | {reading.slot for reading in self._of}

    def line(self, values: Sequence[Value], marks: Marks, products: Products = ()) -> Line:
        ladder = self.ladder(values)
        if isinstance(ladder, Absent):
            return without(ladder, may_not_apply=False)
        quotient = self._quotient.quotient(values)
        return quotient if isinstance(quotient, Line) else ladder.line(*quotient)

    def ladder(self, values: Sequence[Value]) -> Ladder | Absent:
        size = summed(self._of, values)
        if isinstance(size, Absent):
            return size
        place = next(i for i, bound in enumerate(self._bounds) if bound is None or size < bound * self._size_down)
        return self._ladders[place]


class Growth:
    """Mean yearly growth of a sum of values (年均增长率)."""

    __slots__ = ("_down", "_end", "_ladder", "_start", "_up", "_years", "slots")

    def __init__(self, indicator: Indicator, ladder: Ladder, year: int, slots: Slots) -> None:
        formula = indicator.formula
        self._end, _ = readings(formula.of, year, slots)
        self._start, _ = readings(formula.of, year - formula.span, slots)
        self._years, self._ladder = formula.span, ladder
        times = Fraction(formula.times)
        self._up, self._down = times.numerator, times.denominator * ONE
        self.slots = frozenset(reading.slot for reading in (*self._end, *self._start))

    def line(self, values: Sequence[Value], marks: Marks, products: Products = ()) -> Line:
        rate = rate_of(self._end, self._start, self._years, values)
        if isinstance(rate, Line):
            return rate
        return self._ladder.line(rate * self._up, self._down)


def rate_of(end: Sequence[Reading], start: Sequence[Reading], years: int, values: Sequence[Value]) -> int | Line:
    """Growth in units of 10^-12, or the line that says why there is none."""
    last, first = summed(end, values), summed(start, values)
    for found in (last, first):
        if isinstance(found, Absent):
            return without(found, may_not_apply=False)
    assert isinstance(last, int)
    assert isinstance(first, int)
    if first <= 0 or last < 0:
        return Line(Branch.ZERO_BASE, None, None)
    return growth(last, first, years)


class Elasticity:
    """Growth of what is emitted over growth of what is made (弹性系数), several pollutants averaged."""

    __slots__ = ("_full_at", "_ladder", "_level", "_over", "_parts", "_years", "slots")

    def __init__(
        self, indicator: Indicator, level: tuple[int, int] | None, ladder: Ladder, year: int, slots: Slots
    ) -> None:
        formula = indicator.formula
        self._ladder, self._level, self._years = ladder, level, formula.span
        self._full_at = Fraction(formula.shrinking_full)
        self._over = self._both(formula.over, year, slots)
        self._parts = [self._both(part.of, year, slots) for part in formula.parts]
        self.slots = frozenset(r.slot for end, start in (self._over, *self._parts) for r in (*end, *start))

    def _both(self, terms: Sequence[Term], year: int, slots: Slots) -> tuple[tuple[Reading, ...], tuple[Reading, ...]]:
        return readings(terms, year, slots)[0], readings(terms, year - self._years, slots)[0]

    def line(self, values: Sequence[Value], marks: Marks, products: Products = ()) -> Line:
        made = rate_of(*self._over, self._years, values)
        if isinstance(made, Line):
            return made
        rates: list[int] = []
        for end, start in self._parts:
            if self._never_emitted(end, start, values):
                continue
            rate = rate_of(end, start, self._years, values)
            if isinstance(rate, Line):
                return rate
            rates.append(rate)
        if self._level is None:
            return Line(Branch.MISSING_BENCHMARK, None, None)
        lead, base = Fraction(self._level[0], ONE), Fraction(self._level[1], ONE)
        judged = [elasticity.judge(rate, made, lead, base, self._full_at) for rate in rates or [0]]
        if len(judged) == 1:
            branch, share = judged[0]
            return Line(branch, self._ladder.points(share), self._coefficient(rates, made))
        mean = sum((share for _, share in judged), Fraction(0)) / len(judged)
        return Line(Branch.PARTS, self._ladder.points(mean), None)

    @staticmethod
    def _coefficient(rates: Sequence[int], made: int) -> int | None:
        if len(rates) != 1 or made == 0:
            return None
        exact = Fraction(rates[0], made)
        return half_up(exact.numerator * ONE, exact.denominator)

    @staticmethod
    def _never_emitted(end: Sequence[Reading], start: Sequence[Reading], values: Sequence[Value]) -> bool:
        """Nothing at both ends, or said not to apply: the pollutant is left out of the mean."""
        both = summed(end, values), summed(start, values)
        return both == (0, 0) or both == (NOT_APPLICABLE, NOT_APPLICABLE)


class Count:
    """How many elements of a set are among those that count; anything else in the set counts nothing."""

    __slots__ = ("_ladder", "_may_not_apply", "_members", "_slot", "slots")

    def __init__(self, indicator: Indicator, ladder: Ladder, slots: Slots) -> None:
        self._slot = slots.setdefault((indicator.formula.fact, 0, ""), len(slots))
        self._members = frozenset(member.code for member in indicator.formula.members)
        self._ladder = ladder
        self._may_not_apply = indicator.may_not_apply
        self.slots = frozenset({self._slot})

    def line(self, values: Sequence[Value], marks: Marks, products: Products = ()) -> Line:
        found = values[self._slot]
        if isinstance(found, tuple):
            return self._ladder.line(len(self._members.intersection(found)), 1)
        return without(found if isinstance(found, Absent) else MISSING, may_not_apply=self._may_not_apply)


class Marked:
    """A qualitative line: what a reviewer gave, never what was uploaded."""

    __slots__ = ("_code", "_scale", "_weight", "slots")

    def __init__(self, indicator: Indicator, scale: int) -> None:
        self._code = indicator.code
        self._weight = whole_of(indicator.weight)
        self._scale = scale
        self.slots: frozenset[int] = frozenset()

    def line(self, values: Sequence[Value], marks: Marks, products: Products = ()) -> Line:
        mark = marks.get(self._code)
        if mark is None:
            return Line(Branch.AWAITS_MARK, None, None)
        given = whole(mark)
        if not 0 <= given <= self._weight:
            return Line(Branch.MARK_OUT_OF_RANGE, None, None)
        return Line(Branch.MARK, half_up(given * 10**self._scale, ONE), None)


General = Quotient | Tiered | Growth | Elasticity | Count | Marked


class ByLimits:
    """A line that published limits override where the form names some; else the formula beside them holds."""

    __slots__ = ("_by", "_general", "_ladder", "_limits", "_year", "slots")

    def __init__(self, by: ByProduct, limits: LimitTable | None, general: General, ladder: Ladder, year: int) -> None:
        self._by, self._limits, self._year = by, limits, year
        self._general, self._ladder = general, ladder
        self.slots: frozenset[int] = general.slots

    @property
    def general(self) -> General:
        return self._general

    def line(self, values: Sequence[Value], marks: Marks, products: Products = ()) -> Line:
        found = score_products(self._by, self._limits, products, self._year) if products else None
        if found is None:
            return self._general.line(values, marks, products)
        if found.share is None:
            return Line(found.branch, None, None)
        only = found.scored[0].value if len(found.scored) == 1 else None
        value = None if only is None else half_up(only.numerator * ONE, only.denominator)
        return Line(Branch.PRODUCTS, self._ladder.points(found.share), value)


Step = General | ByLimits


def compile_step(
    indicator: Indicator,
    level: tuple[int, int] | None,
    scale: int,
    year: int,
    slots: Slots,
    limits: LimitTable | None = None,
) -> Step:
    ladder = Ladder(indicator, level, scale)
    step = _step(indicator, level, ladder, scale, year, slots)
    if indicator.by_product is not None:
        return ByLimits(indicator.by_product, limits, step, ladder, year)
    return step


def _step(
    indicator: Indicator, level: tuple[int, int] | None, ladder: Ladder, scale: int, year: int, slots: Slots
) -> General:
    match indicator.formula.op:
        case "mark":
            return Marked(indicator, scale)
        case "count":
            return Count(indicator, ladder, slots)
        case "growth":
            return Growth(indicator, ladder, year, slots)
        case "elasticity":
            return Elasticity(indicator, level, ladder, year, slots)
        case "ratio" | "amount":
            if indicator.tiers is not None:
                return Tiered(indicator, indicator.tiers, scale, year, slots)
            return Quotient(indicator, indicator.formula, ladder, year, slots)


def out_of_physical_range(
    ranges: Mapping[int, tuple[int | None, int | None]], values: Sequence[Value]
) -> frozenset[int]:
    """Places of values that cannot be (超出物理上可能的范围)."""
    found = set()
    for slot, (least, most) in ranges.items():
        value = values[slot]
        if isinstance(value, int) and ((least is not None and value < least) or (most is not None and value > most)):
            found.add(slot)
    return frozenset(found)
