"""Transition tables: every machine of the registry is data, and every step goes through one function."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from .errors import IllegalTransition

S = TypeVar("S", bound=StrEnum)


def move(what: str, table: Mapping[S, frozenset[S]], current: S, target: S) -> S:
    """Return the target state, or refuse the step by name."""
    if target not in table[current]:
        raise IllegalTransition(what, current.value, target.value)
    return target
