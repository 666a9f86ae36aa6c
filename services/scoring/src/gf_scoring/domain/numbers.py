"""Exact numbers as whole ones: a decimal is its value times 10¹², a quotient is two whole numbers."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

#: Digits behind the point that a value may carry.
DIGITS = 12
ONE: int = 10**DIGITS
POWERS: list[int] = [10 ** (DIGITS - places) for places in range(DIGITS + 1)]
#: Plain notation, at most 18 digits before the point and 12 after it, as the contracts say.
PLAIN = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,12})?", re.ASCII)


def whole(text: str) -> int:
    """A decimal in plain notation, times 10¹²."""
    front, point, back = text.partition(".")
    if not point:
        return int(front) * ONE
    return int(front + back) * POWERS[len(back)]


def whole_of(value: Decimal) -> int:
    """A decimal of a ruleset or a benchmark set, times 10¹²."""
    exact = Fraction(value) * ONE
    if exact.denominator != 1:
        raise ValueError(f"more than {DIGITS} digits behind the point: {value}")
    return exact.numerator


def half_up(numerator: int, denominator: int) -> int:
    """The nearest whole number to a quotient, halves away from zero (四舍五入). The denominator is positive."""
    if numerator < 0:
        return -((-2 * numerator + denominator) // (2 * denominator))
    return (2 * numerator + denominator) // (2 * denominator)


def plain(number: int, scale: int) -> str:
    """``number`` over 10^scale in plain notation, without idle zeros."""
    if number < 0:
        return "-" + plain(-number, scale)
    front, back = divmod(number, 10**scale)
    if not back:
        return str(front)
    return f"{front}.{back:0{scale}d}".rstrip("0")


def growth(end: int, start: int, years: int) -> int:
    """Mean yearly growth (年均增长率, 水平法) from ``start`` to ``end``, in units of 10^-12, rounded half-up once.

    (end / start)^(1 / years) - 1 without a float: a whole root of whole numbers. ``start`` is positive, ``end`` is not
    negative; both in the same unit.
    """
    twice = _root(end * (2 * ONE) ** years // start, years)
    return (twice + 1) // 2 - ONE


def _root(number: int, degree: int) -> int:
    """The largest whole number whose power is not above ``number`` (Newton from above)."""
    if number < 2 or degree == 1:
        return number
    guess = 1 << -(-number.bit_length() // degree)
    while True:
        better = ((degree - 1) * guess + number // guess ** (degree - 1)) // degree
        if better >= guess:
            return guess
        guess = better
