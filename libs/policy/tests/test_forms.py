from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gf_policy
from gf_policy import Form, PolicyLookupError
from gf_policy.book import Book


@pytest.fixture(scope="module")
def form(book: Book) -> Form:
    return book.effective("national/2025/n25").form("factory", "application")


def put(content: dict[str, Any], code: str, year: int | None = None, /, **change: Any) -> int:
    for position, value in enumerate(content["values"]):
        if value["code"] == code and value.get("year") == year:
            value.update(change)
            return position
    raise AssertionError(code)


def test_form_has_the_values_of_the_14_indicators(form: Form) -> None:
    assert form.id == "n25-factory-application"
    assert len({row.indicator for row in form.rows if row.indicator}) == 14
    assert len(form.row("ecms_functions").codes) == 12
    assert form.row("output_value").years == (2022, 2023, 2024)
    assert [slot.code for slot in form.evidence_slots] == [
        "advanced_technology",
        "retrofit_projects",
        "green_design_report",
        "footprint_report",
        "energy_statistics",
        "sealed_scan",
    ]
    with pytest.raises(PolicyLookupError, match="nothing"):
        form.row("nothing")


def test_facts_are_canonical_and_in_the_forms_order(form: Form, content: dict[str, Any]) -> None:
    shuffled = copy.deepcopy(content)
    shuffled["values"].reverse()
    put(shuffled, "energy_total", 2024, value="005740.00")
    put(
        shuffled,
        "ecms_functions",
        value=["flow", "query", "intensity", "analysis", "benchmarking", "carbon_accounting"],
    )
    assert form.check(shuffled).facts == form.check(content).facts
    row = next(row for row in form.check(content).facts if (row.code, row.year) == ("output_value", 2024))
    assert row == ("output_value", "", 2024, "万元", "given", "66800", "decimal")


def test_json_numbers_are_taken_when_exact(form: Form, content: dict[str, Any]) -> None:
    put(content, "energy_total", 2024, value=5740)
    put(content, "renewable_self", 2024, value=420.5)
    assert form.check(content).ok
    position = put(content, "renewable_self", 2024, value=0.12345678901234567)
    (problem,) = form.check(content).errors
    assert (problem.pointer, problem.code) == (f"/values/{position}/value", "number")


def test_optional_values_left_out_are_stated_as_missing(form: Form, content: dict[str, Any]) -> None:
    content["values"] = [value for value in content["values"] if value["code"] != "advanced_technology"]
    missing = [row for row in form.check(content).facts if row.presence == "missing"]
    (row,) = [row for row in missing if row.code == "advanced_technology"]
    assert (row.code, row.value, row.type) == ("advanced_technology", None, "text")


