"""The scoring engine (评分): facts and a compiled ruleset give points, line by line, exactly.

Order of tests (GB/T 36132-2025 5.2): at or better than the lead value, full marks; worse than the baseline, none;
between them in linear proportion. Baseline earns nothing. A line without lead or baseline, value or denominator is
*not scorable*: never zero, never full. Qualitative lines wait for a reviewer's mark, whatever was uploaded.

A ruleset is compiled once. Every formula comes down to a quotient of two weighted sums of values, so a line is a few
multiplications of whole numbers, one rounding for its points and one for the value that is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from math import lcm
from typing import Any, NamedTuple

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
#: A value as the table reads it: a whole number, a set that is counted, or why there is none.
Value = int | tuple[str, ...] | Absent
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
        #: Place among the branches; hashing a member of an enum is slow.
        self.place = len(type(self).__members__)
        self.code = code
        #: The share of the weight that this branch always brings, where it does.
        self.points = {"at_or_better_than_lead": 1, "worse_than_baseline": 0}.get(code)
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
        #: Which values are read: code, year and unit → place in the list that `score_values` takes.
        self.slots: dict[FactKey, int] = {}
        self._weights = tuple(whole_of(indicator.weight) for indicator in self.indicators)
        self._full = whole_of(ruleset.full)
        self._least = Fraction(ruleset.minimum_share)
        self._steps = tuple(
            _compile(indicator, level, ruleset.scale, self.year, self.slots)
            for indicator, level in zip(self.indicators, self.levels, strict=True)
        )
        self._straight = straight_line(self._steps, len(self.slots))
        #: What a reader fills in; what stays as it is was not given.
        self.nothing: tuple[Value, ...] = (MISSING,) * len(self.slots)

    def score(self, facts: Facts, marks: Marks | None = None) -> Score:
        return self.score_values(self.read(facts), marks)

    def read(self, facts: Facts) -> list[Value]:
        """The values that the table reads, as whole numbers; a value under another unit is not taken (DM-units)."""
        values: list[Value] = list(self.nothing)
        for (code, year, unit), slot in self.slots.items():
            found = facts.get((code, year, unit))
            if isinstance(found, str):
                values[slot] = whole(found)
            elif isinstance(found, tuple | Absent):
                values[slot] = found
            elif any((c, y) == (code, year) and isinstance(other, str) for (c, y, _), other in facts.items()):
                values[slot] = WRONG_UNIT
        return values

    def score_values(self, values: Sequence[Value], marks: Marks | None = None) -> Score:
        """Score values that were read into their slots."""
        known = marks or {}
        for value in values:
            if value.__class__ is Absent:
                return self._sum([step.line(values, known) for step in self._steps])
        return self._sum(self._straight(values, known))

    def _sum(self, lines: list[Line]) -> Score:
        """Total over the lines that can be scored; what does not apply is taken out and the rest scaled up."""
        total, applicable, covered = 0, self._full, self._full
        for line, weight in zip(lines, self._weights, strict=True):
            points = line[1]
            if points is not None:
                total += points
                continue
            state = line.branch.state
            if state is LineState.NOT_SCORABLE:
                covered -= weight
            elif state is LineState.NOT_APPLICABLE:
                applicable -= weight
                covered -= weight
        if applicable == 0 or covered * self._least.denominator < self._least.numerator * applicable:
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

    __slots__ = ("base", "full", "lead", "maximum", "minimum", "sign", "span", "weight", "weight_down")

    def __init__(self, indicator: Indicator, level: tuple[int, int] | None, scale: int) -> None:
        self.sign = -1 if indicator.type == "inverse" else 1
        self.lead: int | None = None
        self.base = self.span = 0
        weight = Fraction(indicator.weight) * 10**scale
        self.full = half_up(weight.numerator, weight.denominator)
        if level is not None:
            self.lead, self.base = self.sign * level[0], self.sign * level[1]
            self.span = (self.lead - self.base) * weight.denominator
        self.weight, self.weight_down = weight.numerator, weight.denominator
        self.minimum = None if indicator.minimum is None else whole_of(indicator.minimum)
        self.maximum = None if indicator.maximum is None else whole_of(indicator.maximum)

    def line(self, up: int, down: int) -> Line:
        """The line for the value up / down; down is positive."""
        exact = up * ONE
        value = half_up(exact, down)
        if self.minimum is not None and exact < self.minimum * down:
            return Line(Branch.OUT_OF_RANGE, None, value)
        if self.maximum is not None and exact > self.maximum * down:
            return Line(Branch.OUT_OF_RANGE, None, value)
        lead = self.lead
        if lead is None:
            return Line(Branch.MISSING_BENCHMARK, None, value)
        exact *= self.sign
        if exact >= lead * down:
            return Line(Branch.LEAD, self.full, value)
        above = exact - self.base * down
        if above < 0 or self.span == 0:
            return Line(Branch.WORSE, 0, value)
        span = down * self.span
        return Line(Branch.BETWEEN, (2 * self.weight * above + span) // (2 * span), value)


class _Quotient:
    """A line computed from two weighted sums: (of · up) / (over · down); without `over` the sum itself."""

    __slots__ = ("_may_not_apply", "down", "ladder", "of", "over", "up")

    def __init__(self, indicator: Indicator, ladder: _Ladder, year: int, slots: dict[FactKey, int]) -> None:
        formula = indicator.formula
        self.of, of_down = _readings(formula.of, year, slots)
        self.over, over_down = _readings(formula.over, year, slots)
        factor = Fraction(formula.times) * over_down / of_down
        self.up, self.down = factor.numerator, factor.denominator
        self.ladder = ladder
        self._may_not_apply = indicator.may_not_apply

    def line(self, values: Sequence[Value], marks: Marks) -> Line:
        up = self._sum(self.of, values)
        if isinstance(up, Absent):
            return self._without(up)
        down = self._sum(self.over, values) if self.over else ONE
        if isinstance(down, Absent):
            return self._without(down)
        if down <= 0:
            return Line(Branch.ZERO_DENOMINATOR if down == 0 else Branch.NEGATIVE_DENOMINATOR, None, None)
        return self.ladder.line(up * self.up, down * self.down)

    @staticmethod
    def _sum(readings: tuple[_Reading, ...], values: Sequence[Value]) -> int | Absent:
        """The sum; a term that may be missing counts as zero as long as another one is given."""
        total, given, reason = 0, False, MISSING
        for slot, weight, optional in readings:
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

    def _without(self, reason: Absent) -> Line:
        if reason is WRONG_UNIT:
            return Line(Branch.WRONG_UNIT, None, None)
        if reason is NOT_APPLICABLE:
            return Line(Branch.NOT_APPLICABLE if self._may_not_apply else Branch.MUST_APPLY, None, None)
        return Line(Branch.MISSING_VALUE, None, None)


class _Count:
    """How many elements of a set are among those that count; anything else in the set counts nothing."""

    __slots__ = ("_ladder", "_may_not_apply", "_members", "_slot")

    def __init__(self, indicator: Indicator, ladder: _Ladder, slots: dict[FactKey, int]) -> None:
        self._slot = slots.setdefault((indicator.formula.fact, 0, ""), len(slots))
        self._members = frozenset(member.code for member in indicator.formula.members)
        self._ladder = ladder
        self._may_not_apply = indicator.may_not_apply

    def line(self, values: Sequence[Value], marks: Marks) -> Line:
        found = values[self._slot]
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

    def line(self, values: Sequence[Value], marks: Marks) -> Line:
        mark = marks.get(self._code)
        if mark is None:
            return Line(Branch.AWAITS_MARK, None, None)
        given = whole(mark)
        if not 0 <= given <= self._weight:
            return Line(Branch.MARK_OUT_OF_RANGE, None, None)
        return Line(Branch.MARK, half_up(given * 10**self._scale, ONE), None)


_Step = _Quotient | _Count | _Mark


def straight_line(steps: Sequence[_Step], slots: int) -> Callable[[Sequence[Value], Marks], list[Line]]:
    """The same steps as one function without calls and loops, for values that are all given; several times as fast.

    It is written out from whole numbers only; no text of a policy file gets into it. Whatever is unusual on a line (no
    lead, a denominator that is not positive, a value out of range) goes to the step itself.
    """
    source = ["def run(v, marks):", f"    ({''.join(f'v{slot}, ' for slot in range(slots))}) = v"]
    for place, step in enumerate(steps):
        if isinstance(step, _Quotient) and step.ladder.lead is not None and step.ladder.span:
            source += _quotient_source(place, step)
        else:
            source.append(f"    l{place} = step{place}(v, marks)")
    source.append(f"    return [{', '.join(f'l{place}' for place in range(len(steps)))}]")
    names: dict[str, Any] = {f"step{place}": step.line for place, step in enumerate(steps)}
    names |= {"Line": Line, "new": tuple.__new__}
    names |= {"LEAD": Branch.LEAD, "BETWEEN": Branch.BETWEEN, "WORSE": Branch.WORSE}
    exec("\n".join(source), names)
    run: Callable[[Sequence[Value], Marks], list[Line]] = names["run"]
    return run


def _quotient_source(place: int, step: _Quotient) -> list[str]:
    ladder = step.ladder
    assert ladder.lead is not None
    minimum = "" if ladder.minimum is None else f" or e < {ladder.minimum} * d"
    maximum = "" if ladder.maximum is None else f" or e > {ladder.maximum} * d"
    signed = "e" if ladder.sign > 0 else "-e"
    return [
        f"    u = {_sum_source(step.of, step.up)}",
        f"    d = {_sum_source(step.over, step.down) if step.over else ONE * step.down}",
        f"    e = u * {ONE}",
        f"    if d <= 0 or u < 0{minimum}{maximum}:",
        f"        l{place} = step{place}(v, marks)",
        "    else:",
        "        w = (2 * e + d) // (2 * d)",
        f"        a = {signed} - {ladder.base} * d",
        f"        s = {ladder.span // ladder.weight_down} * d",
        "        if a >= s:",
        f"            l{place} = new(Line, (LEAD, {ladder.full}, w))",
        "        elif a < 0:",
        f"            l{place} = new(Line, (WORSE, 0, w))",
        "        else:",
        f"            s *= {ladder.weight_down}",
        f"            l{place} = new(Line, (BETWEEN, ({2 * ladder.weight} * a + s) // (2 * s), w))",
    ]


def _sum_source(readings: Sequence[_Reading], times: int) -> str:
    return " + ".join(
        f"v{reading.slot}" if reading.weight * times == 1 else f"{reading.weight * times} * v{reading.slot}"
        for reading in readings
    )


def _compile(
    indicator: Indicator, level: tuple[int, int] | None, scale: int, year: int, slots: dict[FactKey, int]
) -> _Step:
    match indicator.formula.op:
        case "mark":
            return _Mark(indicator, scale)
        case "count":
            return _Count(indicator, _Ladder(indicator, level, scale), slots)
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
