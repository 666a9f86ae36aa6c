"""A second, slow and obvious reading of the scoring rules with fractions; shares nothing with the engine."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
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


class Impossible(Exception):
    pass


def number(ruleset: Any, facts: dict, fact: str, year: int | None, unit: str) -> Fraction:
    found = {u: v for (code, y, u), v in facts.items() if code == fact and y == (year or 0)}
    if not found:
        raise Missing
    if unit not in found:
        known = (ruleset.conversions or {}).get(unit, {})
        usable = [(u, v) for u, v in found.items() if isinstance(v, str)]
        if not usable:
            raise Missing
        other, text = usable[-1]
        if other not in known or (Fraction(text) * Fraction(known[other]) * 10**12).denominator != 1:
            raise WrongUnit
        return Fraction(text) * Fraction(known[other])
    value = found[unit]
    if getattr(value, "value", None) == "not_applicable":
        raise NotApplicable
    if not isinstance(value, str):
        raise Missing
    return Fraction(value)


def impossible(ruleset: Any, facts: dict, terms: Any, years: list[int]) -> bool:
    """Some value that is read lies outside its physical range."""
    for term in terms:
        for year in years:
            for offset in term.years:
                try:
                    x = number(ruleset, facts, term.fact, None if offset is None else year + offset, term.unit)
                except (Missing, NotApplicable, WrongUnit):
                    continue
                for row in ruleset.physical:
                    if (row.fact, row.unit) == (term.fact, term.unit):
                        if row.minimum is not None and x < Fraction(row.minimum):
                            return True
                        if row.maximum is not None and x > Fraction(row.maximum):
                            return True
    return False


def weighted_sum(ruleset: Any, terms: Any, year: int, facts: dict) -> Fraction:
    total, anything, reason = Fraction(0), False, Missing
    for term in terms:
        for offset in term.years:
            try:
                value = number(ruleset, facts, term.fact, None if offset is None else year + offset, term.unit)
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


def share(x: Fraction, lead: Fraction, base: Fraction, less_is_better: bool) -> tuple[str, Fraction]:
    if less_is_better:
        if x <= lead:
            return "at_or_better_than_lead", Fraction(1)
        if x > base or lead == base:
            return "worse_than_baseline", Fraction(0)
    else:
        if x >= lead:
            return "at_or_better_than_lead", Fraction(1)
        if x < base or lead == base:
            return "worse_than_baseline", Fraction(0)
    return "between", (x - base) / (lead - base)


def judge(indicator: Any, x: Fraction, level: tuple[Fraction, Fraction] | None) -> Answer:
    if indicator.minimum is not None and x < Fraction(indicator.minimum):
        return Answer("out_of_range", None, x)
    if indicator.maximum is not None and x > Fraction(indicator.maximum):
        return Answer("out_of_range", None, x)
    if level is None:
        return Answer("missing_benchmark", None, x)
    branch, part = share(x, *level, indicator.type == "inverse")
    return Answer(branch, Fraction(indicator.weight) * part, x)


_WIDE = Context(prec=120)


def yearly_growth(end: Fraction, start: Fraction, years: int) -> Fraction:
    """Mean yearly growth with 120 digits, rounded half up to 12 places."""
    ratio = end / start
    exact = _WIDE.divide(Decimal(ratio.numerator), Decimal(ratio.denominator))
    root = _WIDE.power(exact, _WIDE.divide(Decimal(1), Decimal(years))) if exact else Decimal(0)
    return Fraction(rounded(Fraction(root), 12), 10**12) - 1


class ZeroBase(Exception):
    pass


def growth_of(ruleset: Any, terms: Any, year: int, span: int, facts: dict) -> Fraction:
    end, start = weighted_sum(ruleset, terms, year, facts), weighted_sum(ruleset, terms, year - span, facts)
    if start <= 0 or end < 0:
        raise ZeroBase
    return yearly_growth(end, start, span)


def elastic(m: Fraction, g: Fraction, lead: Fraction, base: Fraction, full_at: Fraction) -> tuple[str, Fraction]:
    """The table of sign cases, row by row."""
    if g > 0 and m <= 0:
        return "absolute_decoupling", Fraction(1)
    if g > 0:
        return share(m / g, lead, base, True)
    if g < 0 and m >= 0:
        return "rising_while_shrinking", Fraction(0)
    if g < 0:
        e = m / g
        if e >= full_at:
            return "shrinking_full", Fraction(1)
        if e <= lead:
            return "shrinking_too_little", Fraction(0)
        return "shrinking_between", (e - lead) / (full_at - lead)
    return ("no_growth_rising", Fraction(0)) if m > 0 else ("no_growth_not_rising", Fraction(1))


def elasticity(ruleset: Any, indicator: Any, facts: dict, year: int, level: Any) -> Answer:
    formula = indicator.formula
    g = growth_of(ruleset, formula.over, year, formula.span, facts)
    rates = []
    for part in formula.parts:
        ends = []
        for at in (year, year - formula.span):
            try:
                ends.append(weighted_sum(ruleset, part.of, at, facts))
            except NotApplicable:
                ends.append("n/a")
            except (Missing, WrongUnit) as absent:
                ends.append(type(absent))
        if ends in ([0, 0], ["n/a", "n/a"]):
            continue
        rates.append(growth_of(ruleset, part.of, year, formula.span, facts))
    if level is None:
        return Answer("missing_benchmark", None, None)
    judged = [elastic(m, g, *level, Fraction(formula.shrinking_full)) for m in rates or [Fraction(0)]]
    weight = Fraction(indicator.weight)
    if len(judged) == 1:
        value = rates[0] / g if rates and g != 0 else None
        return Answer(judged[0][0], weight * judged[0][1], value)
    return Answer("mean_of_parts", weight * sum(s for _, s in judged) / len(judged), None)


def by_products(ruleset: Any, indicator: Any, products: list[tuple[str, dict]], year: int) -> Answer | None:
    """Top products by amount, each against the limit of its edition."""
    by, rows = indicator.by_product, []
    named = [(name, values) for name, values in products if values.get((by.limit, 0, ""))]
    if not named:
        return None
    for name, values in named:
        amount = values.get((by.amount.fact, year, by.amount.unit))
        if not isinstance(amount, str):
            return Answer("missing_value", None, None)
        rows.append((Fraction(amount), name, values))
    rows.sort(key=lambda row: (-abs(row[0]), row[1]))
    top, weighted, weights, last = rows[: by.most], Fraction(0), Fraction(0), None
    for amount, _, values in top:
        output = values.get((by.output.fact, year, by.output.unit))
        if not isinstance(output, str):
            return Answer("missing_value", None, None)
        if Fraction(output) == 0:
            return Answer("zero_denominator", None, None)
        limit = ruleset.limits.find(values[(by.limit, 0, "")][0], year)
        if limit is None or limit.kind != by.kind:
            return Answer("unknown_limit", None, None)
        factor = {"kgce/t": Fraction(1000), "kWh/t": 1000 / Fraction("0.1229"), "m3/t": Fraction(1)}[limit.unit]
        lead, base = Fraction(limit.levels[1]), Fraction(limit.levels.get(2, limit.levels.get(3)))
        for correction in limit.corrections:
            stated = [v for (c, _, _), v in values.items() if c == correction.parameter]
            if correction.op == "per_point":
                if not stated:
                    return Answer("missing_parameter", None, None)
                off = Fraction(stated[0]) - correction.reference
                lead += correction.by_level[1] * off
                base += correction.by_level[2 if 2 in limit.levels else 3] * off
            elif stated and stated[0]:
                lead, base = lead * correction.by_level[1], base * correction.by_level[2]
        x = amount / Fraction(output) * factor
        weighted += share(x, lead, base, True)[1] * abs(amount)
        weights += abs(amount)
        last = x
    if weights == 0:
        return Answer("zero_denominator", None, None)
    return Answer("by_product", Fraction(indicator.weight) * weighted / weights, last if len(top) == 1 else None)


def line(ruleset: Any, indicator: Any, facts: dict, year: int, levels: dict, marks: dict, products: Any = ()) -> Answer:
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
    terms = [*formula.of, *(t for part in formula.parts for t in part.of), *formula.over]
    if impossible(ruleset, facts, terms, [year, year - formula.span] if formula.span else [year]):
        return Answer("input_out_of_range", None, None)
    if indicator.by_product and products:
        found = by_products(ruleset, indicator, products, year)
        if found is not None:
            return found
    may_not = formula.op == "ratio" or formula.op == "amount"
    try:
        if formula.op == "growth":
            return judge(
                indicator, growth_of(ruleset, formula.of, year, formula.span, facts) * Fraction(formula.times), level
            )
        if formula.op == "elasticity":
            return elasticity(ruleset, indicator, facts, year, level)
        if indicator.tiers:
            size = weighted_sum(ruleset, indicator.tiers.of, year, facts)
            step = next(s for s in indicator.tiers.steps if s.below is None or size < Fraction(s.below))
            level = (Fraction(step.lead), Fraction(step.baseline))
        top = weighted_sum(ruleset, formula.of, year, facts)
        bottom = weighted_sum(ruleset, formula.over, year, facts) if formula.over else Fraction(1)
    except Missing:
        return Answer("missing_value", None, None)
    except WrongUnit:
        return Answer("wrong_unit", None, None)
    except ZeroBase:
        return Answer("zero_base", None, None)
    except NotApplicable:
        return Answer("not_applicable" if may_not and indicator.may_not_apply else "must_apply", None, None)
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
    waiting = ("awaits_mark", "mark_out_of_range")
    bonus = {d.code: Fraction(d.weight) for d in ruleset.dimensions if d.bonus}
    out = failed = Fraction(0)
    points = extra = 0
    for indicator, answer in zip(ruleset.indicators, answers, strict=True):
        earned = 0 if answer.points is None else rounded(answer.points, ruleset.scale)
        if indicator.dimension in bonus:
            extra += earned
        elif answer.points is not None:
            points += earned
        elif answer.branch == "not_applicable":
            out += Fraction(indicator.weight) if ruleset.not_applicable == "rescale_to_full" else 0
        elif answer.branch not in waiting:
            failed += Fraction(indicator.weight)
    applicable = Fraction(ruleset.full) - out
    if applicable == 0 or (applicable - failed) / applicable < Fraction(ruleset.minimum_share):
        return None
    if out:
        points = rounded(Fraction(points, 10**ruleset.scale) * Fraction(ruleset.full) / applicable, ruleset.scale)
    return points + min(extra, rounded(sum(bonus.values(), Fraction(0)), ruleset.scale))
