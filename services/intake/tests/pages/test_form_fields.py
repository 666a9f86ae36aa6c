"""Content <-> fields: whatever the policies' forms ask for, without knowing any row."""

from __future__ import annotations

import json
from typing import Any

import pytest

import gf_policy
from gf_intake.web.form_fields import differences, fields_from, posted, sections_of
from gf_policy.root import policies_root
from services.intake.tests.samples import POLICY, content

pytestmark = pytest.mark.rule("DM-form")
PARK: dict[str, Any] = json.loads(
    (policies_root() / "national/2025/n25/examples/park-application.json").read_text(encoding="utf-8")
)
FACTORY: dict[str, Any] = content()


def form_of(book: gf_policy.Book, category: str, kind: str = "application") -> gf_policy.Form:
    return book.effective_for(POLICY, "cq.yubei").form(category, kind)


def by_place(values: list[dict[str, Any]]) -> dict[Any, Any]:
    return {(v["code"], v.get("year"), v.get("product", "")): v for v in values}


@pytest.mark.parametrize(("category", "example"), [("factory", FACTORY), ("park", PARK)])
def test_every_form_goes_to_the_page_and_back(book: gf_policy.Book, category: str, example: dict[str, Any]) -> None:
    form = form_of(book, category)
    again = posted(form, fields_from(form, example)).content
    assert by_place(again["values"]) == by_place(example["values"])
    assert form.check(again).ok
    shown = {cell.row.code for s in sections_of(form, {}) for row in s.rows for cell in row.cells}
    shown |= {cell.row.code for s in sections_of(form, {}) for one in s.products for cell in one.cells}
    assert shown == {row.code for row in form.rows}


def test_units_and_notes_stand_with_the_row_until_they_differ(book: gf_policy.Book) -> None:
    form = form_of(book, "factory")
    values = [
        {"code": "output_value", "year": 2022, "value": "5", "unit": "亿元", "note": "甲"},
        {"code": "output_value", "year": 2023, "value": "6", "unit": "亿元", "note": "甲"},
        {"code": "energy_total", "year": 2022, "value": "5", "unit": "tce", "note": "乙"},
        {"code": "energy_total", "year": 2023, "value": "6000", "unit": "kgce"},
        {"code": "main_products", "note": "只有说明"},
    ]
    fields = fields_from(form, {"values": values})
    assert fields["unit:output_value"] == ["亿元"]
    assert fields["note:output_value"] == ["甲"]
    assert fields["unit:energy_total:2023"] == ["kgce"]
    assert fields["note:energy_total:2022"] == ["乙"]
    assert by_place(posted(form, fields).content["values"]) == by_place(values)
    checked = form.check({"values": values}, strict=False)
    rows = {view.row.code: view for s in sections_of(form, fields, checked.facts) for view in s.rows}
    assert [cell.converted for cell in rows["output_value"].cells] == ["折合 50000 万元", "折合 60000 万元", ""]
    assert rows["output_value"].unit_name == "unit:output_value"
    assert rows["energy_total"].unit_name == ""
    assert rows["energy_total"].cells[1].unit_name == "unit:energy_total:2023"


def test_products_keep_their_lines_even_when_they_are_wrong(book: gf_policy.Book) -> None:
    form = form_of(book, "factory")
    fields = {
        "product:products@0": ["水泥"],
        "value:product_output:2024@0": ["10"],
        "value:product_energy:2024@0": ["3"],
        "unit:product_output:2024@0": ["万t"],
        "value:product_output:2024@1": ["7"],  # no name
        "product:products@2": ["水泥"],  # twice
        "value:product_output:2024@2": ["8"],
    }
    typed = posted(form, fields)
    checked = form.check(typed.content)
    placed = {(typed.place_of(one), one.code) for one in checked.errors}
    assert ("value:product_output:2024@1", "product") in placed
    assert ("value:product_output:2024@2", "duplicate") in placed
    (products,) = [s.products for s in sections_of(form, fields) if s.products]
    assert [one.product for one in products] == ["水泥", "", "水泥"]
    assert products[1].cells[0].value == "7"


def test_none_of_the_choices_is_an_answer_and_nothing_is_none(book: gf_policy.Book) -> None:
    form = form_of(book, "factory")
    assert posted(form, {"value:ecms_functions": ["-"]}).content["values"] == [{"code": "ecms_functions", "value": []}]
    assert posted(form, {"value:ecms_functions": [""]}).content["values"] == []
    assert fields_from(form, {"values": [{"code": "ecms_functions", "value": []}]})["value:ecms_functions"] == ["-"]


@pytest.mark.rule("DM-warn")
def test_problems_find_their_fields(book: gf_policy.Book) -> None:
    form = form_of(book, "factory")
    fields = fields_from(form, FACTORY)
    fields["value:ammonia_discharged:2024"] = ["9000"]
    fields["value:land_area"] = ["12a"]
    del fields["value:main_products"]
    typed = posted(form, fields)
    checked = form.check(typed.content)
    assert {(typed.place_of(e), e.code) for e in checked.errors} >= {
        ("value:land_area", "number"),
        ("value:main_products", "required"),
    }
    assert "value:ammonia_discharged:2024" in {typed.place_of(w) for w in checked.warnings}


def test_what_differs_is_said_by_name(book: gf_policy.Book) -> None:
    form = form_of(book, "factory")
    typed = posted(form, fields_from(form, FACTORY) | {"value:land_area": ["53000"], "note": ["整表"]}).content
    found = [(one.label, one.stored, one.typed) for one in differences(form, FACTORY, typed)]
    assert found == [("厂区用地面积", "52000 m2", "53000 m2"), ("整表特殊情况说明", "（空）", "整表")]
