from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import gf_policy
from gf_policy.book import Book


@pytest.fixture(scope="session")
def book() -> Book:
    return gf_policy.load()


@pytest.fixture
def content(book: Book) -> dict[str, Any]:
    """A complete and correct factory form."""
    path = book.root / "national/2025/n25/examples/factory-application.json"
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture
def change(policies: Path) -> Callable[..., Path]:
    """change(file, old, new): edit a file of the copy and publish it anew."""

    def edit(name: str, old: str, new: str) -> Path:
        from gf_policy.publish import publish

        path = policies / name
        text = path.read_text(encoding="utf-8")
        assert old in text, old
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        publish(policies, frozenset([name]))
        return policies

    return edit
