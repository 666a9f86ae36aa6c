"""Rules over several values of a form, from a closed set of operators. Plain data: no expressions, no eval."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from operator import itemgetter

from gf_policy.form_cells import Run
from gf_policy.model import FormCheck, Problem
from gf_policy.numbers import EXACT

Key = tuple[str, int | None]
Numbers = Sequence[Decimal | None]
Total = Callable[[Numbers], Decimal | None]
Holds = Callable[[Run], bool]
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


class CompiledCheck:
    """A check of one year: a closure over the places of its values. A missing value has an error of its own."""

    __slots__ = ("cells", "holds", "place", "plan", "year")

    def __init__(self, plan: CheckPlan, year: int | None, index: Mapping[Key, int]) -> None:
        self.plan = plan
        self.year = year
        self.cells = tuple(index[code, year] for code in plan.codes)
        self.place = index[plan.at, year]
        self.holds: Holds | None = None  # for what is told product by product
        if plan.operator == "requires":
            self.holds = _requires(*self.cells)
        elif plan.operator != "together":
            left, right = (
                _total(*(tuple(index[code, year] for code in codes) for codes in side))
                for side in (plan.left, plan.right)
            )
            if plan.operator == "at_most":
                self.holds = _at_most(left, right)
            else:
                self.holds = _ratio_between(left, right, plan.low, plan.high)


def compile_checks(plans: Sequence[CheckPlan], index: Mapping[Key, int]) -> tuple[CompiledCheck, ...]:
    return tuple(CompiledCheck(plan, year, index) for plan in plans for year in plan.years)


def run_checks(checks: Sequence[CompiledCheck], run: Run) -> None:
    with localcontext(EXACT):
        for check in checks:
            holds = check.holds
            if holds is None:
                _together(check, run)
            elif not holds(run):
                _report(check, run.positions[check.place], run)


def _total(plus: tuple[int, ...], minus: tuple[int, ...]) -> Total:
    """Sum over what is given; None when nothing that adds is given. Not applicable counts as nothing."""
    if len(plus) == 1 and not minus:
        return itemgetter(*plus)

    def total(numbers: Numbers) -> Decimal | None:
        given = [number for cell in plus if (number := numbers[cell]) is not None]
        if not given:
            return None
        taken = [number for cell in minus if (number := numbers[cell]) is not None]
        return sum(given, _ZERO) - sum(taken, _ZERO)

    def difference(numbers: Numbers) -> Decimal | None:
        given, taken = numbers[plus[0]], numbers[minus[0]]
        return given if given is None or taken is None else given - taken

    return difference if len(plus) == len(minus) == 1 else total


def _at_most(left: Total, right: Total) -> Holds:
    def holds(run: Run) -> bool:
        least, most = left(run.numbers), right(run.numbers)
        return least is None or most is None or least <= most

    return holds


def _ratio_between(left: Total, right: Total, low: Decimal, high: Decimal) -> Holds:
    def holds(run: Run) -> bool:
        part, whole = left(run.numbers), right(run.numbers)
        return part is None or whole is None or whole <= _ZERO or low * whole <= part <= high * whole

    return holds


def _requires(when: int, then: int) -> Holds:
    def holds(run: Run) -> bool:
        asking, asked = run.facts[when], run.facts[then]
        if asking is None or asking.presence != "given" or not asking.value or asking.value == "0":
            return True
        return asked is not None and asked.presence == "given"

    return holds


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
