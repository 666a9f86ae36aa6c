"""Rulesets are checked when they are loaded: what is wrong is named with file, line and reason."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gf_policy.errors import PolicyError
from gf_policy.rulesets import load_benchmarks, load_rulesets
from services.scoring.tests.sample import POLICIES, general_levels, national

FILE = Path("national/2025/n25/ruleset-factory.yaml")
DEMO = Path("national/2025/n25/benchmarks-demo.yaml")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in (FILE, DEMO, Path("schema/ruleset.schema.json"), Path("schema/benchmarks.schema.json")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(POLICIES / name, tmp_path / name)
    return tmp_path


@pytest.mark.rule("N25-A1")
@pytest.mark.parametrize(
    ("before", "after", "line", "reason"),
    [
        ("weight: 4\n", "weight: 3\n", "code: energy_intensity", "权重之和为 99"),
        ("weight: 30", "weight: 20", "code: energy_carbon", "应为 20"),
        ("op: count", "op: guess", "op: guess", "不符合"),
        ("    source: {document: N25, article: 附件1 序号1}\n", "", "code: energy_intensity", "不符合"),
        ("code: carbon_intensity", "code: energy_intensity", "code: energy_intensity", "重复"),
        ("type: count", "type: positive", "op: count", "计算方法不符"),
        ("lead: 8, baseline: 0", "lead: 0, baseline: 8", "lead: 0", "劣于基准值"),
        ('minimum_share: "0.6"', "minimum_share: 0.6", "minimum_share", "不符合"),
        ("years: none", "years: [1]", "op: ratio", "不符合"),
        ("dimension: land_use", "dimension: nowhere", "land_use", "权重之和为 0"),
        ("id: national/2025/n25/factory", "id: [", "", "YAML"),
    ],
)
def test_a_wrong_ruleset_is_refused(root: Path, before: str, after: str, line: str, reason: str) -> None:
    text = (root / FILE).read_text("utf-8")
    assert before in text
    spoiled = text.replace(before, after, 1)
    (root / FILE).write_text(spoiled, "utf-8")
    with pytest.raises(PolicyError) as refused:
        load_rulesets(root)
    assert refused.value.file == FILE.as_posix()
    assert reason in refused.value.reason
    assert refused.value.line is not None
    assert line in spoiled.splitlines()[refused.value.line - 1]


def test_two_rulesets_may_not_cover_the_same(root: Path) -> None:
    text = (root / FILE).read_text("utf-8").replace("id: national/2025/n25/factory", "id: national/2025/n25/copy")
    (root / FILE).with_name("ruleset-copy.yaml").write_text(text, "utf-8")
    with pytest.raises(PolicyError, match="重叠"):
        load_rulesets(root)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("indicator: land_output", "indicator: green_design"),
        ("indicator: land_output", "indicator: unheard_of"),
        ("lead: 20, baseline: 5", "lead: 5, baseline: 20"),
        ("ruleset: national/2025/n25/factory", "ruleset: nowhere"),
    ],
)
def test_a_wrong_benchmark_file_is_refused(root: Path, before: str, after: str) -> None:
    text = (root / DEMO).read_text("utf-8")
    (root / DEMO).write_text(text.replace(before, after, 1), "utf-8")
    with pytest.raises(PolicyError):
        load_benchmarks(root)


@pytest.mark.rule("N25-53")
def test_the_table_of_a_key_industry_goes_before_the_general_one(root: Path) -> None:
    text = (root / FILE).read_text("utf-8").replace("id: national/2025/n25/factory", "id: national/2025/n25/cement")
    text = text.replace("kinds: [application, benchmark]", "kinds: [application]\n  key_industries: [cement]")
    (root / FILE).with_name("ruleset-cement.yaml").write_text(text, "utf-8")
    table = load_rulesets(root)

    def used(key: str | None) -> str | None:
        found = table.find("national/2025/n25", "factory", key_industry=key)
        return found and found.id

    assert (used("cement"), used("tyres"), used(None)) == (
        "national/2025/n25/cement",
        "national/2025/n25/factory",
        "national/2025/n25/factory",
    )
    assert table.find("national/2025/n25", "park") is None


def test_every_value_cites_its_document_or_is_an_assumption() -> None:
    for indicator in national().indicators:
        for source in (indicator.source, indicator.formula.source):
            assert source.assumption or (source.document and source.article)
    assert dict(national().assumptions)["/evaluation_year"]
    assert set(general_levels()) == {i.code for i in national().indicators if i.formula.op == "ratio"}
