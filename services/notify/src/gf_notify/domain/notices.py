"""A notice (通知) and whom it addresses: a unit, or everyone who holds a role in an authority.

Addressees are never persons: who reads for a unit or an authority changes, the duty to have been told does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Addressee:
    """Either a unit, or a role in an authority."""

    unit_id: str = ""
    authority: str = ""
    role: str = ""

    def __post_init__(self) -> None:
        if bool(self.unit_id) == bool(self.authority and self.role):
            raise ValueError("a notice addresses a unit, or a role in an authority")

    @property
    def key(self) -> str:
        """What makes a notice about one event unique."""
        return f"unit:{self.unit_id}" if self.unit_id else f"authority:{self.authority}:{self.role}"


@dataclass(frozen=True, slots=True)
class Telling:
    """What is to be said to whom: a template and the words that fill it."""

    template: str
    to: Addressee
    words: Mapping[str, str] = field(default_factory=dict)
    #: The unit that the notice is about, and the submission, where there is one.
    about_unit: str = ""
    submission_id: str = ""


def to_unit(template: str, unit_id: str, submission_id: str = "", **words: str) -> Telling:
    return Telling(template, Addressee(unit_id=unit_id), words, unit_id, submission_id)


def to_authority(
    template: str, authority: str, role: str, unit_id: str = "", submission_id: str = "", **words: str
) -> Telling:
    return Telling(template, Addressee(authority=authority, role=role), words, unit_id, submission_id)
