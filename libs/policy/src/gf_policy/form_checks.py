"""Rules over several values of a form, from a closed set of operators. Plain data: no expressions, no eval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Protocol

from gf_policy.model import FactRow, FormCheck, Problem
from gf_policy.numbers import EXACT

Key = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class CheckPlan:
    check: FormCheck
    operator: str  # at_most, ratio_between, requires, together
    left: tuple[tuple[str, ...], tuple[str, ...]]  # plus, minus
    right: tuple[tuple[str, ...], tuple[str, ...]]
    years: tuple[int | None, ...]
    low: Decimal
    high: Decimal
    codes: tuple[str, ...]  # together: all of them; requires: (when, then)
    at: str

    def cells(self) -> tuple[Key, ...]:
        """Every value the check looks at, so that loading can refuse one that the form has not."""
        codes = (*self.left[0], *self.left[1], *self.right[0], *self.right[1], *self.codes, self.at)
        return tuple((code, year) for code in codes if code for year in self.years)


class Run(Protocol):
    """What a check reads of a content on its way."""

    errors: list[Problem]
    warnings: list[Problem]
    facts: list[FactRow | None]
    numbers: list[Decimal | None]
    positions: list[int]
    products: dict[tuple[int, str], tuple[FactRow, int]]


def run_checks(plans: Sequence[CheckPlan], index: Mapping[Key, int], run: Run) -> None:
    with localcontext(EXACT):
        for plan in plans:
            for year in plan.years:
                if plan.operator == "together":
                    _together(plan, year, index, run)
                elif not _holds(plan, year, index, run):
                    _report(plan, year, run.positions[index[plan.at, year]], run)


def _holds(plan: CheckPlan, year: int | None, index: Mapping[Key, int], run: Run) -> bool:
    if plan.operator == "requires":
        when, then = (run.facts[index[code, year]] for code in plan.codes)
        asked = when is not None and when.presence == "given" and bool(when.value) and when.value != "0"
        return not asked or (then is not None and then.presence == "given")
    left = _sum(plan.left, year, index, run)
    right = _sum(plan.right, year, index, run)
    if left is None or right is None:
        return True  # a missing value has an error of its own
    if plan.operator == "at_most":
        return left <= right
    return right <= 0 or plan.low * right <= left <= plan.high * right


def _sum(
    side: tuple[tuple[str, ...], tuple[str, ...]], year: int | None, index: Mapping[Key, int], run: Run
) -> Decimal | None:
    """Sum over what is given; None when nothing that adds is given. Not applicable counts as nothing."""
    numbers = run.numbers
    total: Decimal | None = None
    for code in side[0]:
        number = numbers[index[code, year]]
        if number is not None:
            total = number if total is None else total + number
    if total is not None:
        for code in side[1]:
            number = numbers[index[code, year]]
            if number is not None:
                total -= number
    return total


def _together(plan: CheckPlan, year: int | None, index: Mapping[Key, int], run: Run) -> None:
    if not run.products:
        return
    cells = [index[code, year] for code in plan.codes]
    products = sorted({product for cell, product in run.products if cell in cells})
    for product in products:
        there = [run.products[cell, product] for cell in cells if (cell, product) in run.products]
        if len(there) < len(cells):
            _report(plan, year, there[0][1], run, f"（产品“{product}”）")


def _report(plan: CheckPlan, year: int | None, position: int, run: Run, about: str = "") -> None:
    check = plan.check
    pointer = "/values" if position < 0 else f"/values/{position}/value"
    prefix = "" if year is None else f"{year}年："
    problem = Problem(
        pointer, check.code, check.rule, f"{prefix}{check.message}{about}。", check.article, field=plan.at, year=year
    )
    (run.errors if check.severity == "error" else run.warnings).append(problem)
