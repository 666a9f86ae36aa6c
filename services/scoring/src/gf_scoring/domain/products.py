"""A line scored product by product against published limits (单位产品能耗限额, 取水定额).

At most so many products count as the ruleset says, those with the largest amount. Each has its own lead and baseline;
the shares are weighted by the amounts. The limit holds in the edition of the evaluation year.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from gf_scoring.domain.lines import Branch, FactValue, Product, Products, share_of
from gf_scoring.domain.rules import ByProduct, Limit, LimitTable, Term

#: Exact factors from the unit of a term's quotient to the unit of a limit.
_FACTORS: dict[tuple[str, str], Fraction] = {
    ("tce/t", "kgce/t"): Fraction(1000),
    # Electricity stands in a form as coal equivalent, 0.1229 kgce/kWh (当量值).
    ("tce/t", "kWh/t"): Fraction(10_000_000, 1229),
    ("m3/t", "m3/t"): Fraction(1),
}


@dataclass(frozen=True, slots=True)
class ScoredProduct:
    """What one product brought, and by which limit."""

    name: str
    limit: Limit
    amount: Fraction
    output: Fraction
    #: In the limit's unit.
    value: Fraction
    lead: Fraction
    baseline: Fraction
    flags: tuple[str, ...]
    branch: Branch
    share: Fraction


@dataclass(frozen=True, slots=True)
class ScoredProducts:
    """None as the share: the branch says why the line is not scorable, ``at`` for which product."""

    branch: Branch
    share: Fraction | None
    scored: tuple[ScoredProduct, ...]
    #: Products left out because only the largest count.
    left_out: tuple[str, ...] = ()
    at: str = ""


def score_products(by: ByProduct, limits: LimitTable | None, products: Products, year: int) -> ScoredProducts | None:
    """None where no product names a limit of this kind: the formula beside it holds."""
    named = [(product, code) for product in products if (code := _limit_code(product, by.limit))]
    if not named or limits is None:
        return None
    rows: list[tuple[Fraction, Product, str]] = []
    for product, code in named:
        amount = _number(product, by.amount, year)
        if amount is None:
            return ScoredProducts(Branch.MISSING_VALUE, None, (), at=product.name)
        rows.append((amount, product, code))
    # The largest first; those alike in the order of their names, so that the order of the form plays no part.
    rows.sort(key=lambda row: (-abs(row[0]), row[1].name))
    scored: list[ScoredProduct] = []
    for amount, product, code in rows[: by.most]:
        one = _scored(by, limits, product, code, amount, year)
        if isinstance(one, Branch):
            return ScoredProducts(one, None, tuple(scored), at=product.name)
        scored.append(one)
    # Energy recovered (转炉) is negative and weighs as much as energy used.
    weight = sum((abs(one.amount) for one in scored), Fraction(0))
    if weight == 0:
        return ScoredProducts(Branch.ZERO_DENOMINATOR, None, tuple(scored))
    share = sum((one.share * abs(one.amount) for one in scored), Fraction(0)) / weight
    left_out = tuple(row[1].name for row in rows[by.most :])
    return ScoredProducts(Branch.PRODUCTS, share, tuple(scored), left_out)


def _scored(
    by: ByProduct, limits: LimitTable, product: Product, code: str, amount: Fraction, year: int
) -> ScoredProduct | Branch:
    output = _number(product, by.output, year)
    if output is None:
        return Branch.MISSING_VALUE
    if output <= 0:
        return Branch.ZERO_DENOMINATOR if output == 0 else Branch.NEGATIVE_DENOMINATOR
    limit = limits.find(code, year)
    if limit is None or limit.kind != by.kind:
        return Branch.UNKNOWN_LIMIT
    factor = _FACTORS.get((f"{by.amount.unit}/{by.output.unit}", limit.unit))
    if factor is None:
        return Branch.WRONG_UNIT
    found = limit.at(_parameters(product, by))
    if isinstance(found, str):
        return Branch.MISSING_PARAMETER
    value = amount * factor / output
    branch, share = share_of(value, found.lead, found.baseline, less_is_better=True)
    return ScoredProduct(
        product.name, limit, amount, output, value, found.lead, found.baseline, tuple(found.flags), branch, share
    )


def _limit_code(product: Product, fact: str) -> str:
    found = product.values.get((fact, 0, ""))
    return found[0] if isinstance(found, tuple) and found else ""


def _number(product: Product, term: Term, year: int) -> Fraction | None:
    (offset,) = term.years
    found: FactValue | None = product.values.get((term.fact, 0 if offset is None else year + offset, term.unit))
    return Fraction(found) * Fraction(term.times) if isinstance(found, str) else None


def _parameters(product: Product, by: ByProduct) -> dict[str, Fraction]:
    """Correction parameters (修正参数) of the product, whatever their unit."""
    return {
        code: Fraction(value)
        for (code, _, _), value in product.values.items()
        if code in by.parameters and isinstance(value, str | bool)
    }
