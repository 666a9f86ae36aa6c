"""A listing under way (列入事项): decision, publicity and unit data come in any order; this joins them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from .lists import ListId
from .machine import move


class ListingState(StrEnum):
    WAITING = "waiting"
    LISTED = "listed"
    ALREADY_LISTED = "already_listed"
    REFUSED = "refused"
    NOT_LISTED = "not_listed"
    SUPERSEDED = "superseded"


_S = ListingState

TRANSITIONS: dict[ListingState, frozenset[ListingState]] = {
    _S.WAITING: frozenset({_S.LISTED, _S.ALREADY_LISTED, _S.REFUSED, _S.NOT_LISTED, _S.SUPERSEDED}),
    _S.LISTED: frozenset(),
    _S.ALREADY_LISTED: frozenset(),
    _S.REFUSED: frozenset(),
    # Decided again in the same round.
    _S.NOT_LISTED: frozenset({_S.WAITING}),
    _S.SUPERSEDED: frozenset(),
}


class Publicity(StrEnum):
    """What is known of the unit's entry in the publicity (公示)."""

    NONE_NEEDED = "none_needed"
    UNKNOWN = "unknown"
    RUNNING = "running"
    CLEAR = "clear"
    HELD_BACK = "held_back"
    UPHELD = "upheld"


class Ready(StrEnum):
    YES = "yes"
    NO = "no"
    NEVER = "never"


@dataclass(slots=True)
class Listing:
    submission_id: UUID
    round: int
    list_id: ListId
    unit_id: UUID
    wanted: bool
    publicity_id: UUID | None
    year: int | None
    state: ListingState = ListingState.WAITING
    ground: str = ""

    def ready(self, publicity: Publicity, unit_known: bool) -> Ready:
        """GD art. 13: an objection holds the unit back until it is settled; an upheld one keeps it off the list."""
        if not self.wanted or publicity is Publicity.UPHELD:
            return Ready.NEVER
        if publicity in (Publicity.NONE_NEEDED, Publicity.CLEAR) and unit_known:
            return Ready.YES
        return Ready.NO

    def settle(self, state: ListingState, ground: str = "") -> None:
        self.state = move("列入事项", TRANSITIONS, self.state, state)
        self.ground = ground


def publicity_of(publicity_id: UUID | None, state: str | None, entry: str | None) -> Publicity:
    """Read the publicity's last known state: `state` and `entry` are the stored words, None where it is unknown."""
    if publicity_id is None:
        return Publicity.NONE_NEEDED
    if state is None or entry is None:
        return Publicity.UNKNOWN
    if entry == "upheld":
        return Publicity.UPHELD
    if state != "closed":
        return Publicity.RUNNING
    return Publicity.HELD_BACK if entry == "objected" else Publicity.CLEAR
