"""Checks of facts (填报数据核对): what is missing, in another unit, impossible or contradictory, each by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

from gf_scoring.domain.lines import NOT_APPLICABLE, Facts, FactValue, Products
from gf_scoring.domain.numbers import half_up, plain
from gf_scoring.domain.rules import CrossCheck, Derived, Formula, Ruleset, Term


class Finding(NamedTuple):
    """One named finding; ``indicator`` is empty where it concerns the form and no single line."""

    code: str
    indicator: str
    fact: str
    year: int | None
    unit: str
    message: str


def findings(ruleset: Ruleset, campaign_year: int, facts: Facts, products: Products = ()) -> tuple[Finding, ...]:
    """All of them, line by line, then those across the form."""
    year = ruleset.evaluation_year(campaign_year)
    found: list[Finding] = []
    for indicator in ruleset.indicators:
        found += _of_formula(ruleset, indicator.code, indicator.name, indicator.formula, year, facts)
    known = {(one.code, one.fact, one.year) for one in found}
    for derived in ruleset.derived:
        found += (
            one for one in _of_derived(ruleset, derived, year, facts) if (one.code, one.fact, one.year) not in known
        )
    return (*dict.fromkeys(found), *cross_findings(ruleset, campaign_year, facts, products))


def cross_findings(ruleset: Ruleset, campaign_year: int, facts: Facts, products: Products) -> tuple[Finding, ...]:
    """Totals held against their parts (合计与明细的核对)."""
    year = ruleset.evaluation_year(campaign_year)
    checks = (_cross(check, year, facts, products) for check in ruleset.cross_checks)
    return tuple(finding for finding in checks if finding is not None)


def _cross(check: CrossCheck, year: int, facts: Facts, products: Products) -> Finding | None:
    said = facts.get((check.fact, year, check.unit))
    if not isinstance(said, str):
        return None
    parts = [v for p in products if isinstance(v := p.values.get((check.parts, year, check.unit)), str)]
    total = Fraction(said)
    if not parts:
        return (
            Finding(f"{check.code}_unlisted", "", check.fact, year, check.unit, check.without_parts) if total else None
        )
    summed = sum((Fraction(part) for part in parts), Fraction(0))
    if abs(total - summed) * 100 <= Fraction(check.tolerance) * max(abs(total), abs(summed)):
        return None
    return Finding(f"{check.code}_mismatch", "", check.fact, year, check.unit, check.message)


def _of_formula(
    ruleset: Ruleset, indicator: str, name: str, formula: Formula, year: int, facts: Facts
) -> Iterator[Finding]:
    for terms in _groups(formula):
        given = any(isinstance(_value(facts, term, at), str) for term in terms for at in _years(formula, term, year))
        for term in terms:
            for at in _years(formula, term, year):
                said = _value(facts, term, at)
                if isinstance(said, str):
                    yield from _impossible(ruleset, indicator, term, at, said)
                    continue
                other = next((unit for (c, y, unit) in facts if c == term.fact and y == (at or 0)), None)
                if said is None and other is not None and other != term.unit:
                    if not _convertible(ruleset.conversions, term.unit, other):
                        message = f"{name}：{term.fact} 的单位“{other}”不能换算为“{term.unit}”。"
                        yield Finding("wrong_unit", indicator, term.fact, at, other, message)
                elif said is NOT_APPLICABLE or (term.missing == "zero" and given):
                    continue
                else:
                    message = f"{name}：缺少 {term.fact}{f'（{at} 年）' if at else ''}。"
                    yield Finding("missing_value", indicator, term.fact, at, term.unit, message)
    yield from _denominator(indicator, name, formula, year, facts)


def _of_derived(ruleset: Ruleset, derived: Derived, year: int, facts: Facts) -> Iterator[Finding]:
    """What is only shown may be left out; what is stated has to be possible, and so has what follows from it."""
    formula = derived.formula
    said = [
        (term, at, value)
        for term in (*formula.of, *formula.over)
        for at in _years(formula, term, year)
        if isinstance(value := _value(facts, term, at), str)
    ]
    for term, at, stated in said:
        yield from _impossible(ruleset, "", term, at, stated)
    yield from _denominator("", derived.name, formula, year, facts)
    worth, low, high = _ratio(formula, year, facts), derived.minimum, derived.maximum
    if worth is None:
        return
    if (low is not None and worth < Fraction(low)) or (high is not None and worth > Fraction(high)):
        term, at, _ = said[0]
        limits = "–".join("" if limit is None else f"{limit:f}" for limit in (low, high))
        shown = plain(half_up(worth.numerator * 100, worth.denominator), 2)
        message = f"{derived.name}为 {shown} {derived.unit}，超出可能的范围（{limits}），请核对所用各项数据。"
        yield Finding("derived_out_of_range", "", term.fact, at, term.unit, message)


def _ratio(formula: Formula, year: int, facts: Facts) -> Fraction | None:
    """The value of a formula over what is stated in its own units; None where something is missing."""
    up, down = (_sum(terms, formula, year, facts) for terms in (formula.of, formula.over))
    if formula.op != "ratio" or up is None or not down:
        return None
    return up * Fraction(formula.times) / down


def _sum(terms: Sequence[Term], formula: Formula, year: int, facts: Facts) -> Fraction | None:
    total = Fraction(0)
    for term in terms:
        for at in _years(formula, term, year):
            value = _value(facts, term, at)
            if not isinstance(value, str):
                return None
            total += Fraction(value) * Fraction(term.times)
    return total


def _impossible(ruleset: Ruleset, indicator: str, term: Term, year: int | None, said: str) -> Iterator[Finding]:
    for row in ruleset.physical:
        if (row.fact, row.unit) != (term.fact, term.unit):
            continue
        number = Decimal(said)
        if (row.minimum is not None and number < row.minimum) or (row.maximum is not None and number > row.maximum):
            low = "" if row.minimum is None else f"{row.minimum:f}"
            high = "" if row.maximum is None else f"{row.maximum:f}"
            message = f"{term.fact} 为 {said} {term.unit}，超出可能的范围（{low}–{high}）。"
            yield Finding("out_of_range", indicator, term.fact, year, term.unit, message)


def _denominator(indicator: str, name: str, formula: Formula, year: int, facts: Facts) -> Iterator[Finding]:
    if formula.op != "ratio":
        return
    values = [
        (Fraction(term.times), said)
        for term in formula.over
        for at in _years(formula, term, year)
        if isinstance(said := _value(facts, term, at), str)
    ]
    if values and sum((times * Fraction(said) for times, said in values), Fraction(0)) == 0:
        term = formula.over[0]
        yield Finding("zero_denominator", indicator, term.fact, year, term.unit, f"{name}：计算公式的分母为零。")


def _groups(formula: Formula) -> list[Sequence[Term]]:
    return [list(formula.of), *(list(part.of) for part in formula.parts), list(formula.over)]


def _years(formula: Formula, term: Term, year: int) -> list[int | None]:
    offsets = [None if offset is None else year + offset for offset in term.years]
    if formula.span:
        return [*offsets, *(None if at is None else at - formula.span for at in offsets)]
    return offsets


def _value(facts: Facts, term: Term, year: int | None) -> FactValue | None:
    return facts.get((term.fact, year or 0, term.unit))


def _convertible(conversions: Mapping[str, Mapping[str, Decimal]] | None, wanted: str, unit: str) -> bool:
    return unit in (conversions or {}).get(wanted, {})
