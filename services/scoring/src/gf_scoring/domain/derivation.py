"""How each line came about (推导过程): inputs, conversion, formula, lead, baseline, branch and points.

Worked out from the facts when somebody looks, never on the way of a submission: it says what the engine did, with the
same numbers, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from gf_scoring.domain import elasticity
from gf_scoring.domain.engine import Branch, Facts, Line, Marks, Products, Score, Scorer
from gf_scoring.domain.lines import FactValue
from gf_scoring.domain.numbers import DIGITS, ONE, growth, half_up, plain, whole_of
from gf_scoring.domain.products import ScoredProduct, score_products
from gf_scoring.domain.rules import Formula, Indicator, Term

_BRANCHES = {
    Branch.LEAD: "达到或优于引领值，得满分",
    Branch.WORSE: "劣于基准值（或仅达到而未优于），得零分",
    Branch.BETWEEN: "介于基准值和引领值之间，按线性比例得分",
    Branch.MARK: "审核人员评分",
    Branch.PRODUCTS: "按产品分别与限额（定额）比较，按用量加权",
    Branch.PARTS: "各污染物分别判定后取平均",
    Branch.DECOUPLED: "增加值增长而排放未增长（绝对脱钩），得满分",
    Branch.SHRINKING_FULL: "增加值下降，排放下降更快，得满分",
    Branch.SHRINKING_BETWEEN: "增加值下降，排放随之下降，按线性比例得分",
    Branch.SHRINKING_ZERO: "增加值下降，排放几乎没有下降，得零分",
    Branch.RISING: "增加值下降而排放未下降，得零分",
    Branch.NO_GROWTH_FULL: "增加值没有增减，排放未增长，得满分，待人工复核",
    Branch.NO_GROWTH_ZERO: "增加值没有增减而排放增长，得零分，待人工复核",
}


@dataclass(frozen=True, slots=True)
class InputUsed:
    """One value of the form as a line read it."""

    fact: str
    year: int | None
    #: Unit of the table, and what the form stated where that was another one.
    unit: str
    value: FactValue | None
    stated_unit: str
    #: Exact factor from the stated unit; "1" where they are the same.
    factor: str
    #: Weight of the value in its sum, for example "-1".
    times: str
    #: "of" (above the line), "over" (below it), "tier", or the code of a part.
    side: str


@dataclass(frozen=True, slots=True)
class PartDerivation:
    """One pollutant of an elasticity coefficient."""

    code: str
    name: str
    emitted_growth: str
    coefficient: str
    branch: str
    points: str


@dataclass(frozen=True, slots=True)
class ProductDerivation:
    name: str
    limit: str
    standard: str
    unit: str
    value: str
    lead: str
    baseline: str
    flags: tuple[str, ...]
    amount: str
    branch: str
    share: str


@dataclass(frozen=True, slots=True)
class Derivation:
    indicator: str
    inputs: tuple[InputUsed, ...]
    formula: str
    numerator: str | None
    denominator: str | None
    value: str | None
    lead: str | None
    baseline: str | None
    branch: str
    explanation: str
    #: How the points came of the value, written out.
    calculation: str
    products: tuple[ProductDerivation, ...]
    products_left_out: tuple[str, ...]
    parts: tuple[PartDerivation, ...]
    output_growth: str | None


@dataclass(frozen=True, slots=True)
class YearValue:
    year: int
    #: None where it cannot be computed from what the form states.
    value: str | None


@dataclass(frozen=True, slots=True)
class History:
    """One quantity over three years side by side (逐年对比)."""

    code: str
    name: str
    unit: str
    years: tuple[YearValue, ...]


def derive(
    scorer: Scorer,
    facts: Facts,
    marks: Marks | None = None,
    products: Products = (),
    labels: Mapping[str, str] | None = None,
) -> tuple[Score, tuple[Derivation, ...]]:
    """The score again, with the derivation of every line. ``labels``: what people call the facts."""
    score = scorer.score(facts, marks, products)
    names = labels or {}
    lines = zip(scorer.indicators, scorer.levels, score.lines, strict=True)
    return score, tuple(_line(scorer, i, level, line, facts, products, names) for i, level, line in lines)


def three_years(scorer: Scorer, facts: Facts) -> tuple[History, ...]:
    """Each computed quantity for the evaluation year and the two before it, where the form collects them."""
    found: list[History] = []
    for indicator in scorer.indicators:
        if indicator.formula.op in ("ratio", "amount"):
            found.append(_history(scorer, indicator.code, indicator.name, indicator.unit, indicator.formula, facts))
    for derived in scorer.ruleset.derived:
        found.append(_history(scorer, derived.code, derived.name, derived.unit, derived.formula, facts))
    return tuple(found)


def _history(scorer: Scorer, code: str, name: str, unit: str, formula: Formula, facts: Facts) -> History:
    """What is stated without a year (how the land is built on) holds for the evaluation year alone."""
    years = (scorer.year - 2, scorer.year - 1, scorer.year)
    dated = any(term.years != (None,) for term in (*formula.of, *formula.over))
    values = [_value(scorer, formula, y, facts) if dated or y == scorer.year else None for y in years]
    return History(code, name, unit, tuple(YearValue(y, _shown(v)) for y, v in zip(years, values, strict=True)))


def _value(scorer: Scorer, formula: Formula, year: int, facts: Facts) -> Fraction | None:
    up = _total(scorer, formula.of, year, facts)
    down = _total(scorer, formula.over, year, facts) if formula.over else Fraction(1)
    if up is None or down is None or down <= 0:
        return None
    return up * Fraction(formula.times) / down


def _total(scorer: Scorer, terms: Sequence[Term], year: int, facts: Facts) -> Fraction | None:
    total, given = Fraction(0), False
    for used in _inputs(scorer, terms, year, facts, ""):
        if isinstance(used.value, str):
            total += Fraction(used.value) * Fraction(used.factor) * Fraction(used.times)
            given = True
        elif not _optional(terms, used.fact):
            return None
    return total if given else None


def _optional(terms: Sequence[Term], fact: str) -> bool:
    return all(term.missing == "zero" for term in terms if term.fact == fact)


def _inputs(scorer: Scorer, terms: Sequence[Term], year: int, facts: Facts, side: str) -> Iterator[InputUsed]:
    for term in terms:
        for offset in term.years:
            at = None if offset is None else year + offset
            said, unit = facts.get((term.fact, at or 0, term.unit)), term.unit
            factor = "1"
            if said is None:
                for (code, y, other), value in facts.items():
                    if (code, y) == (term.fact, at or 0) and isinstance(value, str):
                        said, unit = value, other
                        known = (scorer.ruleset.conversions or {}).get(term.unit, {}).get(other)
                        factor = "0" if known is None else f"{known:f}"
            yield InputUsed(term.fact, at, term.unit, said, unit, factor, f"{term.times:f}", side)


def _line(
    scorer: Scorer,
    indicator: Indicator,
    level: tuple[int, int] | None,
    line: Line,
    facts: Facts,
    products: Products,
    labels: Mapping[str, str],
) -> Derivation:
    formula, year = indicator.formula, scorer.year
    scored = None
    if indicator.by_product is not None and products:
        scored = score_products(indicator.by_product, scorer.ruleset.limits, products, year)
    up = _total(scorer, formula.of, year, facts) if formula.of and formula.op != "growth" else None
    down = _total(scorer, formula.over, year, facts) if formula.over and formula.op != "elasticity" else None
    if scored is not None:
        level = None
    elif indicator.tiers is not None:
        level = _tier(scorer, indicator, facts)
    parts, made = _parts(scorer, indicator, level, facts)
    return Derivation(
        indicator=indicator.code,
        inputs=tuple(_all_inputs(scorer, indicator, facts)),
        formula=_formula_words(formula, labels),
        numerator=_shown(up),
        denominator=_shown(down),
        value=None if line.value is None else plain(line.value, DIGITS),
        lead=None if level is None else plain(level[0], DIGITS),
        baseline=None if level is None else plain(level[1], DIGITS),
        branch=line.branch.code,
        explanation=_BRANCHES.get(line.branch, line.branch.words),
        calculation=_calculation(scorer, indicator, level, line),
        products=tuple(_product(one) for one in scored.scored) if scored else (),
        products_left_out=scored.left_out if scored else (),
        parts=parts,
        output_growth=made,
    )


def _all_inputs(scorer: Scorer, indicator: Indicator, facts: Facts) -> Iterator[InputUsed]:
    formula, year = indicator.formula, scorer.year
    ends = (year, year - formula.span) if formula.span else (year,)
    for at in ends:
        yield from _inputs(scorer, formula.of, at, facts, "of")
        for part in formula.parts:
            yield from _inputs(scorer, part.of, at, facts, part.code)
        yield from _inputs(scorer, formula.over, at, facts, "over")
    if indicator.tiers is not None:
        yield from _inputs(scorer, indicator.tiers.of, year, facts, "tier")
    for code in ((formula.fact,) if formula.fact else ()) + tuple(formula.claims):
        for (name, at, unit), value in facts.items():
            if name == code and at in (0, year):
                yield InputUsed(code, at or None, unit, value, unit, "1", "1", "of")


def _tier(scorer: Scorer, indicator: Indicator, facts: Facts) -> tuple[int, int] | None:
    assert indicator.tiers is not None
    size = _total(scorer, indicator.tiers.of, scorer.year, facts)
    if size is None:
        return None
    step = next(s for s in indicator.tiers.steps if s.below is None or size < Fraction(s.below))
    return whole_of(step.lead), whole_of(step.baseline)


def _parts(
    scorer: Scorer, indicator: Indicator, level: tuple[int, int] | None, facts: Facts
) -> tuple[tuple[PartDerivation, ...], str | None]:
    """Each quantity of an elasticity, and the growth of what they are set against."""
    formula = indicator.formula
    if formula.op != "elasticity":
        return (), None
    made = _rate(scorer, formula.over, formula.span, facts)
    if made is None:
        return (), None
    found = []
    for part in formula.parts:
        rate = _rate(scorer, part.of, formula.span, facts)
        if rate is None:
            continue
        coefficient = "" if made == 0 else _shown(Fraction(rate, made)) or ""
        branch, points = "missing_benchmark", ""
        if level is not None:
            lead, base = Fraction(level[0], ONE), Fraction(level[1], ONE)
            taken, share = elasticity.judge(rate, made, lead, base, Fraction(formula.shrinking_full))
            branch, points = taken.code, _shown(share * Fraction(indicator.weight)) or ""
        found.append(PartDerivation(part.code, part.name, plain(rate, DIGITS), coefficient, branch, points))
    return tuple(found), plain(made, DIGITS)


def _rate(scorer: Scorer, terms: Sequence[Term], years: int, facts: Facts) -> int | None:
    end, start = (_total(scorer, terms, scorer.year - back, facts) for back in (0, years))
    if end is None or start is None or start <= 0 or end < 0:
        return None
    return growth(
        half_up(end.numerator * ONE, end.denominator), half_up(start.numerator * ONE, start.denominator), years
    )


def _product(one: ScoredProduct) -> ProductDerivation:
    shown = (_shown(number) or "" for number in (one.value, one.lead, one.baseline, one.amount, one.share))
    value, lead, baseline, amount, share = shown
    return ProductDerivation(
        name=one.name,
        limit=one.limit.name,
        standard=one.limit.standard,
        unit=one.limit.unit,
        value=value,
        lead=lead,
        baseline=baseline,
        flags=one.flags,
        amount=amount,
        branch=one.branch.code,
        share=share,
    )


# --- in words -------------------------------------------------------------------------------------------------------


def _formula_words(formula: Formula, labels: Mapping[str, str]) -> str:
    match formula.op:
        case "count":
            return f"{labels.get(formula.fact, formula.fact)}：符合的项数（共 {len(formula.members)} 项）"
        case "mark":
            return "审核人员根据佐证材料评分"
        case "growth":
            return f"（{_sum_words(formula.of, labels)}）{formula.span} 年年均增长率{_times_words(formula)}"
        case "elasticity":
            names = "、".join(part.name for part in formula.parts)
            return f"（{names}）{formula.span} 年年均增长率 ÷ （{_sum_words(formula.over, labels)}）年均增长率"
    words = _sum_words(formula.of, labels)
    if formula.over:
        words = f"（{words}）÷（{_sum_words(formula.over, labels)}）"
    return words + _times_words(formula)


def _times_words(formula: Formula) -> str:
    return "" if formula.times == 1 else f" × {formula.times:f}"


def _sum_words(terms: Sequence[Term], labels: Mapping[str, str]) -> str:
    words = ""
    for term in terms:
        years = "" if len(term.years) < 2 else f"（近 {len(term.years)} 年合计）"
        size = abs(term.times)
        name = f"{labels.get(term.fact, term.fact)}{years}" + ("" if size == 1 else f" × {size:f}")
        sign = "-" if term.times < 0 else "+" if words else ""
        words += f" {sign} {name}" if words else f"{sign}{name}"
    return words


def _calculation(scorer: Scorer, indicator: Indicator, level: tuple[int, int] | None, line: Line) -> str:
    if line.points is None:
        return line.branch.words
    points = plain(line.points, scorer.ruleset.scale)
    weight = f"{indicator.weight:f}"
    if line.branch is Branch.BETWEEN and level is not None and line.value is not None:
        value, lead, base = (plain(number, DIGITS) for number in (line.value, *level))
        return f"{weight} × ({value} - {base}) ÷ ({lead} - {base}) = {points}"
    return f"{points}（满分 {weight}）"


def _shown(number: Fraction | None) -> str | None:
    return None if number is None else plain(half_up(number.numerator * ONE, number.denominator), DIGITS)
