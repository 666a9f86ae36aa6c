"""Adjustments and the joining of a listing's halves."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from gf_registry.domain.adjustments import Adjustment, AdjustmentKind, AdjustmentState, Timing
from gf_registry.domain.errors import DomainError
from gf_registry.domain.listings import Listing, Publicity, Ready, publicity_of
from gf_registry.domain.lists import ListId

LIST = ListId.parse("provincial:gd:factory")


def removal(ground: str, timing: Timing, list_id: ListId | None) -> Adjustment:
    return Adjustment(
        uuid4(), uuid4(), list_id, AdjustmentKind.REMOVAL, ground, "GD 第二十一条", timing, "核实属实", "zhang"
    )


@pytest.mark.rule("GD-21-now")
def test_only_a_major_incident_removes_at_once_and_everywhere() -> None:
    removal("major_incident", Timing.AT_ONCE, None)
    removal("false_material", Timing.NEXT_EDITION, LIST)
    for ground, timing, list_id in [
        ("false_material", Timing.AT_ONCE, None),
        ("false_material", Timing.NEXT_EDITION, None),
        ("major_incident", Timing.NEXT_EDITION, LIST),
        ("major_incident", Timing.AT_ONCE, LIST),
    ]:
        with pytest.raises(DomainError) as refused:
            removal(ground, timing, list_id)
        assert refused.value.rule == "GD-21-now"


@pytest.mark.rule("GD-21")
def test_another_person_decides() -> None:
    adjustment = removal("false_material", Timing.NEXT_EDITION, LIST)
    with pytest.raises(DomainError) as refused:
        adjustment.decide("zhang")
    assert refused.value.code == "same_person"
    adjustment.decide("li")
    adjustment.take_effect()
    assert (adjustment.state, adjustment.version) == (AdjustmentState.EFFECTIVE, 3)


@pytest.mark.rule("GD-23")
def test_rename_needs_the_new_name_and_waits_for_the_edition() -> None:
    with pytest.raises(DomainError):
        Adjustment(uuid4(), uuid4(), LIST, AdjustmentKind.RENAME, "", "", Timing.NEXT_EDITION, "", "zhang", " ")
    with pytest.raises(DomainError):
        Adjustment(uuid4(), uuid4(), LIST, AdjustmentKind.RENAME, "", "", Timing.AT_ONCE, "", "zhang", "新名")


PUB = UUID(int=7)


@pytest.mark.rule("GD-13-publicity")
@pytest.mark.parametrize(
    ("state", "entry", "unit_known", "ready"),
    [
        (None, None, True, Ready.NO),
        ("open", "clear", True, Ready.NO),
        ("closed", "clear", True, Ready.YES),
        ("closed", "clear", False, Ready.NO),
        ("closed", "objected", True, Ready.NO),
        ("closed", "dismissed", True, Ready.YES),
        ("open", "upheld", True, Ready.NEVER),
        ("closed", "upheld", False, Ready.NEVER),
    ],
)
def test_objection_holds_back_until_settled(
    state: str | None, entry: str | None, unit_known: bool, ready: Ready
) -> None:
    listing = Listing(uuid4(), 1, LIST, uuid4(), True, PUB, 2025)
    assert listing.ready(publicity_of(PUB, state, entry), unit_known) is ready


def test_without_publicity_only_the_unit_is_awaited() -> None:
    listing = Listing(uuid4(), 1, LIST, uuid4(), True, None, 2025)
    assert listing.ready(Publicity.NONE_NEEDED, False) is Ready.NO
    assert listing.ready(Publicity.NONE_NEEDED, True) is Ready.YES


def test_a_decision_not_to_list_never_lists() -> None:
    listing = Listing(uuid4(), 1, LIST, uuid4(), False, None, 2025)
    assert listing.ready(Publicity.NONE_NEEDED, True) is Ready.NEVER
