"""A candidate ruleset is checked like a published one before anybody tries it."""

from __future__ import annotations

import pytest

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
    for bad in (folds, "[" * 1500, "a: &a [*a]", "9" * 5000, "a: 2025-13-45"):
        with pytest.raises(PolicyError):
            read_candidate(book, bad)
