"""The standing (资格状态) of a unit: its memberships and bars, changed under the lock of the unit's row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from .bars import Bar, BarState, years_after
from .errors import DomainError
from .lists import ListId
from .memberships import Membership, MembershipState, NameOnList
from .rules import ListingRules

NewId = Callable[[], UUID]


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a unit may not be listed (不得列入)."""

    ground: str
    article: str
    detail: str


@dataclass(slots=True)
class Standing:
    unit_id: UUID
    memberships: list[Membership] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    event_number: int = 0

    def next_event(self) -> int:
        self.event_number += 1
        return self.event_number

    def live_on(self, list_id: ListId) -> Membership | None:
        return next((m for m in self.memberships if m.live and m.list_id == list_id), None)

    def obstacle(self, on: date, rules: ListingRules) -> Obstacle | None:
        """The gate at listing (GD art. 17, GD-17-gates): bars in force, then removals within the look-back."""
        for bar in self.bars:
            if bar.bars_on(on):
                return Obstacle(bar.ground, bar.article, bar.reason)
        for past in self.memberships:
            if past.state is not MembershipState.REMOVED or past.ended is None:
                continue
            if past.ground in rules.harmless_removals or past.ended > on:
                continue
            if on < years_after(past.ended, rules.removal_lookback_years):
                ground = rules.removal_ground
                return Obstacle(ground, rules.article(ground), f"{past.ended.isoformat()} 被移出 {past.list_id}")
        return None

    def list_unit(
        self,
        list_id: ListId,
        entry: NameOnList,
        *,
        on: date,
        rules: ListingRules,
        new_id: NewId,
        submission_id: UUID | None,
        year: int | None,
    ) -> Membership | None:
        """Enter a list: a membership that waits for the next edition, or a refused one that names its ground.

        None: the unit stands on the list already.
        """
        if self.live_on(list_id) is not None:
            return None
        obstacle = self.obstacle(on, rules)
        membership = Membership(
            id=new_id(),
            unit_id=self.unit_id,
            list_id=list_id,
            entry=entry,
            submission_id=submission_id,
            year=year,
            state=MembershipState.REFUSED if obstacle else MembershipState.LISTED,
            ground=obstacle.ground if obstacle else "",
        )
        self.memberships.append(membership)
        return membership

    def impose(self, bar: Bar, today: date) -> list[Membership]:
        """A bar comes into force; listings that no edition has published yet are refused with its ground.

        So the outcome does not depend on which of the two came first.
        """
        if any(b.ground == bar.ground and b.bars_on(today) and b.until == bar.until for b in self.bars):
            raise DomainError("bar_exists", "该单位已有同一事由、同一截止日期的禁入。", status=409, rule="GD-17")
        self.bars.append(bar)
        if not bar.bars_on(today):
            return []
        refused = [m for m in self.memberships if m.live and not m.published]
        for membership in refused:
            membership.refuse(bar.ground)
        return refused

    def bar(self, bar_id: UUID) -> Bar:
        found = next((b for b in self.bars if b.id == bar_id), None)
        if found is None:
            raise DomainError("not_found", "没有这条禁入记录。", status=404)
        return found

    def due_bars(self, today: date) -> list[Bar]:
        return [b for b in self.bars if b.state is BarState.IN_FORCE and b.until is not None and b.until <= today]


def in_lock_order(lists: Iterable[ListId]) -> list[ListId]:
    """Units are locked before lists, and lists by their id: one order everywhere, so nothing deadlocks."""
    return sorted(set(lists), key=str)
