"""What a spreadsheet would compute."""

import pytest

from gf_chassis.spreadsheets import is_formula


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@x", "\t=1", "\r", "\n=1", "\0=1", "＝1", "＋", "－1", "＠", " =1", "\u3000＝1"]
)
def test_is_computed(cell: str) -> None:
    assert is_formula(cell)


@pytest.mark.parametrize("cell", ["", "甲公司", "1-1", "a=b", " 甲"])
def test_is_text(cell: str) -> None:
    assert not is_formula(cell)
