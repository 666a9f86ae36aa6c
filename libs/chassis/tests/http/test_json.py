"""The strict decoder: what must be refused is refused as a clear 4xx, and exact numbers stay exact."""

import contextlib
import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, TypeAdapter, ValidationError

from gf_chassis import json
from gf_chassis.json import ApiModel, ExactDecimal


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"{", "malformed_json"),
        (b"", "malformed_json"),
        (b"\xff\xfe", "malformed_json"),
        (b"{'a': 1}", "malformed_json"),
        (b'{"a": 1,}', "malformed_json"),
        (b'{"a": 01}', "malformed_json"),
        (b'{"a": "line\nbreak"}', "malformed_json"),
        (b'{"a": 1} {"b": 2}', "malformed_json"),
        (b'{"a": 1, "a": 2}', "duplicate_key"),
        (b'{"x": [{"b": 1, "c": 2, "b": 3}]}', "duplicate_key"),
        (b'{"a": NaN}', "not_a_number"),
        (b'{"a": Infinity}', "not_a_number"),
        (b'{"a": -Infinity}', "not_a_number"),
        (b'{"a": 1e999999}', "number_out_of_range"),
        (b'{"a": 1e-999999}', "number_out_of_range"),
        (b'{"a": 1.5e31}', "number_out_of_range"),
        (b'{"a": 9223372036854775808}', "number_out_of_range"),
        (b'{"a": -9223372036854775809}', "number_out_of_range"),
        (b'{"a": ' + b"9" * 5000 + b"}", "number_out_of_range"),
        (b'{"a": 0.' + b"1" * 5000 + b"}", "number_out_of_range"),
        (b'{"a": "\\u0000"}', "bad_character"),
        (b'{"a": "\\ud800"}', "bad_character"),
        (b'{"\\udc00": 1}', "bad_character"),
        ('{"a": "‮文本"}'.encode(), "bad_character"),
        (b"[" * 25 + b"]" * 25, "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 25 + b"1" + b"}" * 25, "too_deep"),
    ],
)
def test_refuses(raw: bytes, code: str) -> None:
    with pytest.raises(json.BadJson) as caught:
        json.loads(raw)
    assert (caught.value.code, caught.value.status) == (code, 400)


def test_refuses_long_numbers_at_once() -> None:
    started = time.perf_counter()
    for raw in (b"9" * 1_000_000, b"1e" + b"9" * 1_000_000, b"0." + b"1" * 1_000_000):
        with pytest.raises(json.BadJson):
            json.loads(raw)
    assert time.perf_counter() - started < 1


def test_brackets_inside_strings_are_not_depth() -> None:
    assert json.loads(b'["' + b"[{" * 50 + b'"]') == ["[{" * 50]
    assert json.loads(b'["\\"' + b"[" * 50 + b'"]') == ['"' + "[" * 50]


def test_keeps_numbers_exact() -> None:
    assert json.loads('{"a": 0.1, "b": 9223372036854775807, "c": 1.10}') == {
        "a": Decimal("0.1"),
        "b": 9223372036854775807,
        "c": Decimal("1.10"),
    }


def test_keeps_chinese_and_line_ends() -> None:
    assert json.loads('{"名称": "重庆\\n渝北\\u533a"}') == {"名称": "重庆\n渝北区"}


def test_pointer_names_the_field() -> None:
    with pytest.raises(json.BadJson) as caught:
        json.loads(b'{"values": [{"a/b": "\\u0001"}]}')
    assert caught.value.errors[0].pointer == "/values/0/a~1b"


VALUES = (st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Cn"])), lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(st.characters(categories=["L", "N"])), inner, max_size=3), max_leaves=20))  # fmt: skip


@given(VALUES)
@settings(max_examples=15, deadline=None)
def test_reads_back_what_was_written(value: Any) -> None:
    assert json.loads(json.dumps(value)) == value


@pytest.mark.long
@given(VALUES)
def test_reads_back_whatever_was_written(value: Any) -> None:
    assert json.loads(json.dumps(value)) == value


@given(st.binary(max_size=200))
@settings(max_examples=30, deadline=None)
def test_never_anything_but_a_refusal(raw: bytes) -> None:
    refused_or_read(raw)


@pytest.mark.long
@given(st.binary(max_size=200))
@settings(max_examples=500, deadline=None)
def test_never_ever_anything_but_a_refusal(raw: bytes) -> None:
    refused_or_read(raw)


def refused_or_read(raw: bytes) -> None:
    with contextlib.suppress(json.BadJson):
        json.loads(raw)


class Row(ApiModel):
    count: int = 0
    flag: bool = False
    text: str = ""
    value: ExactDecimal | None = None


@pytest.mark.parametrize(
    "row",
    [
        {"count": "1"},
        {"count": True},
        {"count": 1.0},
        {"count": 2**31},
        {"count": "１"},
        {"flag": 1},
        {"flag": "true"},
        {"text": 5},
        {"value": "１２"},
        {"value": "1e5"},
        {"value": "NaN"},
        {"value": "Infinity"},
        {"value": "1e999999"},
        {"value": "12\n"},
        {"value": " 12"},
        {"value": "1" * 19},
        {"value": "0." + "1" * 13},
        {"value": 1.5},
        {"value": True},
        {"unknown": 1},
    ],
)
def test_schema_refuses(row: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Row.model_validate(row)


@pytest.mark.parametrize("value", ["123.40", 123, Decimal("123.4"), "-0.000000000001", "999999999999999999"])
def test_decimal_is_exact(value: Any) -> None:
    row = Row.model_validate({"value": value})
    assert row.value == Decimal(value)
    assert row.model_dump(mode="json")["value"] == str(value)


class Dated(ApiModel):
    on: date | None = None
    at: AwareDatetime | None = None


class Nested(ApiModel):
    inner: Dated = Dated()


@pytest.mark.parametrize(
    "value", [1, 1.5, Decimal("1.5"), True, "1759276800", "1e9", "２０２５-10-01", "9999-12-31", "0001-01-01"]
)
def test_a_date_is_written_as_one(value: Any) -> None:
    """Pydantic alone would take timestamps, and the ends of the calendar that overflow in another zone."""
    for name in ("on", "at"):
        with pytest.raises(ValidationError):
            Dated.model_validate({name: value})


def test_dates_and_instants_are_read() -> None:
    read = Dated.model_validate({"on": "2025-10-01", "at": "2025-10-01T00:00:00+08:00"})
    assert read.on == date(2025, 10, 1)
    assert Dated.model_validate(read.model_dump()) == read


def test_a_number_is_no_object() -> None:
    """FastAPI reads attributes of what is no mapping; all fields of these have defaults."""
    adapter = TypeAdapter(Nested)
    for value in (Decimal("1.5"), {"inner": Decimal("1.5")}):
        with pytest.raises(ValidationError):
            adapter.validate_python(value, from_attributes=True)
