"""What the loader refuses, and how it says so."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import gf_policy
from gf_policy import PolicyError
from gf_policy.publish import publish

N25 = "national/2025/n25/policy.yaml"
FORM = "national/2025/n25/form-factory-application.yaml"


def line_of(root: Path, name: str, text: str) -> int:
    lines = (root / name).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


FAULTY = [
    (N25, "document: N25, article: 一、二", "document: N99, article: 一、二", "没有“N99”"),
    (N25, "  rule: N25-self\n  source: {document: N25, article: 二（一）}", "  rule: N25-self", "source"),
    (N25, "source: {document: N25, article: 二（一）}", "source: {article: 二（一）}", "应注明出处"),
    (N25, "year: 2025\n", "year: 2025\nyear: 2026\n", "键“year”重复"),
    (N25, "version: \"1\"", "version: 1.5", "请加引号"),
    (N25, "version: \"1\"", "version: [", "YAML 无法解析"),
    (N25, "closes: 2026-06-30", "closes: 2026-06-31", "日期不存在"),
    (N25, "  to: 2027-01-01", "  to: 2024-01-01", "止日应晚于起日"),
    (N25, "jurisdiction: miit", "jurisdiction: moon", "“moon”不存在"),
    (N25, "id: national/2025/n25", "id: national/2025/n26", "编号应与文件夹一致"),
    (N25, "fact: excl_removed", "fact: excl_gone", "没有“excl_gone”"),
    (N25, "categories: [factory, park]\n", "categories: [factory, mine]\n", "不在允许的取值"),
    (FORM, "{code: water_reuse,", "{code: water_intake,", "“water_intake”重复"),
    (FORM, "evidence: footprint_report,", "evidence: footprint,", "“footprint”不存在"),
    (FORM, "left: {plus: [energy_feedstock]}", "left: {plus: [energy_nothing]}", "不在表中"),
    (FORM, "left: {plus: [energy_feedstock]}", "left: {plus: [energy_feedstock]}, magic: 1", "不认识的键"),
    (FORM, "operator: together", "operator: eval", "不在允许的取值"),
    (FORM, "千元: \"0.1\"", "千元: 0.1", "请加引号"),
    ("calendars/2026.yaml", "2026-10-10", "2026-10-09", "不是周末"),
    ("industries/key-industries.yaml", "[\"3011\"]", "[\"9999\"]", "没有代码“9999”"),
    ("national/2025/n25/routes.yaml", "code: marks,", "code: magic,", "不在允许的取值"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "reason"), FAULTY, ids=[f"{row[0]}: {row[3]}" for row in FAULTY])
def test_a_faulty_file_is_refused_with_file_line_and_reason(
    change: Callable[..., Path], file: str, old: str, new: str, reason: str
) -> None:
    root = change(file, old, new)
    with pytest.raises(PolicyError, match=reason) as fault:
        gf_policy.load(root)
    assert fault.value.file == file
    assert fault.value.line is not None
    assert str(fault.value).startswith(f"{file} 第 {fault.value.line} 行：")


def test_the_line_is_the_right_one(change: Callable[..., Path]) -> None:
    root = change(N25, "jurisdiction: miit", "jurisdiction: moon")
    with pytest.raises(PolicyError) as fault:
        gf_policy.load(root)
    assert fault.value.line == line_of(root, N25, "jurisdiction: moon")


def test_a_published_file_never_changes(policies: Path) -> None:
    path = policies / N25
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(PolicyError, match="已发布的文件被改动"):
        gf_policy.load(policies)
    with pytest.raises(PolicyError, match="另立新版本"):
        publish(policies)


def test_an_unpublished_file_is_not_used(policies: Path) -> None:
    (policies / "calendars/2027.yaml").write_text("source: {}\n", encoding="utf-8")
    with pytest.raises(PolicyError, match="尚未发布") as fault:
        gf_policy.load(policies)
    assert fault.value.file == "calendars/2027.yaml"
    assert publish(policies) == ["calendars/2027.yaml"]


def test_a_published_file_does_not_disappear(policies: Path) -> None:
    (policies / "calendars/2023.yaml").unlink()
    with pytest.raises(PolicyError, match="不得删除"):
        gf_policy.load(policies)
    with pytest.raises(PolicyError, match="不得删除"):
        publish(policies)


def test_policies_without_manifest_are_refused(policies: Path) -> None:
    (policies / "MANIFEST").unlink()
    with pytest.raises(PolicyError, match="尚未发布"):
        gf_policy.load(policies)


@pytest.mark.process
def test_the_command_publishes(policies: Path) -> None:
    (policies / "calendars/2027.yaml").write_text(
        "source: {assumption: 测试用的年份}\nyear: 2027\ndays_off: []\nworking_weekends: []\n", encoding="utf-8"
    )
    command = [sys.executable, "-m", "gf_policy.publish", "--root", str(policies)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "calendars/2027.yaml" in done.stdout
    assert not gf_policy.load(policies).calendar.provisional(2027)


def test_the_hash_of_a_policy_follows_its_files(change: Callable[..., Path], book: gf_policy.Book) -> None:
    other = gf_policy.load(change(N25, "title: 2025年度国家", "title: 二〇二五年度国家"))
    assert other.policy("national/2025/n25").hash != book.policy("national/2025/n25").hash
    assert other.policy("cq/2025/n25").hash == book.policy("cq/2025/n25").hash


def test_policies_are_loaded_once_per_process(book: gf_policy.Book) -> None:
    assert gf_policy.load() is book
