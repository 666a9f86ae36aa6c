"""A candidate ruleset is checked like a published one before anybody tries it."""

from __future__ import annotations

import pytest
import yaml

from gf_policy import PolicyError
from gf_policy.book import Book
from gf_policy.candidates import read_candidate

FILE = "national/2025/n25/ruleset-factory.yaml"


def text(book: Book) -> str:
    return (book.root / FILE).read_text("utf-8")


def test_a_further_version_of_a_ruleset_is_taken(book: Book) -> None:
    found = read_candidate(book, text(book).replace('version: "1"', 'version: "1-trial"', 1))
    assert (found.id, found.version) == ("national/2025/n25/factory", "1-trial")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("weight: 8\n", "weight: 9\n", "权重之和"),
        ("id: national/2025/n25/factory", "id: national/2025/n25/other", "没有编号"),
        ("title: ", "title:  新的", "版本号却相同"),
        ("{document: N25, article: 附件1}", "{document: NOWHERE, article: 附件1}", "NOWHERE"),
        ("op: ratio", "op: eval", ""),
        ("id: national", "id: [national", ""),
    ],
)
def test_what_is_wrong_is_named_with_its_line(book: Book, old: str, new: str, reason: str) -> None:
    with pytest.raises(PolicyError) as refused:
        read_candidate(book, text(book).replace(old, new, 1))
    assert reason in str(refused.value)
    assert refused.value.line


def test_a_file_that_unfolds_without_end_is_refused_at_once(book: Book) -> None:
    folds = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for n in range(1, 12):
        folds += f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n"
    for bad in (folds, "a: &a [*a]", "9" * 5000, "a: 2025-13-45"):
        with pytest.raises(PolicyError):
            read_candidate(book, bad)


@pytest.mark.parametrize(
    ("bad", "line"),
    [
        ("[" * 1500, 1),
        ("{a: " * 5000, 1),
        ("- " * 5000, 1),
        ("\n".join("  " * depth + "a:" for depth in range(500)), 31),
    ],
)
def test_a_file_that_is_nothing_but_depth_is_refused_before_it_is_read(
    book: Book, monkeypatch: pytest.MonkeyPatch, bad: str, line: int
) -> None:
    monkeypatch.setattr(yaml, "compose", None)  # what would read it whole
    with pytest.raises(PolicyError) as refused:
        read_candidate(book, bad)
    assert refused.value.line == line
    assert "层次过深" in refused.value.reason or "不是合法的 YAML" in refused.value.reason
    assert str(refused.value).startswith(f"ruleset.yaml 第 {line} 行：")
