"""The short way of a content says the same as the long way, whatever the content is."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gf_policy
from gf_policy import Form
from gf_policy.form_cells import Run
from gf_policy.form_content import ContentChecker

BOOK = gf_policy.load()
FORMS = {
    category: BOOK.effective("national/2025/n25").form(category, "application") for category in ("factory", "park")
}
EXAMPLES = {
    category: json.loads((BOOK.root / f"national/2025/n25/examples/{category}-application.json").read_bytes())
    for category in FORMS
}


def assert_same(form: Form, content: Any) -> None:
    for strict in (True, False):
        assert form.check(content, strict=strict) == form._checker.check_in_full(content, strict)


def left_to_the_long_way(form: Form, content: dict[str, Any]) -> list[int] | None:
    checker: ContentChecker = form._checker
    return checker._plain.read(content["values"], Run(len(checker._ordered), strict=True))


def test_an_ordinary_content_goes_the_short_way() -> None:
    form, content = FORMS["factory"], EXAMPLES["factory"]
    assert left_to_the_long_way(form, content) == []
    assert form.check(content).ok
    assert_same(form, content)


def test_a_value_written_with_every_key_goes_the_short_way() -> None:
    whole = {"year": None, "product": "", "unit": "", "note": "", "not_applicable": False}
    content = {"values": [{**whole, **value} for value in EXAMPLES["factory"]["values"]]}
    assert left_to_the_long_way(FORMS["factory"], content) == []
    assert_same(FORMS["factory"], content)


def test_only_what_is_not_plain_goes_the_long_way() -> None:
    form, content = FORMS["factory"], copy.deepcopy(EXAMPLES["factory"])
    values = content["values"]
    values[9]["note"] = "停产检修两个月。"
    values[15] |= {"value": "615000", "unit": "千元"}
    values[2]["value"] = "60"  # below the usual range: a warning
    values[31]["value"] = []
    assert left_to_the_long_way(form, content) == [2, 9, 15]
    assert [warning.code for warning in form.check(content).warnings] == ["out_of_usual_range"]
    assert_same(form, content)


ODD: list[Any] = [
    None, "", " ", "\n", "0", "-0", "00", "007", "1.50", "1.", ".5", "-1", "1\n2", "1\n", "1e3", "１２",
    "1" * 18, "1" * 19, "1" * 31, "0.000000000001", "0.0000000000001", "a\x00", "\ud800", "长" * 501, "\u2028", "2024",
    0, 1, -1, 1.5, 2022, 2022.0, 10**5000, Decimal(2022), Decimal("1.5"), Decimal("NaN"), Decimal("sNaN"),
    Decimal("1E+999999"), True, False, [], ["query"], ["flow", "query"], ["query", "query"], ["magic"], [None],
    {}, (), "tce", "万元", "kgce", "t", "水泥",
]  # fmt: skip
KEYS = ["code", "year", "value", "unit", "product", "note", "not_applicable", "colour"]
CODES = [row.code for row in FORMS["factory"].rows] + [row.code for row in FORMS["park"].rows]
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 59),
        st.sampled_from(["set", "drop", "remove", "repeat", "move", "replace", "whole", "product"]),
        st.sampled_from(KEYS),
        st.sampled_from(ODD) | st.sampled_from(CODES) | st.decimals(0, 10**9, places=3).map(str),
    ),
    max_size=8,
)


def change(values: list[Any], place: int, act: str, key: str, odd: Any) -> None:
    if not values:
        return
    place %= len(values)
    value = values[place]
    match act:
        case "set" if isinstance(value, dict):
            value[key] = odd
        case "drop" if isinstance(value, dict):
            value.pop(key, None)
        case "remove":
            del values[place]
        case "repeat":
            values.append(copy.deepcopy(value))
        case "move":
            values.insert(0, values.pop(place))
        case "replace":
            values[place] = odd
        case "whole" if isinstance(value, dict):
            values[place] = {"year": None, "product": "", "unit": "", "note": "", "not_applicable": False} | value
        case "product":
            values.append({"code": "product_output", "year": 2024, "product": odd, "value": "1.2", "unit": "万t"})
            values.append({"code": "product_energy", "year": 2024, "product": odd, "value": "900", "unit": "tce"})


@given(st.sampled_from(list(FORMS)), CHANGES)
@settings(max_examples=25, deadline=None)
def test_the_short_way_says_the_same_as_the_long_way(category: str, changes: list[tuple[int, str, str, Any]]) -> None:
    same_after(category, changes)


@pytest.mark.long
@given(st.sampled_from(list(FORMS)), CHANGES)
@settings(max_examples=300, deadline=None)
def test_the_short_way_says_the_same_many_times(category: str, changes: list[tuple[int, str, str, Any]]) -> None:
    same_after(category, changes)


def same_after(category: str, changes: list[tuple[int, str, str, Any]]) -> None:
    content = copy.deepcopy(EXAMPLES[category])
    for place, act, key, odd in changes:
        change(content["values"], place, act, key, odd)
    assert_same(FORMS[category], content)


PLACES = {"text": 0, "flag": 1, "number": 2, "of a year": 9, "codes": 31, "count": 46}
#: The rows of those places alone: the others are read again and again and change nothing.
TRIED = {EXAMPLES["factory"]["values"][place]["code"] for place in PLACES.values()}
FEW_ROWS = Form(
    id=FORMS["factory"].id,
    title=FORMS["factory"].title,
    category="factory",
    kind="application",
    year=FORMS["factory"].year,
    sections=tuple(
        replace(section, rows=tuple(row for row in section.rows if row.code in TRIED))
        for section in FORMS["factory"].sections
    ),
    checks=(),
    evidence_slots=(),
    limits=FORMS["factory"].limits,
)
FEW_VALUES = [value for value in EXAMPLES["factory"]["values"] if value["code"] in TRIED]


def test_few_rows_go_the_short_way_too() -> None:
    assert left_to_the_long_way(FEW_ROWS, {"values": FEW_VALUES}) == []
    assert FEW_ROWS.check({"values": FEW_VALUES}).ok


ALL = (FORMS["factory"], EXAMPLES["factory"]["values"])
QUICK = ("of a year", "codes")  # they have every branch in them


@pytest.mark.parametrize(
    ("place", "form", "given"),
    [
        *(pytest.param(PLACES[name], FEW_ROWS, FEW_VALUES, id=name) for name in QUICK),
        *(pytest.param(place, *ALL, id=f"{name}-all rows", marks=pytest.mark.long) for name, place in PLACES.items()),
    ],
)
def test_one_odd_thing_anywhere(place: int, form: Form, given: list[Any]) -> None:
    changed = given.index(EXAMPLES["factory"]["values"][place])
    for key in KEYS:
        for odd in ODD:
            values = list(given)
            values[changed] = {**values[changed], key: odd}
            assert_same(form, {"values": values})


NUMBERS = st.fixed_dictionaries({row.code: st.decimals(0, 10**6, places=2) for row in FORMS["factory"].rows})


@given(NUMBERS)
@settings(max_examples=15, deadline=None)
def test_rules_over_several_values_say_the_same(numbers: dict[str, Decimal]) -> None:
    same_with(numbers)


@pytest.mark.long
@given(NUMBERS)
@settings(max_examples=200, deadline=None)
def test_rules_over_several_values_say_the_same_many_times(numbers: dict[str, Decimal]) -> None:
    same_with(numbers)


def same_with(numbers: dict[str, Decimal]) -> None:
    content = copy.deepcopy(EXAMPLES["factory"])
    for value in content["values"]:
        if isinstance(value["value"], str) and value.get("unit"):
            value["value"] = str(numbers[value["code"]])
    assert_same(FORMS["factory"], content)
