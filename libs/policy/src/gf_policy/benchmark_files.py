"""Benchmark sets (引领值与基准值) that a file proposes; they hold only once an authority has published them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from gf_policy.model import Source
from gf_policy.ruleset_reading import read_checked, source_in, takes_levels, upside_down

if TYPE_CHECKING:
    from gf_policy.rulesets import RulesetTable


@dataclass(frozen=True, slots=True)
class BenchmarkValue:
    indicator: str
    lead: Decimal
    baseline: Decimal
    source: Source


@dataclass(frozen=True, slots=True)
class BenchmarkDraft:
    """A benchmark set as a file proposes it; it holds only once an authority has published it."""

    title: str
    key_industry: str
    values: tuple[BenchmarkValue, ...]


@dataclass(frozen=True, slots=True)
class BenchmarkFile:
    id: str
    ruleset: str
    authority: str
    document: str
    person: str
    demo: bool
    sets: tuple[BenchmarkDraft, ...]


def read_benchmarks(path: Path, root: Path, table: RulesetTable) -> BenchmarkFile:
    data, place = read_checked(path, root, "benchmarks")
    ruleset = table.get(data["ruleset"])
    if ruleset is None:
        raise place.error(f"没有评分规则 {data['ruleset']}。", "ruleset")
    for number, proposed in enumerate(data["sets"]):
        for index, value in enumerate(proposed["values"]):
            where = ("sets", number, "values", index)
            indicator = ruleset.indicator(value["indicator"])
            if indicator is None or not takes_levels(indicator):
                raise place.error(f"{value['indicator']} 不是需要引领值和基准值的指标。", *where)
            if upside_down(indicator.type, Decimal(value["lead"]), Decimal(value["baseline"])):
                raise place.error(f"{value['indicator']} 的引领值劣于基准值。", *where)
    return BenchmarkFile(
        id=data["id"],
        ruleset=data["ruleset"],
        authority=data["authority"],
        document=data["document"],
        person=data["person"],
        demo=data["demo"],
        sets=tuple(
            BenchmarkDraft(
                title=row["title"],
                key_industry=row.get("key_industry", ""),
                values=tuple(
                    BenchmarkValue(v["indicator"], Decimal(v["lead"]), Decimal(v["baseline"]), source_in(v))
                    for v in row["values"]
                ),
            )
            for row in data["sets"]
        ),
    )
