"""The short ways of the hot path say what the long ways say."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gf_chassis import json
from gf_chassis.errors import Rejected
from gf_intake.adapters import contracts
from gf_intake.entrypoints.decoding import decode
from gf_policy.model import FactRow
from greenladder.intake.v1.submissions_pb2 import SubmissionAdmitted

_code = st.text(min_size=1, max_size=300)
_digits = st.decimals(allow_nan=False, allow_infinity=False, places=3).map(lambda number: f"{number:f}")
_valued = st.one_of(
    st.tuples(st.just("given"), _digits, st.just("decimal")),
    st.tuples(st.just("given"), st.booleans(), st.just("flag")),
    st.tuples(st.just("given"), st.text(max_size=400), st.just("text")),
    st.tuples(st.just("given"), st.lists(_code, max_size=3).map(tuple), st.just("codes")),
    st.tuples(
        st.sampled_from(["missing", "not_applicable"]), st.none(), st.sampled_from(["decimal", "flag", "text", "codes"])
    ),
)
_rows = st.builds(
    lambda code, product, year, unit, valued: FactRow(code, product, year, unit, *valued),
    _code,
    st.sampled_from(["", "", "变速箱"]),
    st.none() | st.integers(1990, 2100),
    st.sampled_from(["", "万元", "tce"]),
    _valued,
)


@given(st.lists(_rows, max_size=8))
@settings(max_examples=30, deadline=None)
def test_facts_in_wire_format_are_the_facts(rows: list[FactRow]) -> None:
    assert_same_facts(rows)


@pytest.mark.long
@given(st.lists(_rows, max_size=8))
@settings(max_examples=300, deadline=None)
def test_facts_in_wire_format_are_always_the_facts(rows: list[FactRow]) -> None:
    assert_same_facts(rows)


def assert_same_facts(rows: list[FactRow]) -> None:
    message = SubmissionAdmitted()
    message.MergeFromString(contracts._facts(rows))
    assert message == SubmissionAdmitted(facts=[contracts._fact(row) for row in rows])


BODY = b'{"campaign_id":"c","values":[{"code":"a","year":2024,"value":"1.5"},{"code":"b","value":true}],"evidence":[]}'


def test_what_is_plain_is_read_as_it_stands() -> None:
    assert decode(BODY) == json.loads(BODY)


@pytest.mark.parametrize(
    "changed",
    [
        (b'"value":true', b'"value":1.10'),
        (b'"value":true', b'"value":12345678901234567890123'),
        (b'"campaign_id":"c"', b'"note":0.1'),
        (b'"evidence":[]', b'"evidence":[{"slot":0.1}]'),
        (b'"value":true', b'"value":"a:b"'),
    ],
)
def test_numbers_stay_exact(changed: tuple[bytes, bytes]) -> None:
    body = decode(BODY.replace(*changed))

    def floats(value: Any) -> list[float]:
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return [value] if isinstance(value, float) else [one for part in parts for one in floats(part)]

    assert floats(body) == []
    if changed[1].endswith(b"1.10"):
        assert str(body["values"][1]["value"]) == str(Decimal("1.10"))


@pytest.mark.parametrize(
    "changed",
    [
        (b'"code":"a"', b'"code":"a","code":"b"'),
        (b'"code":"a"', b'"code" :"a","code":"b"'),
        (b'"code":"a"', b'"code" :"a:","code"\n:"b"'),
        (b'"evidence":[]', b'"evidence":[],"evidence":[]'),
        (b'"evidence":[]', b'"evidence":[{"slot":"s","slot":"s"}]'),
        (b'"value":true', b'"value":NaN'),
        (b'"value":true', b'"value":"\\ud800"'),
        (b'"value":true', b'"value":"\\u0000"'),
        (b'"value":true', b'"value":"\x7f"'),
        (b'"value":true', b'"value":"\xe2\x80\xae"'),
        (b'"value":true', b'"value":tru'),
        (b'"value":true', b'"value":"\xff"'),
    ],
)
def test_what_the_strict_decoder_refuses_is_refused(changed: tuple[bytes, bytes]) -> None:
    raw = BODY.replace(*changed)
    with pytest.raises(Rejected) as strict:
        json.loads(raw)
    with pytest.raises(Rejected) as fast:
        decode(raw)
    assert fast.value.code == strict.value.code
