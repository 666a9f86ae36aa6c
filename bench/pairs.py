"""Interleaved pairs: one run of the reference, one of ours, again and again; the median of the ratios is the result."""

from __future__ import annotations

import json
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

Run = Callable[[], Awaitable[float]]


@dataclass(frozen=True)
class Pair:
    ours: float
    reference: float

    @property
    def ratio(self) -> float:
        return self.ours / self.reference


@dataclass(frozen=True)
class Result:
    name: str
    ours: float
    reference: float
    unit: str
    ratio: float
    goal: float
    pairs: list[dict[str, float | str]]
    #: Whether the ratio should be at least the goal ("more") or at most ("less").
    better: str = "more"
    #: Load average of the machine (one minute), at the begin and at the end: how much else ran. Empty: not noted.
    load: tuple[float, ...] = ()

    @property
    def reached(self) -> bool:
        return self.ratio >= self.goal if self.better == "more" else self.ratio <= self.goal


async def measure(
    name: str, goal: float, pairs: int, reference: Run, ours: Run, unit: str = "/s", better: str = "more"
) -> Result:
    """One pair to warm up, then the ones that count; who goes first alternates, so that drift hits both alike."""
    done: list[Pair] = []
    for number in range(pairs + 1):
        if number % 2:
            first = await ours()
            pair = Pair(first, await reference())
        else:
            second = await reference()
            pair = Pair(await ours(), second)
        note = "warm-up" if number == 0 else f"pair {number}"
        print(
            f"  {name:22} {note:8} ours {pair.ours:10,.0f}  reference {pair.reference:10,.0f}  {pair.ratio:.2f}",
            flush=True,
        )
        if number:
            done.append(pair)
    return result(name, goal, done, unit, better)


def result(name: str, goal: float, done: Sequence[Pair], unit: str, better: str = "more") -> Result:
    """The medians of what was measured."""
    return Result(
        name=name,
        ours=round(statistics.median(pair.ours for pair in done), 1),
        reference=round(statistics.median(pair.reference for pair in done), 1),
        unit=unit,
        ratio=round(statistics.median(pair.ratio for pair in done), 3),
        goal=goal,
        pairs=[{**asdict(pair), "ratio": round(pair.ratio, 3)} for pair in done],
        better=better,
    )


def table(results: Sequence[Result]) -> str:
    head = f"{'name':24} {'ours':>13} {'reference':>13} {'ratio':>7} {'goal':>8}"
    lines = [
        f"{r.name:24} {r.ours:>10,.1f}{r.unit:3} {r.reference:>10,.1f}{r.unit:3} {r.ratio:>7.2f}"
        f" {'≥' if r.better == 'more' else '≤'}{r.goal:>6.2f}  {'reached' if r.reached else 'missed'}"
        for r in results
    ]
    return "\n".join([head, *lines])


def write(results: Sequence[Result], file: Path) -> None:
    """What this run did not measure stays as it was."""
    known = {row["name"]: row for row in json.loads(file.read_text("utf-8"))} if file.exists() else {}
    known |= {result.name: asdict(result) for result in results}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(list(known.values()), indent=1, ensure_ascii=False) + "\n", "utf-8")
