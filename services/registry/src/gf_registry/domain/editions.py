"""Editions (名单的一期): what an authority announced, frozen as bytes with their digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from .lists import ListId
from .machine import move
from .memberships import Change, ChangeKind


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

    def publish(
        self,
        *,
        number: int,
        at: datetime,
        today: date,
        standing: Mapping[UUID, Change],
        changes: Sequence[Change],
    ) -> None:
        """Freeze the list as it stands with this edition, and what changed with it."""
        self.state = move("名单", TRANSITIONS, self.state, EditionState.PUBLISHED)
        self.number = number
        self.published_at = at
        self.effective = self.effective or today
        kinds = [c.kind for c in changes]
        self.counts = Counts(
            listed=len(standing),
            added=kinds.count(ChangeKind.LISTED),
            removed=kinds.count(ChangeKind.REMOVED),
            renamed=kinds.count(ChangeKind.RENAMED),
        )
        self.content = freeze(self, standing, changes)
        self.digest = hashlib.sha256(self.content).hexdigest()


def freeze(edition: Edition, standing: Mapping[UUID, Change], changes: Sequence[Change]) -> bytes:
    """Canonical JSON: keys sorted, no blanks, UTF-8; entries by region, code and name (排名不分先后)."""
    document = {
        "list_id": str(edition.list_id),
        "year": edition.year,
        "number": edition.number,
        "effective": edition.effective.isoformat() if edition.effective else None,
        "document": edition.document,
        "entries": sorted((_row(c) for c in standing.values()), key=_by_place),
        "changes": sorted(
            ({**_row(c), "change": c.kind.value, "ground": c.ground} for c in changes),
            key=lambda r: (r["change"], *_by_place(r)),
        ),
    }
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _row(change: Change) -> dict[str, Any]:
    entry = change.entry
    return {
        "unit_id": str(change.unit_id),
        "name": entry.name,
        "uscc": entry.uscc,
        "region": entry.region,
        "industry": entry.industry,
    }


def _by_place(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (row["region"], row["uscc"] or "", row["name"], row["unit_id"])
