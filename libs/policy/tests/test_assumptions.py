from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gf_policy
from gf_policy import PolicyError, assumptions
from gf_policy.files import read_yaml
from gf_policy.root import policies_root


def test_the_page_of_assumptions_is_fresh() -> None:
    root = policies_root()
    text = (root.parent / "docs" / "assumptions.md").read_text(encoding="utf-8")
    assert text == assumptions.page(root), "run: python -m gf_policy.assumptions"


def test_every_assumption_is_on_the_page(policies: Path) -> None:
    page = assumptions.page(policies)
    for name in ("national/2025/n25/policy.yaml", "gd/2025/n25/routes.yaml", "national/2025/n25/ruleset-factory.yaml"):
        for _, source in read_yaml(policies, name).sources:
            assert source.get("assumption", "") in page


@pytest.mark.rule("N25-A1")
def test_scoring_reads_what_the_form_collects(change: Callable[..., Path]) -> None:
    root = change(
        "national/2025/n25/form-factory-application.yaml",
        'label: 取水量, type: decimal, unit: m3, units: {万m3: "10000"}',
        'label: 取水量, type: decimal, unit: 万m3, units: {m3: "0.0001"}',
    )
    with pytest.raises(PolicyError, match="单位 m3 与申报表的 万m3 不一致") as fault:
        gf_policy.load(root)
    assert fault.value.file.endswith("ruleset-factory.yaml")


def test_rules_named_in_the_policies_exist() -> None:
    root = policies_root()
    with (root.parent / "docs" / "rules.csv").open(encoding="utf-8", newline="") as stream:
        known = {row["id"] for row in csv.DictReader(stream)}
    for path in sorted(root.rglob("*.yaml")):
        file = read_yaml(root, path.relative_to(root).as_posix())
        for where, line in file.lines.items():
            if where and where[-1] == "rule":
                value: Any = file.data
                for step in where:
                    value = value[step]
                assert value in known, f"{file.name}:{line}: {value}"
