"""Rules over several values of a form, from a closed set of operators. Plain data: no expressions, no eval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Protocol

from gf_policy.model import FactRow, FormCheck, Problem
from gf_policy.numbers import EXACT

Key = tuple[str, int | None]
_ZERO = Decimal(0)


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


class CompiledCheck:
    """A check of one year with the places of its values worked out."""

    __slots__ = ("cells", "left", "left_minus", "operator", "place", "plan", "right", "right_minus", "year")

    def __init__(self, plan: CheckPlan, year: int | None, index: Mapping[Key, int]) -> None:
        self.plan = plan
        self.year = year
        self.operator = plan.operator
        self.left, self.left_minus = (tuple(index[code, year] for code in codes) for codes in plan.left)
        self.right, self.right_minus = (tuple(index[code, year] for code in codes) for codes in plan.right)
        self.cells = tuple(index[code, year] for code in plan.codes)
        self.place = index[plan.at, year]


def compile_checks(plans: Sequence[CheckPlan], index: Mapping[Key, int]) -> tuple[CompiledCheck, ...]:
    return tuple(CompiledCheck(plan, year, index) for plan in plans for year in plan.years)


def run_checks(checks: Sequence[CompiledCheck], run: Run) -> None:
    numbers = run.numbers
    with localcontext(EXACT):
        for check in checks:
            operator = check.operator
            if operator == "together":
                _together(check, run)
                continue
            if operator == "requires":
                holds = _required(check, run)
            else:
                left = _sum(check.left, check.left_minus, numbers)
                right = _sum(check.right, check.right_minus, numbers)
                if left is None or right is None:
                    continue  # a missing value has an error of its own
                if operator == "at_most":
                    holds = left <= right
                else:
                    holds = right <= 0 or check.plan.low * right <= left <= check.plan.high * right
            if not holds:
                _report(check, run.positions[check.place], run)


def _required(check: CompiledCheck, run: Run) -> bool:
    when, then = (run.facts[cell] for cell in check.cells)
    asked = when is not None and when.presence == "given" and bool(when.value) and when.value != "0"
    return not asked or (then is not None and then.presence == "given")


def _sum(plus: tuple[int, ...], minus: tuple[int, ...], numbers: Sequence[Decimal | None]) -> Decimal | None:
    """Sum over what is given; None when nothing that adds is given. Not applicable counts as nothing."""
    if len(plus) == 1 and not minus:
        return numbers[plus[0]]
    given = [number for cell in plus if (number := numbers[cell]) is not None]
    if not given:
        return None
    taken = [number for cell in minus if (number := numbers[cell]) is not None]
    return sum(given[1:], given[0]) - sum(taken, _ZERO)


def _together(check: CompiledCheck, run: Run) -> None:
    if not run.products:
        return
    products = sorted({product for cell, product in run.products if cell in check.cells})
    for product in products:
        there = [run.products[cell, product] for cell in check.cells if (cell, product) in run.products]
        if len(there) < len(check.cells):
            _report(check, there[0][1], run, f"（产品“{product}”）")


def _report(compiled: CompiledCheck, position: int, run: Run, about: str = "") -> None:
    check, year = compiled.plan.check, compiled.year
    pointer = "/values" if position < 0 else f"/values/{position}/value"
    prefix = "" if year is None else f"{year}年："
    message = f"{prefix}{check.message}{about}。"
    problem = Problem(pointer, check.code, check.rule, message, check.article, field=compiled.plan.at, year=year)
    (run.errors if check.severity == "error" else run.warnings).append(problem)
