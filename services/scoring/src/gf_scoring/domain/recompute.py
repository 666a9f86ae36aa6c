"""Recompute a sheet from itself alone (复核): its facts, marks, lead and baseline values, and the ruleset it names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from gf_scoring.domain.engine import ENGINE_VERSION, Facts, Marks, Products, Scorer
from gf_scoring.domain.numbers import DIGITS, plain
from gf_scoring.domain.rules import Ruleset


@dataclass(frozen=True, slots=True)
class StatedLine:
    """A line as the sheet states it."""

    indicator: str
    branch: str
    points: str | None
    value: str | None
    lead: str | None
    baseline: str | None


@dataclass(frozen=True, slots=True)
class Stated:
    """A sheet as it was handed over."""

    campaign_year: int
    ruleset_hash: str
    engine_version: str
    total: str | None
    lines: Sequence[StatedLine]
    facts: Facts
    marks: Marks
    products: Products = ()
    band: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    pointer: str
    stated: str | None
    computed: str | None


def differences(stated: Stated, ruleset: Ruleset) -> list[Difference]:
    """Where the sheet says something else than its own inputs give; empty when it is right."""
    found: list[Difference] = []
    _compare(found, "/ruleset_hash", stated.ruleset_hash, ruleset.hash)
    _compare(found, "/engine_version", stated.engine_version, ENGINE_VERSION)
    levels = {
        line.indicator: (Decimal(line.lead), Decimal(line.baseline))
        for line in stated.lines
        if line.lead is not None and line.baseline is not None
    }
    scorer = Scorer(ruleset, levels, stated.campaign_year)
    score = scorer.score(stated.facts, stated.marks, stated.products)
    by_code: Mapping[str, StatedLine] = {line.indicator: line for line in stated.lines}
    for indicator, level, line in zip(scorer.indicators, scorer.levels, score.lines, strict=True):
        where, told = f"/lines/{indicator.code}", by_code.get(indicator.code)
        if told is None:
            found.append(Difference(where, None, line.branch.code))
            continue
        _compare(found, f"{where}/branch", told.branch, line.branch.code)
        _compare(found, f"{where}/points", told.points, _plain(line.points, ruleset.scale))
        _compare(found, f"{where}/value", told.value, _plain(line.value, DIGITS))
        if indicator.fixed is not None and level is not None:
            _compare(found, f"{where}/lead", told.lead, plain(level[0], DIGITS))
            _compare(found, f"{where}/baseline", told.baseline, plain(level[1], DIGITS))
    known = {indicator.code for indicator in scorer.indicators}
    found += [Difference(f"/lines/{code}", told.branch, None) for code, told in by_code.items() if code not in known]
    _compare(found, "/total", stated.total, _plain(score.total, ruleset.scale))
    band = scorer.band(score)
    _compare(found, "/band", stated.band, band.code if band else "")
    return found


def _plain(number: int | None, scale: int) -> str | None:
    return None if number is None else plain(number, scale)


def _compare(found: list[Difference], pointer: str, stated: str | None, computed: str | None) -> None:
    if stated != computed:
        found.append(Difference(pointer, stated, computed))
