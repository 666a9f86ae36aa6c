"""Faulty rulesets (GD-32 and house rules): refused at load with file, line and reason, or left out if told so."""

from __future__ import annotations

from pathlib import Path

import pytest

import gf_policy
from gf_policy.errors import PolicyError
from gf_policy.publish import publish
from gf_policy.rulesets import RulesetTable, load_rulesets

PARK = "national/2025/n25/ruleset-park.yaml"


@pytest.fixture
def root(policies: Path) -> Path:
    return policies


def spoil(root: Path, name: str, before: str, after: str, *, publishing: bool = True) -> None:
    text = (root / name).read_text("utf-8")
    assert before in text
    (root / name).write_text(text.replace(before, after, 1), "utf-8")
    if publishing:
        publish(root, frozenset([name]))


@pytest.mark.rule("N25-A2")
@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("weight: 4\n", "weight: 3\n", "权重之和为 99"),
        ("op: growth", "op: guess", "不符合"),
        ("    source: {document: N25, article: 附件2 序号1}\n", "", "不符合"),
        ("document: N25, article: 附件2 序号1}", "document: N99, article: 附件2 序号1}", "N99"),
        ("fact: output_value, unit: 万元", "fact: output_value, unit: 亿元", "单位 亿元 与申报表的 万元 不一致"),
        ("span: 3", "span: 4", "年份与申报表不一致"),
        ("fact: single_management, must_be", "fact: output_value, must_be", "不是申报表中的是非项"),
        ("parts: member_output", "parts: high_tech_output", "与申报表不一致"),
    ],
)
def test_a_faulty_table_stops_the_start_unless_told_to_leave_it_out(
    root: Path, before: str, after: str, reason: str
) -> None:
    spoil(root, PARK, before, after)
    with pytest.raises(PolicyError, match=reason) as fault:
        gf_policy.load(root)
    assert fault.value.line
    book = gf_policy.load(root, only_good_rulesets=True)
    assert {fault.file for fault in book.rulesets.faults} >= {PARK}
    assert reason in book.rulesets.faults[0].reason
    assert book.rulesets.get("national/2025/n25/park") is None
    assert book.rulesets.get("national/2025/n25/factory") is not None
    applicable = book.rulesets.applicable("national/2025/n25", "park")
    assert applicable.ruleset is None
    assert "文件有误" in applicable.reason


def test_a_published_table_that_was_changed_is_refused_or_left_out(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(root, PARK, "title: 绿色工业园区", "title: 某园区", publishing=False)
    with pytest.raises(PolicyError, match="已发布的文件被改动"):
        gf_policy.load(root)
    monkeypatch.setenv("GF_POLICIES_ONLY_GOOD_RULESETS", "true")
    book = gf_policy.load(root)
    # A table that takes the changed one over stands on it, and is left out with it.
    assert [fault.file for fault in book.rulesets.faults] == [PARK, "unnamed-province/2024/rules/ruleset-park.yaml"]
    assert book.rulesets.get("national/2025/n25/park") is None


def second(root: Path, validity: str, former: str = "") -> RulesetTable:
    """A second version of the park's table."""
    path = root / PARK
    text = path.read_text("utf-8")
    head = "validity: {{from: {}, source: {{assumption: 测试用的有效期}}}}\n\ncovers:"
    path.with_name("ruleset-park-2.yaml").write_text(
        text.replace('version: "1"', 'version: "2"').replace("covers:", head.format(validity), 1), "utf-8"
    )
    if former:
        path.write_text(
            text.replace(
                "covers:",
                f'validity: {{from: "2025-01-01", to: {former}, source: {{assumption: 测试用的有效期}}}}\n\ncovers:',
                1,
            ),
            "utf-8",
        )
    return load_rulesets(root)


@pytest.mark.rule("GD-32")
def test_versions_follow_each_other_by_the_day_of_admission(root: Path) -> None:
    from datetime import date

    table = second(root, '"2025-11-01"', '"2025-11-01"')
    days = {day: table.applicable("national/2025/n25", "park", day=date.fromisoformat(day)).ruleset for day in (
        "2025-10-31", "2025-11-01")}  # fmt: skip
    assert [found and found.version for found in days.values()] == ["1", "2"]
    assert [one.version for one in table.versions("national/2025/n25/park")] == ["1", "2"]
    first = table.get("national/2025/n25/park", "1")
    assert first is not None
    assert first.version == "1"


@pytest.mark.rule("GD-32")
def test_overlapping_validity_is_refused(root: Path) -> None:
    with pytest.raises(PolicyError, match="有效期重叠") as fault:
        second(root, '"2025-11-01"')
    assert fault.value.line


@pytest.mark.rule("N25-53")
def test_every_key_industry_has_its_slot(root: Path) -> None:
    entries = load_rulesets(root).entries
    mine = [entry for entry in entries if entry.base == "national/2025/n25"]
    assert len(mine) == len({entry.code for entry in mine}) == 53
    name = "national/2025/n25/tables.yaml"
    text = (root / name).read_text("utf-8")
    line = next(one for one in text.splitlines() if "code: sugar" in one)
    spoil(root, name, line + "\n", "")
    with pytest.raises(PolicyError, match="没有列全，缺少：sugar"):
        gf_policy.load(root)


@pytest.mark.rule("N25-A1")
@pytest.mark.parametrize(
    ("name", "before", "after", "reason"),
    [
        ("reference/energy-limits.yaml", '"1": "100", "2": "107"', '"1": "108", "2": "107"', "不是最严的一级"),
        ("reference/energy-limits.yaml", "op: per_point", "op: per_magic", "不在允许的取值"),
        ("reference/energy-limits.yaml", "code: clinker_coal", "code: clinker_energy", "两个版本"),
        ("national/2025/n25/tables.yaml", "sintering, pelletizing", "sintering, nothing", "“nothing”不存在"),
        ("national/2023/n23/tables.yaml", "not_scorable: 汽车", "ruleset: nowhere, not_scorable: 汽车", "二者居其一"),
    ],
)
def test_faults_of_reference_data_are_named(root: Path, name: str, before: str, after: str, reason: str) -> None:
    spoil(root, name, before, after)
    with pytest.raises(PolicyError, match=reason) as fault:
        gf_policy.load(root)
    assert fault.value.line
