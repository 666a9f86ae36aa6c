"""The steps of a table written out as one function without calls and loops, for values that are all given.

It is made from whole numbers only; no text of a policy file gets into it. Whatever is unusual (no lead, a denominator
that is not positive, a value out of range, a value that cannot be) goes to the step itself or to the slow way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gf_scoring.domain.lines import Branch, Line, Marks, Value
from gf_scoring.domain.numbers import ONE
from gf_scoring.domain.steps import ByLimits, Quotient, Reading, Step

Run = Callable[[Sequence[Value], Marks], list[Line]]


def straight_line(
    steps: Sequence[Step],
    slots: int,
    ranges: Mapping[int, tuple[int | None, int | None]] | None = None,
    slowly: Run | None = None,
) -> Run:
    """``slowly`` is taken when a value lies outside its physical range."""
    source = ["def run(v, marks):", f"    ({''.join(f'v{slot}, ' for slot in range(slots))}) = v"]
    source += _range_source(ranges or {})
    for place, step in enumerate(steps):
        plain = step.general if isinstance(step, ByLimits) else step
        if isinstance(plain, Quotient) and plain.ladder.lead is not None and plain.ladder.span:
            source += _quotient_source(place, plain)
        else:
            source.append(f"    l{place} = step{place}(v, marks)")
    source.append(f"    return [{', '.join(f'l{place}' for place in range(len(steps)))}]")
    names: dict[str, Any] = {f"step{place}": step.line for place, step in enumerate(steps)}
    names |= {"Line": Line, "new": tuple.__new__, "slowly": slowly}
    names |= {"LEAD": Branch.LEAD, "BETWEEN": Branch.BETWEEN, "WORSE": Branch.WORSE}
    exec("\n".join(source), names)
    run: Run = names["run"]
    return run


def _range_source(ranges: Mapping[int, tuple[int | None, int | None]]) -> list[str]:
    tests = [f"v{slot} < {least}" for slot, (least, _) in ranges.items() if least is not None]
    tests += [f"v{slot} > {most}" for slot, (_, most) in ranges.items() if most is not None]
    return [f"    if {' or '.join(tests)}: return slowly(v, marks)"] if tests else []


def _quotient_source(place: int, step: Quotient) -> list[str]:
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


def _sum_source(readings: Sequence[Reading], times: int) -> str:
    return " + ".join(
        f"v{reading.slot}" if reading.weight * times == 1 else f"{reading.weight * times} * v{reading.slot}"
        for reading in readings
    )
