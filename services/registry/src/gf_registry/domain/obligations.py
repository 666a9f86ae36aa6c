"""Yearly obligations of listed units (年度填报义务, GD art. 18): lateness alone is not refusal."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from .errors import DomainError
from .machine import move


class ObligationState(StrEnum):
    OPEN = "open"
    FILED = "filed"
    ACCEPTED = "accepted"
    OVERDUE = "overdue"
    URGED = "urged"
    REFUSED_CONFIRMED = "refused_confirmed"
    WAIVED = "waived"


_S = ObligationState

TRANSITIONS: dict[ObligationState, frozenset[ObligationState]] = {
    _S.OPEN: frozenset({_S.FILED, _S.OVERDUE, _S.WAIVED}),
    # Filed and returned for correction: open again.
    _S.FILED: frozenset({_S.ACCEPTED, _S.OPEN}),
    _S.OVERDUE: frozenset({_S.URGED, _S.FILED, _S.WAIVED}),
    # 拒不 is confirmed by the authority, and only after urging (GD art. 21).
    _S.URGED: frozenset({_S.FILED, _S.REFUSED_CONFIRMED, _S.WAIVED}),
    _S.ACCEPTED: frozenset(),
    _S.REFUSED_CONFIRMED: frozenset(),
    _S.WAIVED: frozenset(),
}


@dataclass(slots=True)
class Obligation:
    id: UUID
    unit_id: UUID
    year: int
    kind: str
    #: Last day on which it can be filed; it counts in full.
    due: date
    state: ObligationState = ObligationState.OPEN

    def to(self, target: ObligationState) -> None:
        self.state = move("年度填报义务", TRANSITIONS, self.state, target)

    def fall_due(self, today: date) -> None:
        if today <= self.due:
            raise DomainError("not_due", "填报期限尚未届满。", status=409, rule="GD-18", article="GD 第十八条")
        self.to(ObligationState.OVERDUE)
