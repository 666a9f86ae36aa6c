"""Memberships (在册记录): a list is the fold of its changes; nothing is overwritten."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from .errors import IllegalTransition
from .lists import ListId, Recorded
from .machine import move


class MembershipState(StrEnum):
    LISTED = "listed"
    REMOVED = "removed"
    REFUSED = "refused"


TRANSITIONS: dict[MembershipState, frozenset[MembershipState]] = {
    # A listing that no edition has published yet can still be refused (GD art. 17: 不得列入).
    MembershipState.LISTED: frozenset({MembershipState.REMOVED, MembershipState.REFUSED}),
    # Listing again is a new membership.
    MembershipState.REMOVED: frozenset(),
    MembershipState.REFUSED: frozenset(),
}


class ChangeKind(StrEnum):
    LISTED = "listed"
    REMOVED = "removed"
    RENAMED = "renamed"
    REFUSED = "refused"


#: After such a change the membership stands on the list.
STANDING_KINDS = frozenset({ChangeKind.LISTED, ChangeKind.RENAMED})


@dataclass(frozen=True, slots=True)
class NameOnList:
    """What is printed in a list about a unit."""

    name: str
    uscc: str | None = None
    region: str = ""
    industry: str = ""


@dataclass(slots=True)
class Membership:
    id: UUID
    unit_id: UUID
    list_id: ListId
    state: MembershipState
    entry: NameOnList
    submission_id: UUID | None = None
    year: int | None = None
    #: Date in law; absent while the listing waits for the next edition.
    effective: date | None = None
    edition_id: UUID | None = None
    #: Date in law of the removal, and why.
    ended: date | None = None
    ground: str = ""

    @property
    def live(self) -> bool:
        return self.state is MembershipState.LISTED

    @property
    def published(self) -> bool:
        return self.effective is not None

    def enter(self, edition_id: UUID, effective: date) -> None:
        """The edition that carries it was published."""
        self.edition_id = edition_id
        self.effective = effective

    def remove(self, effective: date, ground: str) -> None:
        self.state = move("在册记录", TRANSITIONS, self.state, MembershipState.REMOVED)
        self.ended = effective
        self.ground = ground

    def refuse(self, ground: str) -> None:
        """Taken back before any edition published it."""
        if self.published:
            # Published once, it can only be removed on the record.
            raise IllegalTransition("在册记录", "已公布", MembershipState.REFUSED.value)
        self.state = move("在册记录", TRANSITIONS, self.state, MembershipState.REFUSED)
        self.ground = ground


@dataclass(frozen=True, slots=True)
class Change:
    """One appended row of a list. `effective` is absent where the change waits for the next edition."""

    id: UUID
    list_id: ListId
    recorded: Recorded
    membership_id: UUID
    unit_id: UUID
    kind: ChangeKind
    entry: NameOnList
    ground: str = ""
    article: str = ""
    effective: date | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """A change with the date in law it got, and the position at which that date became known."""

    change: Change
    effective: date
    known: int


def standing_at(effects: Iterable[Effect], on: date, known: int) -> dict[UUID, Change]:
    """The list on a date in law, as known at a position: per membership the last change that had taken effect.

    The reading tables do the same in SQL; this is the definition both are tested against.
    """
    last: dict[UUID, Effect] = {}
    for effect in effects:
        if effect.effective > on or effect.known > known:
            continue
        best = last.get(effect.change.membership_id)
        if best is None or _order(effect) >= _order(best):
            last[effect.change.membership_id] = effect
    return {key: e.change for key, e in last.items() if e.change.kind in STANDING_KINDS}


def _order(effect: Effect) -> tuple[date, int]:
    return (effect.effective, effect.change.recorded.position)
