"""Removals due (应移出事项): a listed unit whose points lay in the bottom 5 % (后5%) three years running.

A closed ranking says who is due; nothing is removed by it. A person proposes the removal, another decides it with a
document, and it takes effect with the next edition. Where a later run of the same year no longer says so, what was due
lapses, and what was decided upon it cannot be announced (N25 二（二）).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from .errors import DomainError
from .machine import move

#: The ground of an adjustment, its rule and article.
BOTTOM, RULE, ARTICLE = "bottom_5_percent", "N25-5pct", "N25 二（二）"


class DueState(StrEnum):
    OPEN = "open"
    PROPOSED = "proposed"
    DECIDED = "decided"
    REMOVED = "removed"
    KEPT = "kept"
    LAPSED = "lapsed"


_S = DueState

TRANSITIONS: dict[DueState, frozenset[DueState]] = {
    _S.OPEN: frozenset({_S.PROPOSED, _S.LAPSED}),
    _S.PROPOSED: frozenset({_S.DECIDED, _S.KEPT, _S.LAPSED}),
    # Taken back before an edition announced it: due again.
    _S.DECIDED: frozenset({_S.REMOVED, _S.OPEN, _S.LAPSED}),
    _S.REMOVED: frozenset(),
    _S.KEPT: frozenset({_S.PROPOSED, _S.LAPSED}),
    # A further run of the year says so again.
    _S.LAPSED: frozenset({_S.OPEN}),
}


@dataclass(frozen=True, slots=True)
class Run:
    """A ranking that is complete, as far as it decides which one of a list and year is in force."""

    id: UUID
    population_at: datetime
    superseded: bool


def in_force(runs: Iterable[Run]) -> Run | None:
    """The run of a list and year that counts: not superseded, and over the newest population.

    Runs are told under keys of their own and come in any order; this does not depend on it.
    """
    return max((r for r in runs if not r.superseded), key=lambda r: (r.population_at, r.id), default=None)


@dataclass(frozen=True, slots=True)
class Ranked:
    """What a run says of a unit that is due."""

    run_id: UUID
    streak: int
    place: int


@dataclass(slots=True)
class RemovalDue:
    """One per membership and year."""

    id: UUID
    membership_id: UUID
    unit_id: UUID
    year: int
    ranked: Ranked
    state: DueState = DueState.OPEN
    adjustment_id: UUID | None = None
    document: str = ""

    def _to(self, target: DueState) -> None:
        self.state = move("应移出事项", TRANSITIONS, self.state, target)

    def propose(self, adjustment_id: UUID) -> None:
        self._to(DueState.PROPOSED)
        self.adjustment_id = adjustment_id

    def decide(self, *, remove: bool, document: str) -> None:
        """A person decides with a document (凭文件决定), to remove or to keep; DomainError without one."""
        if not document.strip():
            raise DomainError(
                "document_needed",
                "以连续三年处于后5%为由移出或保留，须填写作出决定的文件名称和文号。",
                rule=RULE,
                article=ARTICLE,
            )
        self._to(DueState.DECIDED if remove else DueState.KEPT)
        self.document = document

    def take_back(self) -> None:
        self._to(DueState.OPEN)
        self.adjustment_id, self.document = None, ""

    def lapse(self) -> None:
        """What was proposed or decided upon it stays on the record, but holds nothing up any more."""
        self._to(DueState.LAPSED)

    def fall_due_again(self) -> None:
        self._to(DueState.OPEN)
        self.adjustment_id, self.document = None, ""

    def remove(self) -> None:
        self._to(DueState.REMOVED)

    @property
    def can_be_proposed(self) -> bool:
        return DueState.PROPOSED in TRANSITIONS[self.state]


def converge(
    known: Iterable[RemovalDue], due: Mapping[UUID, Ranked], opened: Callable[[UUID, Ranked], RemovalDue]
) -> list[RemovalDue]:
    """Bring what is known of a list and year to what its run in force says; returns what changed its state.

    ``due`` is by membership. Saying the same twice changes nothing.
    """
    changed = []
    by_membership = {one.membership_id: one for one in known}
    for membership_id, one in by_membership.items():
        ranked = due.get(membership_id)
        if ranked is None:
            if DueState.LAPSED in TRANSITIONS[one.state]:
                one.lapse()
                changed.append(one)
            continue
        one.ranked = ranked
        if one.state is DueState.LAPSED:
            one.fall_due_again()
            changed.append(one)
    changed += [opened(m, ranked) for m, ranked in due.items() if m not in by_membership]
    return changed


def not_due() -> DomainError:
    return DomainError(
        "not_due",
        "按现行有效的排名，该单位未连续三年处于后5%（或所依据的排名已被替代），不能以此事由移出名单。",
        status=409,
        rule=RULE,
        article=ARTICLE,
    )
