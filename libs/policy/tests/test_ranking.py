"""Ranking rules are data: checked at load, refused with file and line."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from gf_policy import PolicyError
from gf_policy.ranking import load_rankings, read_rules
from gf_policy.root import policies_root

FILE = "national/2025/n25/ranking.yaml"


@pytest.mark.rule("N25-5pct")
@pytest.mark.rule("GD-26")
def test_the_national_rules() -> None:
    rules = load_rankings(policies_root()).find("national/2025/n25", "factory")
    assert rules is not None
    assert (rules.bottom.share, rules.bottom.consecutive_years) == (Decimal("0.05"), 3)
    assert [(grade.code, grade.share) for grade in rules.grades.shares] == [
        ("A+", Decimal("0.05")),
        ("A", Decimal("0.35")),
        ("B", Decimal("0.60")),
    ]
    assert rules.list_id == "national:miit:factory"
    # What is kept with a run gives the same rules, and the same hash, again.
    again = read_rules(rules.data["header"], rules.data["rules"])
    assert again == rules


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('share: "0.60"', 'share: "0.50"', "各等级比例之和为 0.90"),
        ("{code: A, ", "{code: B, ", "等级重复"),
        ('share: "0.10"', 'share: "0.01"', "预警比例"),
        ("list: national:miit:factory", "list: national:miit:park", "不符"),
        ("category: park", "category: factory", ""),
        ("ties: out", "ties: sometimes", ""),
        ("rounding: down", "rounding: roughly", ""),
        ('share: "0.05"', "share: 0.05", ""),
    ],
)
def test_wrong_rules_are_refused_with_file_and_line(
    change: Callable[..., Path], old: str, new: str, reason: str
) -> None:
    root = change(FILE, old, new)
    with pytest.raises(PolicyError) as refused:
        load_rankings(root)
    assert FILE in str(refused.value)
    assert reason in str(refused.value)
    assert refused.value.line


def test_a_base_without_rules_is_not_ranked() -> None:
    assert load_rankings(policies_root()).find("national/2025/n25", "supply_chain") is None
