"""One line of a score sheet: which way it took, and the ladder between baseline and lead.

Order of tests (GB/T 36132-2025 5.2): at or better than the lead value, full marks; worse than the baseline, none;
between them in linear proportion. Baseline earns nothing, and nothing is ever divided by a lead that equals it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from fractions import Fraction
from typing import NamedTuple

from gf_scoring.domain.numbers import ONE, half_up, whole_of
from gf_scoring.domain.rules import Indicator


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


class Product(NamedTuple):
    """What a form says of one product (产品), or of one member of a park (园区成员)."""

    name: str
    values: Facts


Products = Sequence[Product]


class LineState(Enum):
    SCORED = "scored"
    AWAITS_MARK = "awaits_mark"
    NOT_SCORABLE = "not_scorable"
    NOT_APPLICABLE = "not_applicable"


#: Branches that always bring the same share of the weight.
_ALWAYS = {
    "at_or_better_than_lead": 1,
    "absolute_decoupling": 1,
    "shrinking_full": 1,
    "no_growth_not_rising": 1,
    "worse_than_baseline": 0,
    "shrinking_too_little": 0,
    "rising_while_shrinking": 0,
    "no_growth_rising": 0,
}

_NO_GROWTH = "工业增加值增长率为零，弹性系数无定义，按排放增减判定，请人工复核。"


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
    INPUT_OUT_OF_RANGE = ("input_out_of_range", LineState.NOT_SCORABLE, "填报数值超出可能的范围，本行不评分，请核对。")
    # Product by product against published limits.
    PRODUCTS = ("by_product", LineState.SCORED, "")
    UNKNOWN_LIMIT = ("unknown_limit", LineState.NOT_SCORABLE, "产品所选的限额或定额在评价年没有有效版本，本行不评分。")
    MISSING_PARAMETER = ("missing_parameter", LineState.NOT_SCORABLE, "缺少限额标准要求的修正参数，本行不评分。")
    # Elasticity by the signs of both growths.
    PARTS = ("mean_of_parts", LineState.SCORED, "")
    DECOUPLED = ("absolute_decoupling", LineState.SCORED, "")
    SHRINKING_FULL = ("shrinking_full", LineState.SCORED, "")
    SHRINKING_BETWEEN = ("shrinking_between", LineState.SCORED, "")
    SHRINKING_ZERO = ("shrinking_too_little", LineState.SCORED, "")
    RISING = ("rising_while_shrinking", LineState.SCORED, "")
    NO_GROWTH_FULL = ("no_growth_not_rising", LineState.SCORED, _NO_GROWTH)
    NO_GROWTH_ZERO = ("no_growth_rising", LineState.SCORED, _NO_GROWTH)
    ZERO_BASE = ("zero_base", LineState.NOT_SCORABLE, "基期数值为零或为负，增长率无法计算，本行待人工复核。")

    def __init__(self, code: str, state: LineState, words: str) -> None:
        #: Place among the branches; hashing a member of an enum is slow.
        self.place = len(type(self).__members__)
        self.code = code
        #: The share of the weight that this branch always brings, where it does.
        self.points = _ALWAYS.get(code)
        self.state = state
        self.words = words


class Line(NamedTuple):
    """The result for one indicator."""

    branch: Branch
    #: In units of 10^-scale, rounded once; only where the branch is scored.
    points: int | None
    #: In units of 10^-12, for show; None where nothing could be computed.
    value: int | None


class Ladder:
    """Points for an exact quotient: sign -1 turns everything over where less is better."""

    __slots__ = ("base", "full", "lead", "maximum", "minimum", "scale", "sign", "span", "weight", "weight_down")

    def __init__(self, indicator: Indicator, level: tuple[int, int] | None, scale: int) -> None:
        self.sign = 1 if indicator.type in ("positive", "count") else -1
        self.lead: int | None = None
        self.base = self.span = 0
        self.scale = scale
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

    def points(self, share: Fraction) -> int:
        """Points for a share of the weight, rounded once."""
        return half_up(self.weight * share.numerator, self.weight_down * share.denominator)


def share_of(value: Fraction, lead: Fraction, baseline: Fraction, *, less_is_better: bool) -> tuple[Branch, Fraction]:
    """The branch and the share of the weight for one value against its own lead and baseline."""
    sign = -1 if less_is_better else 1
    if sign * value >= sign * lead:
        return Branch.LEAD, Fraction(1)
    above = sign * (value - baseline)
    if above < 0 or lead == baseline:
        return Branch.WORSE, Fraction(0)
    return Branch.BETWEEN, above / (sign * (lead - baseline))


def without(reason: Absent, *, may_not_apply: bool) -> Line:
    """The line where there is no value to score."""
    if reason is WRONG_UNIT:
        return Line(Branch.WRONG_UNIT, None, None)
    if reason is NOT_APPLICABLE:
        return Line(Branch.NOT_APPLICABLE if may_not_apply else Branch.MUST_APPLY, None, None)
    return Line(Branch.MISSING_VALUE, None, None)
