"""Units' profiles, dated names, human numbers, who sees which round."""

from datetime import date
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gf_intake.domain import numbers
from gf_intake.domain.content import note_at
from gf_intake.domain.errors import InvalidProfile, UnitInReview
from gf_intake.domain.units import Codes, DatedName, Profile, Unit
from gf_intake.domain.visibility import StageSeen, visible_rounds

CODES = Codes(
    industry_exists=lambda code: code in {"3442", "2720", "3841", "1411"},
    key_industry_exists=lambda code: code == "cement",
    authority_exists=lambda authority: authority in {"cq.yubei", "cq", "group.cnbm"},
)
DAY = date(2025, 10, 20)


def profile(**changes: object) -> Profile:
    fields = {
        "name": "甲厂",
        "uscc": None,
        "industries": ("3442",),
        "key_industry": None,
        "region": "500112",
        "superior": "cq.yubei",
    }
    return Profile(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.rule("DM-industry")
@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"industries": ()}, "/industries"),
        ({"industries": ("3442", "2720", "3841", "1411")}, "/industries"),
        ({"industries": ("3442", "3442")}, "/industries"),
        ({"industries": ("3442", "9999")}, "/industries/1"),
        ({"key_industry": "alchemy"}, "/key_industry"),
        ({"superior": "nowhere"}, "/superior"),
        ({"group": "group.cnbm"}, "/superior"),
    ],
)
def test_a_profile_is_checked_row_by_row(changes: dict[str, object], pointer: str) -> None:
    with pytest.raises(InvalidProfile) as refused:
        Unit.register(uuid4(), "factory", profile(**changes), CODES, DAY)
    assert pointer in [error.pointer for error in refused.value.errors]


@pytest.mark.rule("DM-superior")
def test_a_profile_is_frozen_while_something_is_under_review() -> None:
    unit = Unit.register(uuid4(), "factory", profile(), CODES, DAY)
    with pytest.raises(UnitInReview):
        unit.change_profile(profile(superior="cq"), CODES, in_review=True, today=DAY)
    unit.change_profile(profile(superior="cq"), CODES, in_review=False, today=DAY)
    assert (unit.version, unit.profile.superior) == (2, "cq")


@pytest.mark.rule("GD-23")
def test_names_are_dated_and_kept() -> None:
    unit = Unit.register(uuid4(), "factory", profile(), CODES, DAY)
    later = date(2026, 3, 1)
    unit.change_profile(profile(name="乙厂"), CODES, in_review=False, today=later)
    assert unit.names == (DatedName("甲厂", DAY, later), DatedName("乙厂", later))
    unit.change_profile(profile(name="丙厂"), CODES, in_review=False, today=later)  # a slip, put right the same day
    assert unit.names[-1] == DatedName("丙厂", later)


def test_a_number_carries_its_check_character() -> None:
    number = numbers.number_of(uuid4(), "application", 2025, "cq.yubei")
    assert number.startswith("application-2025-cq.yubei-")
    assert numbers.is_valid(number)
    tail = number[-8:]
    wrong = "0" if tail[3] not in "0Z" else "1"
    assert not numbers.is_valid(number[:-8] + tail[:3] + wrong + tail[4:])
    assert not numbers.is_valid("application-2025-cq-SHORT")


@given(st.uuids())
@settings(max_examples=30, deadline=None)
def test_every_number_is_valid_and_swapped_neighbours_are_not(id_: object) -> None:
    valid_and_not_when_swapped(id_)


@pytest.mark.long
@given(st.uuids())
@settings(max_examples=500, deadline=None)
def test_all_numbers_are_valid_and_swapped_neighbours_are_not(id_: object) -> None:
    valid_and_not_when_swapped(id_)


def valid_and_not_when_swapped(id_: object) -> None:
    number = numbers.number_of(id_, "k", 2025, "a")  # type: ignore[arg-type]
    assert numbers.is_valid(number)
    body = number[-8:]
    if {body[0], body[1]} != {"0", "Z"} and body[0] != body[1]:
        assert not numbers.is_valid(number[:-8] + body[1] + body[0] + body[2:])


@pytest.mark.rule("DM-superior")
def test_a_replaced_route_takes_the_case_out_of_sight() -> None:
    first = StageSeen(1, 1, "county", "cq.yubei", "in_review")
    acted = StageSeen(1, 1, "county", "cq.yubei", "returned")
    current = StageSeen(2, 1, "county", "cq.liangjiang", "in_review")
    province = [StageSeen(round_, 3, "province", "cq", "not_started") for round_ in (1, 2)]
    # Same route in round 2: who acted in round 1 still sees that round.
    assert visible_rounds("cq.yubei", [acted], current=2, route_since=1) == {1}
    # Not acted, or the route was replaced: no longer there.
    assert not visible_rounds("cq.yubei", [first, current], current=2, route_since=1)
    assert not visible_rounds("cq.yubei", [acted, current], current=2, route_since=2)
    assert visible_rounds("cq", province, current=2, route_since=2) == {2}
    absent = StageSeen(2, 2, "city", "gd.guangzhou", "not_applicable")
    assert not visible_rounds("gd.guangzhou", [absent], current=2, route_since=1)


@pytest.mark.rule("DM-warn")
def test_a_warning_takes_the_rows_note_or_the_forms() -> None:
    form = {"values": [{"code": "a", "note": "停产检修"}, {"code": "b"}], "note": "全年说明"}
    assert note_at(form, "/values/0/value") == "停产检修"
    assert note_at(form, "/values/1/value") == "全年说明"
    assert note_at({"values": []}, "/values/9") == ""
