"""优先推荐: read from data, held against forms and tables."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import gf_policy
from gf_policy.errors import PolicyError
from gf_policy.preferences import read_preferences

pytestmark = pytest.mark.rule("GD-16")
N23, GD = "national/2023/n23", "unnamed-province/2024/rules"


def test_whom_the_documents_prefer() -> None:
    table = gf_policy.load().preferences
    said = {
        (base, category): [one.code for one in table.of(base, category)]
        for base in (N23, GD, "national/2025/n25")
        for category in ("factory", "park", "supply_chain")
    }
    assert said == {
        (N23, "factory"): ["energy_benchmark"],
        (N23, "park"): ["many_green_factories"],
        (N23, "supply_chain"): ["many_green_suppliers"],
        (GD, "factory"): ["energy_limit_level_1"],
        (GD, "park"): [],
        (GD, "supply_chain"): ["many_green_suppliers"],
        ("national/2025/n25", "factory"): [],
        ("national/2025/n25", "park"): [],
        ("national/2025/n25", "supply_chain"): [],
    }
    for category in ("factory", "supply_chain"):
        assert all(str(one.source) for one in table.of(GD, category))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("fact: benchmark_level", "fact: no_such_row", "申报表没有"),
        ("fact: benchmark_level}", 'fact: benchmark_level, at_least: "3"}', "条件与之不符"),
        ('fact: green_factories, at_least: "10"', "fact: green_factories", "条件与之不符"),
        ("fact: benchmark_level", "indicator: nothing, branch: by_product", "没有评价指标"),
        ("code: energy_benchmark", "code: Energy", "does not match"),
        ("base: national/2023/n23", "base: national/2023/n24", "不存在"),
    ],
)
def test_what_no_form_asks_for_is_refused(tmp_path: Path, before: str, after: str, said: str) -> None:
    book = gf_policy.load()
    for name in ("schema/preferences.schema.json", f"{N23}/preferences.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(book.root / name, tmp_path / name)
    file = tmp_path / N23 / "preferences.yaml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(PolicyError) as refused:
        read_preferences(tmp_path, book.folders, book.rulesets)
    assert said in str(refused.value) or said == "does not match"
