"""The number people quote: kind-year-authority-8 characters, the last of them a check character.

Derived from the submission's id, so it needs no counter, and two calls never race for the next one.
"""

import hashlib
from uuid import UUID

# Crockford's alphabet: no I, L, O, U, so a number read over the telephone stays itself.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUE = {char: value % 31 for value, char in enumerate(_ALPHABET)}
_BODY = 7
_SHIFTS = range(5 * (_BODY - 1), -1, -5)


def number_of(submission_id: UUID, kind: str, year: int, authority: str) -> str:
    """`application-2025-cq.yubei-7K3M9Q2X`."""
    bits = int.from_bytes(hashlib.sha256(submission_id.bytes).digest()[:5], "big") >> 5
    body = "".join([_ALPHABET[(bits >> shift) & 31] for shift in _SHIFTS])
    return f"{kind}-{year}-{authority}-{body}{check_character(body)}"


def check_character(body: str) -> str:
    """Weighted sum modulo 31 (a prime): finds a wrong character (but 0 for Z) and every swap of neighbours."""
    total = sum([(index + 2) * _VALUE[char] for index, char in enumerate(body)])
    return _ALPHABET[total % 31]


def is_valid(number: str) -> bool:
    """Whether the check character fits."""
    tail = number.rpartition("-")[2]
    if len(tail) != _BODY + 1 or any(char not in _ALPHABET for char in tail):
        return False
    return check_character(tail[:-1]) == tail[-1]
