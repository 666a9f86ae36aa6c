"""Removals due: which run counts, and what a run changes about what is known."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations
from uuid import UUID

import pytest

from gf_registry.domain.errors import DomainError
from gf_registry.domain.removals import DueState, Ranked, RemovalDue, Run, converge, in_force


def at(minute: int) -> datetime:
    return datetime(2027, 12, 1, 0, minute, tzinfo=UTC)


def opened(membership_id: UUID, ranked: Ranked) -> RemovalDue:
    return RemovalDue(UUID(int=99), membership_id, membership_id, 2027, ranked)


@pytest.mark.rule("N25-5pct")
def test_the_newest_run_that_is_not_superseded() -> None:
    first, second, third = (Run(UUID(int=9 - n), at(n), n == 3) for n in (1, 2, 3))
    for order in permutations([first, second, third]):
        assert in_force(order) is second
    assert in_force([third]) is None


@pytest.mark.rule("N25-5pct")
@pytest.mark.parametrize("state", DueState)
def test_what_a_run_changes(state: DueState) -> None:
    """Said again: only what had lapsed is due again. Not said any more: all but the removed ones lapse."""
    one = RemovalDue(UUID(int=1), UUID(int=2), UUID(int=3), 2027, Ranked(UUID(int=4), 3, 9), state, UUID(int=5), "x")
    changed = converge([one], {one.membership_id: Ranked(UUID(int=6), 4, 8)}, opened)
    assert (changed == [one]) is (state is DueState.LAPSED)
    assert one.state is (DueState.OPEN if state is DueState.LAPSED else state)
    assert one.ranked == Ranked(UUID(int=6), 4, 8)
    one.state = state
    changed = converge([one], {}, opened)
    assert one.state is (DueState.REMOVED if state is DueState.REMOVED else DueState.LAPSED)
    assert (changed == []) is (state in (DueState.REMOVED, DueState.LAPSED))


@pytest.mark.rule("N25-5pct")
def test_decided_with_a_document_only() -> None:
    one = opened(UUID(int=1), Ranked(UUID(int=2), 3, 1))
    one.propose(UUID(int=7))
    for remove in (True, False):
        with pytest.raises(DomainError, match="文号"):
            one.decide(remove=remove, document="  ")
    assert one.state is DueState.PROPOSED
