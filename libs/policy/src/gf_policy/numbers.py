"""Exact numbers at the edge: at most 18 digits before and 12 after the point, plain notation, half-width digits."""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import Any

BEFORE, AFTER = 18, 12
_PLAIN = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,12})?\Z").match
# The one spelling of a number that is not negative: what most values look like already.
CANONICAL = r"(?:[1-9][0-9]{0,17}+|0)(?:\.[0-9]{1,12}+(?<!0))?+"
is_canonical = re.compile(rf"{CANONICAL}\Z").match
_LIMIT = 10**BEFORE
# Wide enough for a product of two values; a result that does not fit exactly is refused, never rounded.
EXACT = Context(prec=90, traps=[Inexact, InvalidOperation, Overflow])
_HOW = "请用半角数字书写，如 1234.56；整数部分不超过 18 位，小数不超过 12 位，不用科学计数法、千分位和空格"


class NotANumber(ValueError):
    """Why a value is not an acceptable number, in plain Chinese."""


def plain_text(value: Any) -> str:
    """The number as plain decimal text; refuses what is not one, or was not exact to begin with."""
    kind = type(value)
    if kind is str:
        text: str = value
    elif kind is int and -_LIMIT < value < _LIMIT:
        return str(value)
    elif kind is float:
        # repr is the shortest text that reads back as the same float: exact as long as it needs at most 15 digits.
        text = repr(value)
        if sum(character.isdigit() for character in text.lstrip("-0.")) > 15:
            raise NotANumber("数值位数过多，请以字符串形式提交以免失真")
    elif kind is Decimal and value.is_finite() and -AFTER - 1 < value.adjusted() < BEFORE:
        text = format(value, "f")
    else:
        raise NotANumber(f"应为数值。{_HOW}")
    if not _PLAIN(text):
        raise NotANumber(f"不是可接受的数值。{_HOW}")
    return text


def canonical(text: str) -> str:
    """One spelling per number: no leading or trailing zeros, no "-0"."""
    if "." in text:
        text = text.rstrip("0").removesuffix(".")
    if text[0] == "0" and len(text) > 1 and text[1] != ".":
        text = text.lstrip("0")
        text = "0" + text if not text or text[0] == "." else text
    elif text[0] == "-":
        text = "-" + canonical(text[1:])
        return "0" if text == "-0" else text
    return text


def converted(text: str, factor: Decimal) -> str:
    """The value in the form's own unit, exactly (千元 -> 万元); refused when that needs more digits than allowed."""
    product = EXACT.multiply(Decimal(text), factor)
    plain = canonical(format(product, "f")) if product else "0"
    if not _PLAIN(plain):
        raise NotANumber("换算为表内单位后位数超出范围（整数 18 位、小数 12 位），请改用表内单位填写")
    return plain
