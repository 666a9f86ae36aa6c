"""A second, slow and obvious reading of the scoring rules with fractions; shares nothing with the engine."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class Answer:
    branch: str
    points: Fraction | None
    value: Fraction | None


class Missing(Exception):
    pass


class NotApplicable(Exception):
    pass


class WrongUnit(Exception):
    pass


def number(facts: dict, fact: str, year: int | None, unit: str) -> Fraction:
    found = {u: v for (code, y, u), v in facts.items() if code == fact and y == (year or 0)}
    if not found:
        raise Missing
    if unit not in found:
        raise WrongUnit
    value = found[unit]
    if getattr(value, "value", None) == "not_applicable":
        raise NotApplicable
    if not isinstance(value, str):
        raise Missing
    return Fraction(value)


def weighted_sum(terms: Any, year: int, facts: dict) -> Fraction:
    total, anything, reason = Fraction(0), False, Missing
    for term in terms:
        for offset in term.years:
            try:
                value = number(facts, term.fact, None if offset is None else year + offset, term.unit)
            except (Missing, NotApplicable) as absent:
                if term.missing != "zero":
                    raise
                reason = type(absent)
                continue
            total += Fraction(term.times) * value
            anything = True
    if not anything:
        raise reason
    return total


def judge(indicator: Any, x: Fraction, level: tuple[Fraction, Fraction] | None) -> Answer:
    if indicator.minimum is not None and x < Fraction(indicator.minimum):
        return Answer("out_of_range", None, x)
    if indicator.maximum is not None and x > Fraction(indicator.maximum):
        return Answer("out_of_range", None, x)
    if level is None:
        return Answer("missing_benchmark", None, x)
    lead, base = level
    weight = Fraction(indicator.weight)
    if indicator.type == "inverse":
        if x <= lead:
            return Answer("at_or_better_than_lead", weight, x)
        if x > base:
            return Answer("worse_than_baseline", Fraction(0), x)
    else:
        if x >= lead:
            return Answer("at_or_better_than_lead", weight, x)
        if x < base:
            return Answer("worse_than_baseline", Fraction(0), x)
    return Answer("between", weight * (x - base) / (lead - base), x)


def line(indicator: Any, facts: dict, year: int, levels: dict, marks: dict) -> Answer:
    formula = indicator.formula
    if formula.op == "mark":
        if indicator.code not in marks:
            return Answer("awaits_mark", None, None)
        mark = Fraction(marks[indicator.code])
        if not 0 <= mark <= Fraction(indicator.weight):
            return Answer("mark_out_of_range", None, None)
        return Answer("mark", mark, None)
    level = levels.get(indicator.code)
    if indicator.fixed:
        level = (Fraction(indicator.fixed.lead), Fraction(indicator.fixed.baseline))
    if formula.op == "count":
        chosen = facts.get((formula.fact, 0, ""))
        if not isinstance(chosen, tuple):
            return Answer("missing_value", None, None)
        return judge(indicator, Fraction(len(set(chosen) & {m.code for m in formula.members})), level)
    try:
        top = weighted_sum(formula.of, year, facts)
        bottom = weighted_sum(formula.over, year, facts) if formula.over else Fraction(1)
    except Missing:
        return Answer("missing_value", None, None)
    except WrongUnit:
        return Answer("wrong_unit", None, None)
    except NotApplicable:
        return Answer("not_applicable" if indicator.may_not_apply else "must_apply", None, None)
    if bottom == 0:
        return Answer("zero_denominator", None, None)
    if bottom < 0:
        return Answer("negative_denominator", None, None)
    return judge(indicator, Fraction(formula.times) * top / bottom, level)


def rounded(value: Fraction, scale: int) -> int:
    """Half up, away from zero, in units of 10^-scale."""
    scaled = abs(value) * 10**scale
    whole = scaled.numerator // scaled.denominator
    if scaled - whole >= Fraction(1, 2):
        whole += 1
    return whole if value >= 0 else -whole


def total(ruleset: Any, answers: list[Answer]) -> int | None:
    states = {"awaits_mark": "waits", "mark_out_of_range": "waits", "not_applicable": "out"}
    weight_of = {i: Fraction(indicator.weight) for i, indicator in enumerate(ruleset.indicators)}
    out = sum((weight_of[i] for i, a in enumerate(answers) if states.get(a.branch) == "out"), Fraction(0))
    failed = sum(
        (weight_of[i] for i, a in enumerate(answers) if a.points is None and a.branch not in states), Fraction(0)
    )
    applicable = Fraction(ruleset.full) - out
    if applicable == 0 or (applicable - failed) / applicable < Fraction(ruleset.minimum_share):
        return None
    points = sum(rounded(a.points, ruleset.scale) for a in answers if a.points is not None)
    if out:
        return rounded(Fraction(points, 10**ruleset.scale) * Fraction(ruleset.full) / applicable, ruleset.scale)
    return points
