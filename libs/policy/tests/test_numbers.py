from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gf_policy.numbers import NotANumber, canonical, converted, is_canonical, plain_text

BAD = [
    "NaN", "inf", "-Infinity", "1e5", "1e999999", "1E+2", "１２３", "1,000",
    " 1", "1 ", "+1", ".5", "5.", "", "-", "0x10",
    "1_000", "1" * 19, "0." + "1" * 13, "1\n", "٣", "1\x00", float("nan"), float("inf"), 1e300, 1e-7, 10**18, 10**5000,
    0.1234567890123456, True, None, [], {}, Decimal("NaN"), Decimal("1E+999999"), Decimal("1E-999999"),
]  # fmt: skip


@pytest.mark.parametrize("value", BAD, ids=range(len(BAD)))
def test_what_is_no_plain_number_is_refused(value: object) -> None:
    with pytest.raises(NotANumber):
        plain_text(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [("007.50", "7.5"), ("-0", "0"), ("-0.0", "0"), ("0.000", "0"), ("100", "100"), ("-01.10", "-1.1"), (5, "5"),
     (123.4, "123.4"), (Decimal("12.30"), "12.3"), ("9" * 18 + "." + "9" * 12, "9" * 18 + "." + "9" * 12)],
)  # fmt: skip
def test_one_spelling_per_number(value: object, text: str) -> None:
    assert canonical(plain_text(value)) == text


DECIMALS = st.decimals(min_value=-(10**17), max_value=10**17, places=6, allow_nan=False)


@given(DECIMALS)
@settings(max_examples=30, deadline=None)
def test_spelling_keeps_the_value(number: Decimal) -> None:
    keeps_the_value(number)


@pytest.mark.long
@given(DECIMALS)
@settings(max_examples=500, deadline=None)
def test_spelling_always_keeps_the_value(number: Decimal) -> None:
    keeps_the_value(number)


def keeps_the_value(number: Decimal) -> None:
    text = canonical(plain_text(format(number, "f")))
    assert Decimal(text) == number
    assert canonical(text) == text
    assert bool(is_canonical(text)) == (number >= 0)


@pytest.mark.rule("DM-units")
def test_conversion_is_exact_or_refused() -> None:
    assert converted("668000", Decimal("0.1")) == "66800"
    assert converted("0.000000000001", Decimal("10000")) == "0.00000001"
    with pytest.raises(NotANumber, match="位数超出"):
        converted("0.000000000001", Decimal("0.001"))
    with pytest.raises(NotANumber, match="位数超出"):
        converted("9" * 18, Decimal("10000"))
