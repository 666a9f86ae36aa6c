"""The route of one round (审核路线): which levels review it and what each demands. Routes are data (DM-route)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

AT_ONCE = "at_once"
AFTER_PUBLICITY = "after_publicity"


@dataclass(frozen=True, slots=True)
class GuardPlan:
    """A condition of the decision "pass" (上报条件), with its own parameters and source."""

    code: str
    params: Mapping[str, Any]
    rule: str = ""
    article: str = ""


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One point of the checklist (审核要点): 真实性, 准确性, 先进性 …"""

    code: str
    label: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class Department:
    """A department that is consulted (征求意见部门)."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class PublicityPlan:
    """How long a proposed list is published (公示): working days or calendar days."""

    days: int
    unit: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """When the level may decide; half open. Extensions come with the campaign."""

    opens_at: datetime | None
    closes_at: datetime | None
    rule: str = ""
    article: str = ""
    #: Who set the date, and so may extend it.
    authority: str = ""

    def closing(self, dates: Sequence[tuple[str, datetime]], chain: Sequence[str]) -> datetime | None:
        """The date that holds for a level: each authority's own latest word, and the earliest of them decides.

        `dates` are those set or extended on the record, in order; `chain` runs from the level's authority upwards.
        """
        if self.closes_at is None:
            return None
        own = {self.authority: self.closes_at}
        own.update((authority, closes_at) for authority, closes_at in dates if authority in chain)
        return min(own.values())


@dataclass(frozen=True, slots=True)
class StagePlan:
    """One level of the route as the policy of the round defines it."""

    stage_no: int
    level: str
    authority: str
    applicable: bool
    guards: tuple[GuardPlan, ...] = ()
    list_id: str = ""
    also_lists: tuple[str, ...] = ()
    publicity: PublicityPlan | None = None
    travels: str = AT_ONCE
    recommends: int | None = None
    consults: tuple[Department, ...] = ()
    checklist: tuple[ChecklistItem, ...] = ()
    window: WindowPlan | None = None
    correction_days: int = 10
    article: str = ""

    def guard(self, code: str) -> GuardPlan | None:
        return next((guard for guard in self.guards if guard.code == code), None)

    @property
    def is_last(self) -> bool:
        return self.recommends is None

    @property
    def publishes(self) -> bool:
        """The level keeps a list and its proposals stand in public first."""
        return bool(self.list_id) and self.publicity is not None

    @property
    def waits_for_publicity(self) -> bool:
        """Nothing follows (the next level, the end) before the publicity has ended without objection."""
        return self.publishes and (self.is_last or self.travels == AFTER_PUBLICITY)


@dataclass(frozen=True, slots=True)
class Route:
    stages: tuple[StagePlan, ...]

    def plan(self, stage_no: int) -> StagePlan | None:
        return next((stage for stage in self.stages if stage.stage_no == stage_no), None)

    @property
    def authorities(self) -> tuple[str, ...]:
        """Authorities of the applicable levels, lowest first: what "the same route" means."""
        return tuple(stage.authority for stage in self.stages if stage.applicable)