BAD_VALUES = [
    ("energy_total", 2024, {"value": "NaN"}, "value", "number"),
    ("energy_total", 2024, {"value": "1e999999"}, "value", "number"),
    ("energy_total", 2024, {"value": "１２３"}, "value", "number"),
    ("energy_total", 2024, {"value": "1" * 40}, "value", "number"),
    ("energy_total", 2024, {"value": True}, "value", "number"),
    ("energy_total", 2024, {"value": ["1"]}, "value", "number"),
    ("energy_total", 2024, {"value": "-1"}, "value", "minimum"),
    ("energy_total", 2024, {"unit": "kWh"}, "unit", "unit"),
    ("energy_total", 2024, {"unit": ["tce"]}, "unit", "unit"),
    ("energy_total", 2024, {"year": 2021}, "year", "year"),
    ("energy_total", 2024, {"year": "2024"}, "year", "year"),
    ("energy_total", 2024, {"year": True}, "year", "year"),
    ("energy_total", 2024, {"product": "水泥"}, "product", "product"),
    ("energy_total", 2024, {"code": "energy"}, "code", "unknown_value"),
    ("energy_total", 2024, {"code": "bad\ud800"}, "code", "unknown_value"),
    ("energy_total", 2024, {"code": 5}, "code", "unknown_value"),
    ("energy_total", 2024, {"colour": 1}, "colour", "unknown_field"),
    ("energy_total", 2024, {"note": "x" * 501}, "note", "note"),
    ("energy_total", 2024, {"note": "a\x00b"}, "note", "note"),
    ("energy_total", 2024, {"note": 7}, "note", "note"),
    ("energy_total", 2024, {"not_applicable": "yes", "value": None}, "not_applicable", "type"),
    ("energy_total", 2024, {"not_applicable": True, "value": None}, "not_applicable", "not_applicable"),
    ("solid_waste_prior", 2024, {"not_applicable": True}, "not_applicable", "not_applicable"),
    ("green_design", None, {"value": "true"}, "value", "type"),
    ("green_design", None, {"value": 1}, "value", "type"),
    ("green_design", None, {"unit": "t"}, "unit", "unit"),
    ("ecms_functions", None, {"value": "query"}, "value", "type"),
    ("ecms_functions", None, {"value": ["query", "query"]}, "value", "duplicate"),
    ("ecms_functions", None, {"value": ["query", "magic"]}, "value/1", "unknown_code"),
    ("ecms_functions", None, {"value": [["query"]]}, "value", "type"),
    ("main_products", None, {"value": "a\x00"}, "value", "type"),
    ("main_products", None, {"value": "\ud800"}, "value", "type"),
    ("main_products", None, {"value": "长" * 501}, "value", "too_long"),
    ("footprint_categories_total", None, {"value": "4.5"}, "value", "count"),
    ("land_area", None, {"year": 2024}, "year", "year"),
]


@pytest.mark.rule("DM-form")
@pytest.mark.parametrize(("code", "year", "change", "place", "problem"), BAD_VALUES)
def test_a_bad_value_is_named_with_pointer_rule_and_what_to_do(
    form: Form, content: dict[str, Any], code: str, year: int | None, change: dict[str, Any], place: str, problem: str
) -> None:
    position = put(content, code, year, **change)
    errors = [error for error in form.check(content).errors if error.code != "required"]
    (error,) = errors
    assert error.code == problem
    assert error.pointer == f"/values/{position}/{place}"
    assert error.rule
    assert error.message.endswith("。")


BAD_SHAPES = [
    None, [], "x", {}, {"values": None}, {"values": {}}, {"values": [1]}, {"values": [], "x/y~": 1},
    {"values": [{}] * 501}, {"values": [{"code": {}, "year": []}]}, {"values": [], "note": 5},
    {"values": [None, [], {"\ud800": 1}]},
]  # fmt: skip


@pytest.mark.parametrize("content", BAD_SHAPES, ids=range(len(BAD_SHAPES)))
def test_bad_shapes_are_errors_not_failures(form: Form, content: Any) -> None:
    for strict in (True, False):
        checked = form.check(content, strict=strict)
        assert checked.errors or content == {}
        assert all(error.pointer == "" or error.pointer.startswith("/") for error in checked.errors)


KEYS = st.sampled_from(["values", "code", "year", "value", "unit", "product", "note", "not_applicable"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
WORDS = st.sampled_from(["energy_total", "product_output", "ecms_functions", "tce"])
JUNK = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner | WORDS, max_size=5),
    max_leaves=12,
)


@given(JUNK)
@settings(max_examples=25, deadline=None)
def test_no_content_makes_the_check_fail(content: Any) -> None:
    check_whatever_it_is(content)


@pytest.mark.long
@given(JUNK)
@settings(max_examples=300, deadline=None)
def test_no_content_makes_the_check_fail_ever(content: Any) -> None:
    check_whatever_it_is(content)


def check_whatever_it_is(content: Any) -> None:
    form = gf_policy.load().effective("national/2025/n25").form("factory", "application")
    for candidate in (content, {"values": content}, {"values": [content]}):
        form.check(candidate)
        form.check(candidate, strict=False)


def test_the_same_value_twice_is_refused(form: Form, content: dict[str, Any]) -> None:
    content["values"].append(dict(content["values"][2]))
    (error,) = form.check(content).errors
    assert (error.code, error.pointer) == ("duplicate", f"/values/{len(content['values']) - 1}")


