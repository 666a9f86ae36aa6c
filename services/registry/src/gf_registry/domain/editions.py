"""Editions (名单的一期): what an authority announced, frozen as bytes with their digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from .lists import ListId
from .machine import move
from .memberships import STANDING_KINDS, Change, ChangeKind, NameOnList


class EditionState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"


TRANSITIONS: dict[EditionState, frozenset[EditionState]] = {
    EditionState.DRAFT: frozenset({EditionState.PUBLISHED}),
    EditionState.PUBLISHED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Counts:
    listed: int
    added: int
    removed: int
    renamed: int


@dataclass(slots=True)
class Edition:
    id: UUID
    list_id: ListId
    year: int
    document: str
    #: Date in law; absent in a draft: the day of publication.
    effective: date | None = None
    number: int | None = None
    state: EditionState = EditionState.DRAFT
    published_at: datetime | None = None
    content: bytes | None = None
    digest: str = ""
    counts: Counts | None = None

    def publish(self, frozen: Frozen, at: datetime) -> None:
        """What was composed before becomes the edition, for good."""
        self.state = move("名单", TRANSITIONS, self.state, EditionState.PUBLISHED)
        self.number, self.effective, self.published_at = frozen.number, frozen.effective, at
        self.content, self.digest, self.counts = frozen.content, frozen.digest, frozen.counts


@dataclass(frozen=True, slots=True)
class Line:
    """A unit on the list, as an edition prints it."""

    unit_id: UUID
    entry: NameOnList


@dataclass(frozen=True, slots=True)
class Frozen:
    """An edition's content, ready to be published at one position of the list and no other."""

    number: int
    effective: date
    counts: Counts
    content: bytes
    digest: str


def compose(
    edition: Edition, *, number: int, effective: date, standing: Mapping[UUID, Line], changes: Sequence[Change]
) -> Frozen:
    """Freeze the list as it stands with this edition, and what changes with it.

    ``standing`` is the list on that day without what waits, by membership; ``changes`` are those to be announced. They
    are the newest, and take effect on that very day, so they come on top.
    """
    lines = dict(standing)
    for change in changes:
        if change.effective is not None:
            continue  # in effect at once: it stands in the list already
        if change.kind in STANDING_KINDS:
            lines[change.membership_id] = Line(change.unit_id, change.entry)
        else:
            lines.pop(change.membership_id, None)
    kinds = [c.kind for c in changes]
    counts = Counts(
        listed=len(lines),
        added=kinds.count(ChangeKind.LISTED),
        removed=kinds.count(ChangeKind.REMOVED),
        renamed=kinds.count(ChangeKind.RENAMED),
    )
    content = _freeze(edition, number, effective, lines.values(), changes)
    return Frozen(number, effective, counts, content, hashlib.sha256(content).hexdigest())


def _freeze(edition: Edition, number: int, effective: date, lines: Iterable[Line], changes: Sequence[Change]) -> bytes:
    """Canonical JSON: keys sorted, no blanks, UTF-8; entries by region, code and name (排名不分先后)."""
    document = {
        "list_id": str(edition.list_id),
        "year": edition.year,
        "number": number,
        "effective": effective.isoformat(),
        "document": edition.document,
        "entries": sorted((_row(one) for one in lines), key=_by_place),
        "changes": sorted(
            ({**_row(c), "change": c.kind.value, "ground": c.ground} for c in changes),
            key=lambda r: (r["change"], *_by_place(r)),
        ),
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _row(of: Line | Change) -> dict[str, Any]:
    entry = of.entry
    return {
        "unit_id": str(of.unit_id),
        "name": entry.name,
        "uscc": entry.uscc,
        "region": entry.region,
        "industry": entry.industry,
    }


def _by_place(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (row["region"], row["uscc"] or "", row["name"], row["unit_id"])
