"""Admission: every ground is looked at on its own and named (GD-17), and no ground hides another."""

from datetime import date

import pytest

from gf_intake.domain.admission import Bar, Eligibility, Exclusion, Ground, Law, Precondition, Standing, check
from gf_intake.domain.campaigns import Window
from gf_intake.domain.errors import AdmissionRefused
from gf_intake.domain.units import Profile
from services.intake.tests.samples import OPENING

FLAGS = (
    "excl_not_operating",
    "excl_accident",
    "excl_removed",
    "excl_inspection",
    "excl_energy_supervision",
    "excl_dishonest",
)
WINDOW = Window("submit", "miit", OPENING, OPENING)
PROFILE = Profile("厂", "x", ("3442",), None, "500112", "cq.yubei")
TODAY = date(2025, 10, 20)
CLEAR = Standing(frozenset({"provincial:cq:factory"}), ())


def law(**changes: object) -> Law:
    fields = {
        "window": WINDOW,
        "exclusions": tuple(Exclusion(flag, flag, flag, "GD-17", "GD 第十七条") for flag in FLAGS),
        "eligibility": Eligibility(True, frozenset({"34"}), "GD-8", "GD 第八条", "应为制造业独立法人"),
        "preconditions": (
            Precondition("municipal_listed", "provincial:cq:factory", True, "CQ-pre", "CQ 一", "先入市级"),
        ),
    }
    return Law(**(fields | changes))  # type: ignore[arg-type]


def refusal(declared: set[str], standing: Standing = CLEAR, profile: Profile = PROFILE) -> AdmissionRefused:
    with pytest.raises(AdmissionRefused) as refused:
        check(law(), profile, declared, standing, [], TODAY)
    return refused.value


@pytest.mark.rule("GD-17")
@pytest.mark.parametrize("flag", FLAGS)
def test_each_exclusion_is_checked_on_its_own_and_named(flag: str) -> None:
    refused = refusal({flag})
    assert [error.pointer for error in refused.errors] == [f"/facts/{flag}"]
    assert (refused.rule, refused.article) == ("GD-17", "GD 第十七条")


@pytest.mark.rule("GD-17")
def test_all_grounds_are_named_together() -> None:
    refused = refusal(set(FLAGS), Standing(frozenset(), ()))
    assert [error.pointer for error in refused.errors] == [*(f"/facts/{flag}" for flag in FLAGS), "/unit_id"]


@pytest.mark.rule("GD-17-gates")
@pytest.mark.parametrize(
    ("since", "until", "barred"),
    [
        (date(2025, 10, 20), None, True),
        (date(2025, 10, 21), None, False),
        (date(2022, 1, 1), date(2025, 10, 20), False),
        (date(2022, 1, 1), date(2025, 10, 21), True),
    ],
)
def test_a_bar_holds_from_its_first_day_to_the_day_before_its_end(
    since: date, until: date | None, barred: bool
) -> None:
    standing = Standing(CLEAR.lists, (Bar("fraud", "GD 第二十二条", since, until),))
    if barred:
        assert [error.code for error in refusal(set(), standing).errors] == ["barred"]
    else:
        assert check(law(), PROFILE, set(), standing, [], TODAY) == []


@pytest.mark.rule("GD-8")
def test_who_is_no_manufacturer_or_no_legal_person_is_not_admitted() -> None:
    trader = Profile("商", "x", ("5111",), None, "500112", "cq.yubei")
    nobody = Profile("厂", None, ("3442",), None, "500112", "cq.yubei")
    for profile in (trader, nobody):
        refused = refusal(set(), CLEAR, profile)
        assert (refused.rule, refused.errors[0].code) == ("GD-8", "not_eligible")
    assert check(law(eligibility=None), trader, set(), CLEAR, [], TODAY) == []


@pytest.mark.rule("CQ-pre")
@pytest.mark.rule("GD-12-pre")
def test_a_missing_list_refuses_or_warns_as_the_policy_says() -> None:
    nowhere = Standing(frozenset(), ())
    assert refusal(set(), nowhere).rule == "CQ-pre"
    soft = law(
        preconditions=(Precondition("city_listed", "city:x:factory", False, "GD-12-pre", "GD 第十二条", "先入市级"),)
    )
    (warning,) = check(soft, PROFILE, set(), nowhere, [], TODAY)
    assert (warning.code, warning.rule) == ("city_listed", "GD-12-pre")


@pytest.mark.rule("N25-evid")
def test_missing_evidence_is_a_ground_like_any_other() -> None:
    missing = Ground("evidence_missing", "/evidence/footprint_report", "请上传", "N25-evid")
    with pytest.raises(AdmissionRefused) as refused:
        check(law(), PROFILE, {"excl_accident"}, CLEAR, [missing], TODAY)
    assert [error.code for error in refused.value.errors] == ["excluded", "evidence_missing"]
