"""Ranking rules (排名规则): ``ranking.yaml`` beside a base policy. Who is ranked, what the bottom share is.

Shares are exact decimals of the population; years are campaign years. Everything a run used is stored with the run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from gf_policy.files import PolicyFile, check_schema, read_yaml
from gf_policy.manifest import is_law
from gf_policy.root import names_below

Rounding = Literal["down", "up", "half_up"]
#: Whether a group of equals that the cut falls into is in or out, as a whole.
Ties = Literal["in", "out"]


@dataclass(frozen=True, slots=True)
class BottomRules:
    """后5%: the cut, and when years count as running (连续三年)."""

    share: Decimal
    consecutive_years: int
    #: Whom a unit is compared with for the cut.
    compared_within: Literal["all", "key_industry", "recipient"]
    rounding: Rounding
    ties: Ties
    #: A smaller population has no bottom share.
    minimum_population: int
    missing_year: Literal["reset", "bridge"]
    counts_from: Literal["present_listing", "first_ranking"]


@dataclass(frozen=True, slots=True)
class Grade:
    """One grade of the green code (企业绿码), best first."""

    code: str
    share: Decimal


@dataclass(frozen=True, slots=True)
class GradeRules:
    ties: Ties
    rounding: Rounding
    minimum_population: int
    shares: tuple[Grade, ...]


@dataclass(frozen=True, slots=True)
class RankingRules:
    """How one category of a base policy is ranked each year."""

    id: str
    version: str
    #: SHA-256 (hex) over the file's data in canonical JSON.
    hash: str
    base: str
    category: str
    kind: str
    #: The list whose units are ranked.
    list_id: str
    run_by: tuple[str, ...]
    #: Outcomes of a case that let its sheet count.
    outcomes: tuple[str, ...]
    joins_after_years: int
    average_minimum: int
    bottom: BottomRules
    warning_share: Decimal
    grades: GradeRules
    #: The rules as they stand in the file, to be kept with a run.
    data: dict[str, Any]


class RankingTable:
    def __init__(self, rules: Sequence[RankingRules]) -> None:
        self._rules = {(one.base, one.category): one for one in rules}

    def __iter__(self) -> Iterator[RankingRules]:
        return iter(self._rules.values())

    def find(self, base: str, category: str) -> RankingRules | None:
        """None: units of this category are not ranked under this base."""
        return self._rules.get((base, category))


def load_rankings(root: Path) -> RankingTable:
    """Every ``ranking.yaml`` below ``root``, checked."""
    found: dict[tuple[str, str], RankingRules] = {}
    for name in names_below(root, "ranking.yaml"):
        if not is_law(name):
            continue
        file = read_yaml(root, name)
        check_schema(root, file, "ranking")
        for index in range(len(file.data["rankings"])):
            rules = _rules(file, index)
            if (rules.base, rules.category) in found:
                raise file.fault(f"类别“{rules.category}”的排名规则重复。", "rankings", index)
            found[rules.base, rules.category] = rules
    return RankingTable(list(found.values()))


def read_rules(header: dict[str, Any], row: dict[str, Any]) -> RankingRules:
    """The rules out of their data; also of those that were kept with a run."""
    bottom, grades = row["bottom"], row["grades"]
    return RankingRules(
        id=header["id"],
        version=header["version"],
        hash=hashlib.sha256(json.dumps([header, row], sort_keys=True, ensure_ascii=False).encode()).hexdigest(),
        base=header["base"],
        category=row["category"],
        kind=row["kind"],
        list_id=row["list"],
        run_by=tuple(header["run_by"]["authorities"]),
        outcomes=tuple(row["population"]["outcomes"]),
        joins_after_years=row["population"]["joins_after_years"],
        average_minimum=row["average"]["minimum_population"],
        bottom=BottomRules(
            share=Decimal(bottom["share"]),
            consecutive_years=bottom["consecutive_years"],
            compared_within=bottom["compared_within"],
            rounding=bottom["rounding"],
            ties=bottom["ties"],
            minimum_population=bottom["minimum_population"],
            missing_year=bottom["missing_year"],
            counts_from=bottom["counts_from"],
        ),
        warning_share=Decimal(row["warning"]["share"]),
        grades=GradeRules(
            ties=grades["ties"],
            rounding=grades["rounding"],
            minimum_population=grades["minimum_population"],
            shares=tuple(Grade(one["code"], Decimal(one["share"])) for one in grades["shares"]),
        ),
        data={"header": header, "rules": row},
    )


def _rules(file: PolicyFile, index: int) -> RankingRules:
    header = {key: value for key, value in file.data.items() if key != "rankings"}
    rules = read_rules(header, file.data["rankings"][index])
    for fault in _faults(rules):
        raise file.fault(fault, "rankings", index)
    return rules


def _faults(rules: RankingRules) -> Iterator[str]:
    total = sum((grade.share for grade in rules.grades.shares), Decimal(0))
    if total != 1:
        yield f"各等级比例之和为 {total}，应为 1。"
    if len({grade.code for grade in rules.grades.shares}) != len(rules.grades.shares):
        yield "等级重复。"
    if rules.warning_share < rules.bottom.share:
        yield "预警比例不应小于后几名的比例。"
    if rules.list_id.split(":")[2] != rules.category:
        yield f"名单“{rules.list_id}”与类别“{rules.category}”不符。"
