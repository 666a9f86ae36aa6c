"""Adjustments (名单调整): removal or rename, with its ground, at once or with the next edition (GD art. 21, 23)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from .errors import DomainError, IllegalTransition
from .lists import ListId
from .machine import move


class AdjustmentState(StrEnum):
    PROPOSED = "proposed"
    ON_SITE_CHECK = "on_site_check"
    DECIDED = "decided"
    EFFECTIVE = "effective"
    DROPPED = "dropped"


class AdjustmentKind(StrEnum):
    REMOVAL = "removal"
    RENAME = "rename"
    BOUNDARY = "boundary"


class Timing(StrEnum):
    AT_ONCE = "at_once"
    NEXT_EDITION = "next_edition"


TRANSITIONS: dict[AdjustmentState, frozenset[AdjustmentState]] = {
    AdjustmentState.PROPOSED: frozenset(
        {AdjustmentState.ON_SITE_CHECK, AdjustmentState.DECIDED, AdjustmentState.DROPPED}
    ),
    AdjustmentState.ON_SITE_CHECK: frozenset({AdjustmentState.DECIDED, AdjustmentState.DROPPED}),
    # Taken back before an edition announced it.
    AdjustmentState.DECIDED: frozenset({AdjustmentState.EFFECTIVE, AdjustmentState.DROPPED}),
    AdjustmentState.EFFECTIVE: frozenset(),
    AdjustmentState.DROPPED: frozenset(),
}

#: The one ground that reaches every level's list at once (GD art. 21, last paragraph).
MAJOR_INCIDENT = "major_incident"


@dataclass(slots=True)
class Adjustment:
    id: UUID
    unit_id: UUID
    #: The list it is about; absent: every level's list.
    list_id: ListId | None
    kind: AdjustmentKind
    ground: str
    article: str
    timing: Timing
    reason: str
    proposed_by: str
    new_name: str = ""
    #: The document (文件) it was decided with.
    document: str = ""
    state: AdjustmentState = AdjustmentState.PROPOSED
    version: int = 1

    def __post_init__(self) -> None:
        if self.kind is AdjustmentKind.REMOVAL:
            at_once = self.timing is Timing.AT_ONCE
            if at_once != (self.ground == MAJOR_INCIDENT) or at_once != (self.list_id is None):
                raise DomainError(
                    "timing",
                    "只有重大及以上事故（事件）从各层面名单立即移出；其他情形随年度名单从本层面名单移出。",
                    rule="GD-21-now",
                    article="GD 第二十一条",
                )
        elif self.timing is Timing.AT_ONCE or self.list_id is None:
            raise DomainError("timing", "名称、边界变更随年度名单调整。", rule="GD-23", article="GD 第二十三条")
        if self.kind is AdjustmentKind.RENAME and not self.new_name.strip():
            raise DomainError("new_name", "名称变更须填写新名称。", rule="GD-23", article="GD 第二十三条")

    def _to(self, target: AdjustmentState) -> None:
        self.state = move("名单调整", TRANSITIONS, self.state, target)
        self.version += 1

    def send_to_site(self) -> None:
        self._to(AdjustmentState.ON_SITE_CHECK)

    def decide(self, person: str, document: str = "") -> None:
        """Verified and decided by a second person (GD art. 21: 核实相关情况后); the bottom 5 % with a document."""
        if person == self.proposed_by:
            raise DomainError("same_person", "提出调整的人不能自己决定，须由另一人决定。", status=403, rule="GD-21")
        self._to(AdjustmentState.DECIDED)
        self.document = document

    def take_effect(self) -> None:
        self._to(AdjustmentState.EFFECTIVE)

    def drop(self, document: str = "") -> None:
        """Not to be carried out (不予调整)."""
        self._to(AdjustmentState.DROPPED)
        self.document = document

    def take_back(self) -> None:
        """A decision that no edition has announced yet is withdrawn (撤回决定)."""
        if self.state is not AdjustmentState.DECIDED:
            raise IllegalTransition("名单调整", self.state.value, "撤回")
        self._to(AdjustmentState.DROPPED)
