"""How a line of the sheet is explained: formula and inputs of the very ruleset, points in words."""

from __future__ import annotations

from typing import Any

import pytest

import gf_policy
from gf_policy.rulesets import Ruleset, load_rulesets
from gf_review.adapters.derivation import BRANCHES, FormValues, derivation, points_in_words, short

VALUES = FormValues(
    [
        {"code": "energy_total", "label": "综合能源消费量", "year": 2024, "shown": "5100", "unit": "tce"},
        {"code": "output_value", "label": "工业总产值", "year": 2024, "shown": "55200", "unit": "万元"},
        {"code": "energy_total", "label": "综合能源消费量", "year": 2023, "shown": "4600", "unit": "tce"},
    ]
)


def line(**changed: Any) -> dict[str, Any]:
    given = {"indicator": "energy_intensity", "value": "0.092391304348", "lead": "0.08", "baseline": "0.25"}
    rest = {"weight": "8", "points": "7.416879795396", "branch": "between", "reason": "", "unit": "tce/万元"}
    return {**given, **rest, **changed}


@pytest.fixture(scope="module")
def ruleset() -> Ruleset:
    found = load_rulesets(gf_policy.load(None).root).get("national/2025/n25/factory")
    assert found is not None
    return found


@pytest.mark.rule("N25-A1")
def test_formula_inputs_and_points_of_a_line(ruleset: Ruleset) -> None:
    found = derivation(line(), ruleset, 2025, VALUES)
    assert found["formula"].endswith("÷ 工业总产值")
    assert "综合能源消费量 − " in found["formula"]
    # The evaluation year alone, not the year before.
    assert ("综合能源消费量（2024 年）", "5100 tce") in found["inputs"]
    assert ("工业总产值（2024 年）", "55200 万元") in found["inputs"]
    assert not [label for label, _ in found["inputs"] if "2023" in label]
    assert ("energy_feedstock（2024 年）", "未填") in found["inputs"]
    assert "GB/T 36132-2025" in found["source"]


def test_points_say_which_way_the_line_took() -> None:
    assert points_in_words(line()).startswith("8 ×（0.0923913 − 0.25）÷（0.08 − 0.25）= 7.417 分")
    assert "得满分 8 分" in points_in_words(line(branch="at_or_better_than_lead", points="8"))
    assert "得 0 分" in points_in_words(line(branch="worse_than_baseline", points="0"))
    assert "审核评分 6 分" in points_in_words(line(branch="mark", points="6"))
    assert "绝对脱钩，得 7 分" in points_in_words(line(branch="absolute_decoupling", points="7"))
    assert points_in_words(line(branch="missing_value", points=None, reason="缺少数值。")) == "缺少数值。"


def test_without_the_ruleset_of_the_sheet_nothing_is_guessed() -> None:
    found = derivation(line(), None, 2025, VALUES)
    assert (found["formula"], found["inputs"], found["source"]) == ("", [], "")
    assert found["points"]


def test_every_indicator_of_every_ruleset_can_be_explained() -> None:
    for ruleset in load_rulesets(gf_policy.load(None).root):
        for indicator in ruleset.indicators:
            assert derivation(line(indicator=indicator.code), ruleset, 2025, VALUES)["formula"], indicator.code


def test_short_numbers() -> None:
    assert [short(one) for one in ("0.092391304348", "97.619047", "0", "860000", "", None, "tier")] == [
        "0.0923913",
        "97.619",
        "0",
        "860000",
        "—",
        "—",
        "tier",
    ]
    assert {kind for _, kind in BRANCHES.values()} <= {"ok", "bad", "warn", "none"}
