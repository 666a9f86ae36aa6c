from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.cn import uscc as oracle

from gf_policy import uscc

REAL = ["91440300708461136T", "914403001922038216", "9144030071526726XG", "91330100799655058B"]


@pytest.mark.parametrize("code", REAL)
def test_published_codes_are_valid(code: str) -> None:
    assert uscc.validate(code) == code


DIGITS, LETTERS = "0123456789", "0123456789ABCDEFGHJKLMNPQRTUWXY"
PARTS = st.tuples(st.text(DIGITS, min_size=6, max_size=6), st.text(LETTERS, min_size=8, max_size=8))


@given(PARTS)
@settings(max_examples=30, deadline=None)
def test_check_characters_agree_with_an_independent_implementation(parts: tuple[str, str]) -> None:
    both_agree(*parts)


@pytest.mark.long
@given(PARTS)
@settings(max_examples=500, deadline=None)
def test_check_characters_always_agree_with_an_independent_implementation(parts: tuple[str, str]) -> None:
    both_agree(*parts)


def both_agree(region: str, organisation: str) -> None:
    code = uscc.complete("91" + region + organisation)
    assert uscc.is_valid(code)
    assert oracle.is_valid(code)


def test_registrars_with_letters_are_accepted() -> None:
    assert uscc.is_valid(uscc.complete("N244060512345678"))
    assert uscc.is_valid(uscc.complete("A144060512345678"))


def test_the_inner_organisation_code_is_checked_too() -> None:
    good = uscc.complete("9150011212345678")
    wrong = "1" if good[16] != "1" else "2"
    inner = good[:16] + wrong
    bad = inner + uscc.check_character(inner)
    assert oracle.is_valid(bad)
    assert not uscc.is_valid(bad)
    with pytest.raises(uscc.InvalidUscc, match="组织机构代码"):
        uscc.validate(bad)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("123456789123456789", "校验"),  # the sample in the manual
        ("9144030071526726X", "18 位"),
        ("", "18 位"),
        ("９144030071526726XG", "半角"),
        ("9144030071526726xg", "大写"),
        ("91440300 1526726XG", "半角"),
        ("9I44030071526726XG", "不含 I"),
        ("914403007152672\x00XG", "半角"),
    ],
)
@pytest.mark.rule("DM-form")
def test_what_is_wrong_is_said(code: str, reason: str) -> None:
    with pytest.raises(uscc.InvalidUscc, match=reason) as refusal:
        uscc.validate(code)
    assert (refusal.value.code, refusal.value.status) == ("invalid_uscc", 422)
