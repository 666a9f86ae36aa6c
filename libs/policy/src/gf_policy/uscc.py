"""统一社会信用代码 (GB 32100-2015): eighteen characters, two check characters."""

from __future__ import annotations

import re

from gf_policy.errors import PolicyLookupError

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_VALUE = {character: value for value, character in enumerate(_ALPHABET)}
_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_INNER_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_INNER = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
# Registrar and kind (位 1-2) are digits or letters (A, N, Y are in use besides digits), the region six digits.
_SHAPE = re.compile(r"[0-9A-HJ-NP-RT-UW-Y]{2}[0-9]{6}[0-9A-HJ-NP-RT-UW-Y]{10}")


class InvalidUscc(PolicyLookupError):
    def __init__(self, detail: str) -> None:
        super().__init__("invalid_uscc", detail, rule="DM-form", article="GB 32100-2015")


def check_character(first17: str) -> str:
    """The eighteenth character (校验码) for the first seventeen."""
    total = sum(_VALUE[character] * weight for character, weight in zip(first17, _WEIGHTS, strict=True))
    return _ALPHABET[(31 - total) % 31]


def organisation_check_character(first8: str) -> str:
    """Check character of the inner organisation code (组织机构代码, GB 11714): position 17 of the whole code."""
    total = sum(_INNER.index(character) * weight for character, weight in zip(first8, _INNER_WEIGHTS, strict=True))
    value = 11 - total % 11
    return {10: "X", 11: "0"}.get(value, str(value))


def complete(first16: str) -> str:
    """A whole code from registrar, kind, region (6 digits) and the eight characters of the organisation."""
    inner = first16 + organisation_check_character(first16[8:16])
    return inner + check_character(inner)


def validate(code: str) -> str:
    """The code itself, if it is one; raises InvalidUscc with what is wrong. Nothing is stripped or folded."""
    if len(code) != 18:
        raise InvalidUscc(f"统一社会信用代码应为 18 位，收到 {len(code)} 位，请核对营业执照后重新填写。")
    if not _SHAPE.fullmatch(code):
        raise InvalidUscc(
            "统一社会信用代码只能使用半角数字和大写字母（不含 I、O、S、V、Z），第 3 至 8 位为数字，请核对。"
        )
    if code[16] != organisation_check_character(code[8:16]):
        raise InvalidUscc("统一社会信用代码第 9 至 17 位（组织机构代码）的校验位不正确，请核对营业执照后重新填写。")
    if code[17] != check_character(code[:17]):
        raise InvalidUscc("统一社会信用代码的校验码（第 18 位）不正确，请核对营业执照后重新填写。")
    return code


def is_valid(code: str) -> bool:
    try:
        validate(code)
    except InvalidUscc:
        return False
    return True
