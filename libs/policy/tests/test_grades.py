"""Expert grades (专家分级) of a province's rules: A, B, C; B and better may be recommended for the national list."""

from __future__ import annotations

import pytest

from gf_policy import UnitAttributes
from gf_policy.book import Book


@pytest.mark.rule("GD-14")
@pytest.mark.parametrize("category", ["factory", "park", "supply_chain"])
def test_the_province_grades_every_category_before_it_lists(book: Book, category: str) -> None:
    grades = book.policy("unnamed-province/2024/rules").settings["grades"]
    assert grades == {"grades": ["A", "B", "C"], "national_minimum": "B"}
    unit = UnitAttributes("gd.guangzhou", None, category)
    province = book.effective("unnamed-province/2024/rules").route(unit, "application").applicable[-1]
    assert (province.level, province.list_level, province.recommends) == ("province", "provincial", None)
    guard = province.guard("expert_review")
    assert guard is not None
    assert guard.params["optional"] is False
    assert "第十四条" in guard.article