@pytest.mark.rule("DM-draft")
def test_a_draft_is_checked_for_types_only(form: Form) -> None:
    draft = {"values": [{"code": "energy_total", "year": 2024, "value": "-5", "unit": "tce"},
                        {"code": "output_value", "year": 2024, "value": "3"},
                        {"code": "truth_promise", "value": False}]}  # fmt: skip
    checked = form.check(draft, strict=False)
    assert checked.ok
    assert not checked.warnings
    assert [row.code for row in checked.facts] == ["output_value", "energy_total", "truth_promise"]
    draft["values"][0]["value"] = "five"
    assert [error.code for error in form.check(draft, strict=False).errors] == ["number"]


@pytest.mark.rule("DM-form")
def test_missing_values_are_named_with_their_field(form: Form) -> None:
    missing = [error for error in form.check({"values": []}).errors if error.code == "required"]
    assert ("output_value", 2023) in {(error.field, error.year) for error in missing}
    assert len(missing) == len(form.check({"values": []}).errors)
    assert all(error.pointer == "/values" for error in missing)


@pytest.mark.rule("DM-warn")
def test_not_applicable_needs_no_value_and_asks_for_a_note(form: Form, content: dict[str, Any]) -> None:
    put(content, "material_total", 2024, value=None, not_applicable=True, unit="")
    checked = form.check(content)
    assert checked.ok
    assert [warning.code for warning in checked.warnings] == ["not_applicable_note"]
    put(content, "material_total", 2024, note="来料加工，不消耗主要原材料。")
    checked = form.check(content)
    assert not checked.warnings
    (row,) = [row for row in checked.facts if row.code == "material_total"]
    assert (row.presence, row.value) == ("not_applicable", None)


@pytest.mark.rule("N25-A1")
def test_product_rows_belong_together_and_are_limited(form: Form, content: dict[str, Any]) -> None:
    def rows(product: str) -> list[dict[str, Any]]:
        return [
            {"code": "product_output", "year": 2024, "product": product, "value": "1.2", "unit": "万t"},
            {"code": "product_energy", "year": 2024, "product": product, "value": "900", "unit": "tce"},
        ]

    content["values"] += rows("硅酸盐水泥熟料") + rows("水泥")
    checked = form.check(content)
    assert checked.ok
    products = [(row.code, row.product, row.value) for row in checked.facts if row.product]
    assert products == [
        ("product_output", "水泥", "12000"),
        ("product_output", "硅酸盐水泥熟料", "12000"),
        ("product_energy", "水泥", "900"),
        ("product_energy", "硅酸盐水泥熟料", "900"),
    ]
    content["values"].pop()
    assert [error.code for error in form.check(content).errors] == ["product_rows_complete"]
    content["values"] += rows("甲")[:1] + rows("甲")[1:] + rows("乙") + rows("水泥")[1:]
    assert [error.code for error in form.check(content).errors] == ["too_many", "too_many"]


@pytest.mark.rule("DM-warn")
def test_huge_but_allowed_numbers_do_not_round_in_the_checks(form: Form, content: dict[str, Any]) -> None:
    total = "999999999999999999.999999999998"
    for code in ("solid_waste_generated", "solid_waste_used"):
        put(content, code, 2024, value=total)
    put(content, "solid_waste_prior", 2024, value="0")
    assert form.check(content).ok
    put(content, "solid_waste_used", 2024, value="999999999999999999.999999999999")
    assert [error.code for error in form.check(content).errors] == ["solid_waste_rate_over_100"]


@pytest.mark.rule("N25-evid")
def test_evidence_is_asked_for_what_is_entered(form: Form, content: dict[str, Any]) -> None:
    facts = form.check(content).facts
    named = {"advanced_technology", "retrofit_projects", "green_design_report", "footprint_report"}
    at_verify = {problem.pointer for problem in form.check_evidence(facts, (), at="verify")}
    assert at_verify == {f"/evidence/{slot}" for slot in named}
    assert not form.check_evidence(facts, named, channel="partner")
    (scan,) = form.check_evidence(facts, named, channel="person")
    assert scan.message == "请上传“申报表盖章扫描件”。"
