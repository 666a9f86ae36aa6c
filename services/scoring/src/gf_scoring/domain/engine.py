"""The scoring engine (评分): facts and a compiled ruleset give points, line by line, exactly.

Order of tests (GB/T 36132-2025 5.2): at or better than the lead value, full marks; worse than the baseline, none;
between them in linear proportion. Baseline earns nothing. A line without lead or baseline, value or denominator is
*not scorable*: never zero, never full. Qualitative lines wait for a reviewer's mark, whatever was uploaded.

A ruleset is compiled once. Every formula comes down to a quotient of two weighted sums of values, so a line is a few
multiplications of whole numbers, one rounding for its points and one for the value that is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from gf_scoring.domain.numbers import ONE, half_up, whole, whole_of
from gf_scoring.domain.rules import Formula, Indicator, Ruleset, Term

#: Raised whenever the same facts could give another sheet.
ENGINE_VERSION = "1"


class Absent(Enum):
    """Why there is no value."""

    MISSING = "missing"
    NOT_APPLICABLE = "not_applicable"
    WRONG_UNIT = "wrong_unit"


MISSING, NOT_APPLICABLE, WRONG_UNIT = Absent.MISSING, Absent.NOT_APPLICABLE, Absent.WRONG_UNIT

#: Code, year (0: none), unit. Looking a value up under its unit is what keeps a wrong unit out (DM-units).
FactKey = tuple[str, int, str]
FactValue = str | bool | tuple[str, ...] | Absent
Facts = Mapping[FactKey, FactValue]
Marks = Mapping[str, str]


class LineState(Enum):
    SCORED = "scored"
    AWAITS_MARK = "awaits_mark"
    NOT_SCORABLE = "not_scorable"
    NOT_APPLICABLE = "not_applicable"


class Branch(Enum):
    """Which way a line took, the state that gives, and the words for it."""

    LEAD = ("at_or_better_than_lead", LineState.SCORED, "")
    BETWEEN = ("between", LineState.SCORED, "")
    WORSE = ("worse_than_baseline", LineState.SCORED, "")
    MARK = ("mark", LineState.SCORED, "")
    AWAITS_MARK = ("awaits_mark", LineState.AWAITS_MARK, "定性指标，待审核人员根据佐证材料评分。")
    MARK_OUT_OF_RANGE = ("mark_out_of_range", LineState.AWAITS_MARK, "审核评分超出该指标的分值范围，待重新评分。")
    MISSING_BENCHMARK = ("missing_benchmark", LineState.NOT_SCORABLE, "尚未发布该指标的引领值和基准值，本行不评分。")
    MISSING_VALUE = ("missing_value", LineState.NOT_SCORABLE, "缺少计算所需的填报数值，本行不评分。")
    WRONG_UNIT = ("wrong_unit", LineState.NOT_SCORABLE, "填报数值的单位与评分规则不符，本行不评分。")
    ZERO_DENOMINATOR = ("zero_denominator", LineState.NOT_SCORABLE, "计算公式的分母为零，本行不评分。")
    NEGATIVE_DENOMINATOR = ("negative_denominator", LineState.NOT_SCORABLE, "计算公式的分母为负，本行不评分。")
    OUT_OF_RANGE = ("out_of_range", LineState.NOT_SCORABLE, "计算结果超出该指标可能的范围，本行不评分，请核对。")
    MUST_APPLY = ("must_apply", LineState.NOT_SCORABLE, "该指标不允许填报为不适用，本行不评分。")
    NOT_APPLICABLE = ("not_applicable", LineState.NOT_APPLICABLE, "填报为不适用，本行不计入总分。")

    def __init__(self, code: str, state: LineState, words: str) -> None:
        self.code = code
        self.state = state
        self.words = words


class Line(NamedTuple):
    """The result for one indicator."""

    branch: Branch
    #: In units of 10^-scale, rounded once; only where the branch is scored.
    points: int | None
    #: In units of 10^-12, for show; None where nothing could be computed.
    value: int | None


class Score(NamedTuple):
    """The result for one submission."""

    scorable: bool
    #: In units of 10^-scale.
    total: int | None
    lines: Sequence[Line]
    #: Weight of the lines that apply, and of those that can be or were scored, times 10¹².
    applicable: int
    covered: int


class Scorer:
    """A ruleset with its lead and baseline values for one campaign year, ready to score."""

    def __init__(self, ruleset: Ruleset, benchmarks: Mapping[str, tuple[Decimal, Decimal]], campaign_year: int) -> None:
        self.ruleset = ruleset
        self.year = ruleset.evaluation_year(campaign_year)
        self.indicators = tuple(ruleset.indicators)
        #: Lead and baseline of each line as they are used.
        self.levels = tuple(_level(indicator, benchmarks) for indicator in self.indicators)
        self._weights = tuple(whole_of(indicator.weight) for indicator in self.indicators)
        self._full = whole_of(ruleset.full)
        self._least = Fraction(ruleset.minimum_share)
        slots: dict[FactKey, int] = {}
        self._steps = tuple(
            _compile(indicator, level, ruleset.scale, self.year, slots)
            for indicator, level in zip(self.indicators, self.levels, strict=True)
        )
        self._keys = tuple(slots)

    def score(self, facts: Facts, marks: Marks | None = None) -> Score:
        get = facts.get
        values: list[int | Absent] = [
            whole(value) if isinstance(value, str) else self._absent(key, value, facts)
            for key in self._keys
            for value in (get(key),)
        ]
        known = marks or {}
        return self._sum([step.line(values, facts, known) for step in self._steps])

    def _absent(self, key: FactKey, value: FactValue | None, facts: Facts) -> int | Absent:
        """Why a value is not there; a value without a year is also taken from the evaluation year."""
        code, year, unit = key
        if value is None and year == 0:
            year = self.year
            value = facts.get((code, year, unit))
        if isinstance(value, str):
            return whole(value)
        if isinstance(value, Absent):
            return value
        others = [other for (c, y, u), other in facts.items() if c == code and y in (key[1], year) and u != unit]
        if any(isinstance(other, str) for other in others):
            return WRONG_UNIT
        return next((other for other in others if isinstance(other, Absent)), MISSING)

    def _sum(self, lines: list[Line]) -> Score:
        """Total over the lines that can be scored; what does not apply is taken out and the rest scaled up."""
        total, applicable, covered = 0, self._full, self._full
        for line, weight in zip(lines, self._weights, strict=True):
            if line.points is not None:
                total += line.points
            elif line.branch.state is LineState.NOT_SCORABLE:
                covered -= weight
            elif line.branch.state is LineState.NOT_APPLICABLE:
                applicable -= weight
                covered -= weight
        if applicable == 0 or covered < self._least * applicable:
            return Score(False, None, lines, applicable, covered)
        if applicable != self._full:
            total = half_up(total * self._full, applicable)
        return Score(True, total, lines, applicable, covered)


# --- one line -------------------------------------------------------------------------------------------------------


class _Reading(NamedTuple):
    """One value that a formula reads, with its weight in the sum."""

    slot: int
    weight: int
    optional: bool


class _Ladder:
    """Points for an exact quotient: sign -1 turns everything over where less is better."""

    __slots__ = ("_base", "_full", "_lead", "_maximum", "_minimum", "_sign", "_span", "_weight")

    def __init__(self, indicator: Indicator, level: tuple[int, int] | None, scale: int) -> None:
        self._sign = -1 if indicator.type == "inverse" else 1
        self._lead: int | None = None
        self._base = self._span = 0
        weight = Fraction(indicator.weight) * 10**scale
        self._full = half_up(weight.numerator, weight.denominator)
        if level is not None:
            self._lead, self._base = self._sign * level[0], self._sign * level[1]
            self._span = (self._lead - self._base) * weight.denominator
        self._weight = weight.numerator
        self._minimum = None if indicator.minimum is None else whole_of(indicator.minimum)
        self._maximum = None if indicator.maximum is None else whole_of(indicator.maximum)

    def line(self, up: int, down: int) -> Line:
        """The line for the value up / down; down is positive."""
        exact = up * ONE
        value = half_up(exact, down)
        if self._minimum is not None and exact < self._minimum * down:
            return Line(Branch.OUT_OF_RANGE, None, value)
        if self._maximum is not None and exact > self._maximum * down:
            return Line(Branch.OUT_OF_RANGE, None, value)
        lead = self._lead
        if lead is None:
            return Line(Branch.MISSING_BENCHMARK, None, value)
        exact *= self._sign
        if exact >= lead * down:
            return Line(Branch.LEAD, self._full, value)
        above = exact - self._base * down
        if above < 0 or self._span == 0:
            return Line(Branch.WORSE, 0, value)
        span = down * self._span
        return Line(Branch.BETWEEN, (2 * self._weight * above + span) // (2 * span), value)


class _Quotient:
    """A line computed from two weighted sums: (of · up) / (over · down); without `over` the sum itself."""

    __slots__ = ("_down", "_ladder", "_may_not_apply", "_of", "_over", "_up")

    def __init__(self, indicator: Indicator, ladder: _Ladder, year: int, slots: dict[FactKey, int]) -> None:
        formula = indicator.formula
        self._of, of_down = _readings(formula.of, year, slots)
        self._over, over_down = _readings(formula.over, year, slots)
        factor = Fraction(formula.times) * over_down / of_down
        self._up, self._down = factor.numerator, factor.denominator
        self._ladder = ladder
        self._may_not_apply = indicator.may_not_apply

    def line(self, values: Sequence[int | Absent], facts: Facts, marks: Marks) -> Line:
        up = self._sum(self._of, values)
        if isinstance(up, Absent):
            return self._without(up)
        down = self._sum(self._over, values) if self._over else ONE
        if isinstance(down, Absent):
            return self._without(down)
        if down <= 0:
            return Line(Branch.ZERO_DENOMINATOR if down == 0 else Branch.NEGATIVE_DENOMINATOR, None, None)
        return self._ladder.line(up * self._up, down * self._down)

    @staticmethod
    def _sum(readings: tuple[_Reading, ...], values: Sequence[int | Absent]) -> int | Absent:
        """The sum; a term that may be missing counts as zero as long as another one is given."""
        total, given, reason = 0, False, MISSING
        for slot, weight, optional in readings:
            value = values[slot]
            if not isinstance(value, Absent):
                total += weight * value
                given = True
            elif optional and value is not WRONG_UNIT:
                reason = value
            else:
                return value
        return total if given else reason

    def _without(self, reason: Absent) -> Line:
        if reason is WRONG_UNIT:
            return Line(Branch.WRONG_UNIT, None, None)
        if reason is NOT_APPLICABLE:
            return Line(Branch.NOT_APPLICABLE if self._may_not_apply else Branch.MUST_APPLY, None, None)
        return Line(Branch.MISSING_VALUE, None, None)


class _Count:
    """How many elements of a set are among those that count; anything else in the set counts nothing."""

    __slots__ = ("_keys", "_ladder", "_may_not_apply", "_members")

    def __init__(self, indicator: Indicator, ladder: _Ladder, year: int) -> None:
        fact = indicator.formula.fact
        self._keys: tuple[FactKey, ...] = ((fact, 0, ""), (fact, year, ""))
        self._members = frozenset(member.code for member in indicator.formula.members)
        self._ladder = ladder
        self._may_not_apply = indicator.may_not_apply

    def line(self, values: Sequence[int | Absent], facts: Facts, marks: Marks) -> Line:
        for key in self._keys:
            found = facts.get(key)
            if isinstance(found, tuple):
                return self._ladder.line(len(self._members.intersection(found)), 1)
            if found is NOT_APPLICABLE:
                return Line(Branch.NOT_APPLICABLE if self._may_not_apply else Branch.MUST_APPLY, None, None)
        return Line(Branch.MISSING_VALUE, None, None)


class _Mark:
    """A qualitative line: what a reviewer gave, never what was uploaded."""

    __slots__ = ("_code", "_scale", "_weight")

    def __init__(self, indicator: Indicator, scale: int) -> None:
        self._code = indicator.code
        self._weight = whole_of(indicator.weight)
        self._scale = scale

    def line(self, values: Sequence[int | Absent], facts: Facts, marks: Marks) -> Line:
        mark = marks.get(self._code)
        if mark is None:
            return Line(Branch.AWAITS_MARK, None, None)
        given = whole(mark)
        if not 0 <= given <= self._weight:
            return Line(Branch.MARK_OUT_OF_RANGE, None, None)
        return Line(Branch.MARK, half_up(given * 10**self._scale, ONE), None)


_Step = _Quotient | _Count | _Mark


def _compile(
    indicator: Indicator, level: tuple[int, int] | None, scale: int, year: int, slots: dict[FactKey, int]
) -> _Step:
    match indicator.formula.op:
        case "mark":
            return _Mark(indicator, scale)
        case "count":
            return _Count(indicator, _Ladder(indicator, level, scale), year)
        case "ratio" | "amount":
            return _Quotient(indicator, _Ladder(indicator, level, scale), year, slots)


def _level(indicator: Indicator, benchmarks: Mapping[str, tuple[Decimal, Decimal]]) -> tuple[int, int] | None:
    """Lead and baseline times 10¹²: the document's own where it prints them, else those an authority entered."""
    if indicator.type == "qualitative":
        return None
    if indicator.fixed is not None:
        return whole_of(indicator.fixed.lead), whole_of(indicator.fixed.baseline)
    entered = benchmarks.get(indicator.code)
    return None if entered is None else (whole_of(entered[0]), whole_of(entered[1]))


def _readings(terms: Sequence[Term], year: int, slots: dict[FactKey, int]) -> tuple[tuple[_Reading, ...], int]:
    """The terms with whole weights, and the number by which all of them were multiplied to become whole."""
    down = lcm(*(Fraction(term.times).denominator for term in terms))
    readings = []
    for term in terms:
        weight = Fraction(term.times) * down
        for offset in term.years:
            key = (term.fact, 0 if offset is None else year + offset, term.unit)
            slot = slots.setdefault(key, len(slots))
            readings.append(_Reading(slot, weight.numerator, term.missing == "zero"))
    return tuple(readings), down


def reads(formula: Formula) -> tuple[str, ...]:
    """Codes of the facts a formula reads, in its order."""
    if formula.op == "count":
        return (formula.fact,)
    return tuple(dict.fromkeys(term.fact for term in (*formula.of, *formula.over)))
