"""A unit's standing: what keeps it off a list, in whichever order things come."""

from __future__ import annotations

from datetime import date
from uuid import uuid4

import pytest

from gf_registry.domain.bars import Bar, BarState, years_after
from gf_registry.domain.errors import DomainError
from gf_registry.domain.lists import ListId
from gf_registry.domain.memberships import MembershipState, NameOnList
from gf_registry.domain.rules import Ground, ListingRules
from gf_registry.domain.standings import Standing

NATIONAL = ListId.parse("national:miit:factory")
CITY = ListId.parse("city:gd.foshan:factory")
RULES = ListingRules(grounds={"removed": Ground("removed", "被移出名单", "GD 第十七条（三）")})
TODAY = date(2025, 12, 1)
ENTRY = NameOnList("佛山某厂", "91440606MA4UXXXX0X", "440606")


@pytest.fixture
def standing() -> Standing:
    return Standing(uuid4())


def bar(standing: Standing, *, start: date = date(2025, 6, 1), until: date | None = date(2028, 6, 1)) -> Bar:
    return Bar(uuid4(), standing.unit_id, "accident", "GD 第十七条（二）", "信用中国", start, start, until, "环境处罚")


def enter(standing: Standing, list_id: ListId = NATIONAL, on: date = TODAY) -> object:
    return standing.list_unit(list_id, ENTRY, on=on, rules=RULES, new_id=uuid4, submission_id=uuid4(), year=2025)


def test_lists_and_waits_for_the_next_edition(standing: Standing) -> None:
    enter(standing)
    (membership,) = standing.memberships
    assert membership.state is MembershipState.LISTED
    assert not membership.published


def test_listing_twice_is_one_membership(standing: Standing) -> None:
    enter(standing)
    assert enter(standing) is None
    assert len(standing.memberships) == 1


@pytest.mark.rule("GD-17-gates")
def test_bar_before_listing_refuses_and_names_the_ground(standing: Standing) -> None:
    standing.impose(bar(standing), TODAY)
    enter(standing)
    (membership,) = standing.memberships
    assert (membership.state, membership.ground) == (MembershipState.REFUSED, "accident")


@pytest.mark.rule("GD-17-gates")
def test_listing_before_bar_ends_the_same(standing: Standing) -> None:
    enter(standing)
    refused = standing.impose(bar(standing), TODAY)
    assert [m.state for m in refused] == [MembershipState.REFUSED]
    assert refused[0].ground == "accident"


def test_bar_leaves_published_membership_to_a_removal_on_the_record(standing: Standing) -> None:
    enter(standing)
    standing.memberships[0].enter(uuid4(), TODAY)
    assert standing.impose(bar(standing), TODAY) == []
    assert standing.memberships[0].live


@pytest.mark.parametrize(
    ("on", "barred"),
    [(date(2025, 5, 31), False), (date(2025, 6, 1), True), (date(2028, 5, 31), True), (date(2028, 6, 1), False)],
)
def test_bar_is_half_open(standing: Standing, on: date, barred: bool) -> None:
    assert bar(standing).bars_on(on) is barred


def test_lifted_bar_does_not_bar(standing: Standing) -> None:
    b = bar(standing)
    standing.impose(b, TODAY)
    b.lift()
    assert standing.obstacle(TODAY, RULES) is None
    with pytest.raises(DomainError):
        b.lift()


def test_bar_expires_only_when_over(standing: Standing) -> None:
    b = bar(standing)
    with pytest.raises(DomainError):
        b.expire(date(2028, 5, 31))
    b.expire(date(2028, 6, 1))
    assert b.state is BarState.EXPIRED


@pytest.mark.rule("GD-17")
@pytest.mark.parametrize(("on", "state"), [(date(2028, 3, 14), "refused"), (date(2028, 3, 15), "listed")])
def test_removal_from_any_list_excludes_for_three_years(standing: Standing, on: date, state: str) -> None:
    enter(standing, CITY)
    standing.memberships[0].enter(uuid4(), TODAY)
    standing.memberships[0].remove(date(2025, 3, 15), "false_material")
    enter(standing, NATIONAL, on)
    assert standing.memberships[1].state.value == state
    assert standing.memberships[1].ground == ("removed" if state == "refused" else "")


def test_merged_unit_is_not_counted_as_removed(standing: Standing) -> None:
    enter(standing, CITY)
    standing.memberships[0].enter(uuid4(), TODAY)
    standing.memberships[0].remove(date(2025, 3, 15), "merged")
    assert standing.obstacle(TODAY, RULES) is None


@pytest.mark.rule("GD-22")
def test_three_years_are_full_years() -> None:
    assert years_after(date(2025, 11, 21), 3) == date(2028, 11, 21)
    assert years_after(date(2024, 2, 29), 3) == date(2027, 3, 1)


@pytest.mark.parametrize("text", ["", "national", "state:miit:factory", "national::factory", "a:b:c:d"])
def test_bad_list_ids(text: str) -> None:
    with pytest.raises(DomainError) as refused:
        ListId.parse(text)
    assert refused.value.rule == "GD-2"


@pytest.mark.rule("GD-2")
def test_three_levels() -> None:
    for level in ("national", "provincial", "city"):
        assert str(ListId.parse(f"{level}:x.y:park")) == f"{level}:x.y:park"
