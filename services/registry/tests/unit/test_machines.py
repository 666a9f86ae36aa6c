"""Every machine of the registry against its whole table: each lawful step passes, every other is a typed refusal."""

from __future__ import annotations

from enum import StrEnum
from itertools import product

import pytest

from gf_registry.domain import adjustments, bars, editions, listings, memberships, obligations, removals
from gf_registry.domain.errors import IllegalTransition
from gf_registry.domain.machine import move

LAWFUL: dict[type[StrEnum], set[tuple[str, str]]] = {
    memberships.MembershipState: {("listed", "removed"), ("listed", "refused")},
    bars.BarState: {("in_force", "expired"), ("in_force", "lifted")},
    obligations.ObligationState: {
        ("open", "filed"),
        ("open", "overdue"),
        ("open", "waived"),
        ("filed", "accepted"),
        ("filed", "open"),
        ("overdue", "urged"),
        ("overdue", "filed"),
        ("overdue", "waived"),
        ("urged", "filed"),
        ("urged", "refused_confirmed"),
        ("urged", "waived"),
    },
    editions.EditionState: {("draft", "published")},
    adjustments.AdjustmentState: {
        ("proposed", "on_site_check"),
        ("proposed", "decided"),
        ("proposed", "dropped"),
        ("on_site_check", "decided"),
        ("on_site_check", "dropped"),
        ("decided", "effective"),
        ("decided", "dropped"),
    },
    removals.DueState: {
        ("open", "proposed"),
        ("open", "lapsed"),
        ("proposed", "decided"),
        ("proposed", "kept"),
        ("proposed", "lapsed"),
        ("decided", "removed"),
        ("decided", "open"),
        ("decided", "lapsed"),
        ("kept", "proposed"),
        ("kept", "lapsed"),
        ("lapsed", "open"),
    },
    listings.ListingState: {
        ("waiting", to) for to in ("listed", "already_listed", "refused", "not_listed", "superseded")
    }
    | {("not_listed", "waiting")},
}
TABLES = {
    memberships.MembershipState: memberships.TRANSITIONS,
    bars.BarState: bars.TRANSITIONS,
    obligations.ObligationState: obligations.TRANSITIONS,
    editions.EditionState: editions.TRANSITIONS,
    adjustments.AdjustmentState: adjustments.TRANSITIONS,
    listings.ListingState: listings.TRANSITIONS,
    removals.DueState: removals.TRANSITIONS,
}


@pytest.mark.parametrize("states", LAWFUL, ids=lambda s: s.__name__)
def test_only_lawful_steps(states: type[StrEnum]) -> None:
    for current, target in product(states, states):
        if (current.value, target.value) in LAWFUL[states]:
            assert move("x", TABLES[states], current, target) is target
        else:
            with pytest.raises(IllegalTransition) as refused:
                move("x", TABLES[states], current, target)
            assert refused.value.status == 409


@pytest.mark.rule("GD-21")
def test_lateness_alone_is_not_refusal() -> None:
    table = obligations.TRANSITIONS
    refused = obligations.ObligationState.REFUSED_CONFIRMED
    assert [s for s in obligations.ObligationState if refused in table[s]] == [obligations.ObligationState.URGED]
