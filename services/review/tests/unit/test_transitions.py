"""The states of a case and its stages: every legal move, and every illegal one as a typed error."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from gf_review.domain import decisions, records
from gf_review.domain.case import Case, CaseState, Outcome, StageState
from gf_review.domain.errors import DomainError, IllegalTransition, OutsideCompetence, RoleRequired, SamePerson
from gf_review.domain.events import CaseClosed, CaseProgressed, CaseReturned, ListingDecided, WithdrawalAnswered
from services.review.tests.builders import (
    CITY,
    COUNTY,
    MINISTRY,
    NOW,
    PROVINCE,
    case,
    dossier,
    finding,
    group_route,
    official,
    reviewer,
    route,
)

TERM = NOW + timedelta(days=10)
Move = Callable[[Case], object]


def passing(no: int, authority: str) -> Move:
    return lambda one: decisions.pass_stage(one, no, official(authority), dossier(), at=NOW, closes_at=None)


def returning(no: int, authority: str) -> Move:
    return lambda one: decisions.return_for_correction(
        one,
        no,
        official(authority),
        findings=[finding("", False, stage_no=no, pointer="/values/water_intake", note="与台账不符")],
        reason="请更正取水量",
        term_ends_at=TERM,
        at=NOW,
    )


def refusing(no: int, authority: str) -> Move:
    return lambda one: decisions.refuse(
        one, no, official(authority), ground="", article="GD 12", reason="不符合要求", revision=0, at=NOW
    )


def cancelling(no: int, authority: str) -> Move:
    return lambda one: decisions.cancel_for_fraud(
        one, no, official(authority), article="GD 22", reason="数据造假", revision=0, at=NOW
    )


def reopening(one: Case) -> object:
    return one.reopen(one.round + 1, route(), category="factory", unit_id="u-1", year=2025)


def withdraw(one: Case) -> object:
    return decisions.answer_withdrawal(one, one.round, "想修改")


def fresh() -> Case:
    return case()


def after(*moves: Move) -> Callable[[], Case]:
    def made() -> Case:
        one = case()
        for move in moves:
            move(one)
        one.events.clear()
        return one

    return made


STATES: dict[str, Callable[[], Case]] = {
    "open, county": fresh,
    "open, city": after(passing(1, COUNTY)),
    "withdrawn": after(withdraw),
    "returned": after(returning(1, COUNTY)),
    "closed, refused": after(refusing(1, COUNTY)),
    "closed, cancelled": after(cancelling(1, COUNTY)),
    "closed, dropped": after(withdraw, lambda one: decisions.drop(one, 2, "given_up")),
    "closed, approved": after(passing(1, COUNTY), passing(2, CITY), passing(3, PROVINCE), passing(4, MINISTRY)),
}
MOVES: dict[str, Move] = {
    "county passes": passing(1, COUNTY),
    "county returns": returning(1, COUNTY),
    "county refuses": refusing(1, COUNTY),
    "county cancels": cancelling(1, COUNTY),
    "county records a finding": lambda one: records.add_findings(
        one, 1, reviewer(COUNTY), [finding("", pointer="/values/x")]
    ),
    "city passes": passing(2, CITY),
    "city returns": returning(2, CITY),
    "province passes": passing(3, PROVINCE),
    "ministry passes": passing(4, MINISTRY),
    "next round": reopening,
}
LEGAL = {
    ("open, county", "county passes"),
    ("open, county", "county returns"),
    ("open, county", "county refuses"),
    ("open, county", "county cancels"),
    ("open, county", "county records a finding"),
    ("open, city", "city passes"),
    ("open, city", "city returns"),
    ("withdrawn", "next round"),
    ("returned", "next round"),
}


@pytest.mark.rule("DM-state")
@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("state", STATES)
def test_every_move_in_every_state(state: str, move: str) -> None:
    one = STATES[state]()
    before = (one.state, [stage.state for stage in one.stages], one.version)
    if (state, move) in LEGAL:
        MOVES[move](one)
        assert one.version == before[2] + 1
        assert one.events
    else:
        with pytest.raises(IllegalTransition) as refusal:
            MOVES[move](one)
        assert refusal.value.status == 409
        assert before == (one.state, [stage.state for stage in one.stages], one.version)
        assert not one.events


@pytest.mark.rule("DM-state", "DM-route")
def test_levels_pass_in_order_until_approval() -> None:
    one = case()
    assert [str(stage.state) for stage in one.stages] == ["in_review", "not_started", "not_started", "not_started"]
    for no, authority in enumerate((COUNTY, CITY, PROVINCE, MINISTRY), 1):
        passing(no, authority)(one)
    assert one.state is CaseState.CLOSED
    assert one.outcome is Outcome.APPROVED
    assert all(stage.state is StageState.PASSED for stage in one.stages)
    assert [type(event) for event in one.events][-2:] == [CaseClosed, CaseProgressed]


@pytest.mark.rule("DM-route-group")
def test_levels_that_do_not_apply_are_skipped() -> None:
    one = case(group_route())
    assert [str(stage.state) for stage in one.stages] == [
        "not_applicable",
        "not_applicable",
        "in_review",
        "not_started",
    ]
    passing(3, "group.cnbm")(one)
    current = one.current
    assert current is not None
    assert current.stage_no == 4
    with pytest.raises(OutsideCompetence):
        passing(1, COUNTY)(one)


@pytest.mark.rule("DM-state")
def test_each_move_is_published_with_all_stages() -> None:
    one = case()
    passing(1, COUNTY)(one)
    event = one.events[-1]
    assert isinstance(event, CaseProgressed)
    assert [stage.state for stage in event.stages] == ["passed", "in_review", "not_started", "not_started"]
    assert event.version == one.version == 2


def test_another_authority_does_not_find_the_stage() -> None:
    with pytest.raises(OutsideCompetence) as refusal:
        passing(1, "cq.yubei")(case())
    assert refusal.value.status == 404


def test_a_reviewer_cannot_decide() -> None:
    with pytest.raises(RoleRequired):
        decisions.pass_stage(case(), 1, reviewer(COUNTY), dossier(), at=NOW, closes_at=None)


def test_nobody_acts_at_two_levels() -> None:
    one = case()
    decisions.pass_stage(one, 1, official(COUNTY, "li"), dossier(), at=NOW, closes_at=None)
    with pytest.raises(SamePerson):
        decisions.pass_stage(one, 2, official(CITY, "li"), dossier(), at=NOW, closes_at=None)
    decisions.pass_stage(one, 2, official(CITY, "wang"), dossier(), at=NOW, closes_at=None)


def test_nobody_acts_at_two_levels_in_a_later_round() -> None:
    one = case()
    decisions.return_for_correction(
        one,
        1,
        official(COUNTY, "li"),
        findings=[finding("", False, pointer="/values/a", note="x")],
        reason="r",
        term_ends_at=TERM,
        at=NOW,
    )
    reopening(one)
    passing(1, COUNTY)(one)
    with pytest.raises(SamePerson):
        decisions.pass_stage(one, 2, official(CITY, "li"), dossier(), at=NOW, closes_at=None)


@pytest.mark.rule("DM-withdraw")
class TestWithdrawal:
    def test_granted_before_any_decision(self) -> None:
        one = case()
        assert withdraw(one) is True
        assert one.state is CaseState.WITHDRAWN
        assert one.current is None
        answers = [event for event in one.events if isinstance(event, WithdrawalAnswered)]
        assert [answer.granted for answer in answers] == [True]

    def test_refused_after_a_decision(self) -> None:
        one = after(passing(1, COUNTY))()
        version = one.version
        assert withdraw(one) is False
        assert one.state is CaseState.OPEN
        assert one.version == version
        answer = one.events[0]
        assert isinstance(answer, WithdrawalAnswered)
        assert not answer.granted
        assert "不能取消上报" in answer.reason

    def test_every_level_reviews_again(self) -> None:
        one = after(withdraw)()
        reopening(one)
        assert one.round == 2
        assert [str(stage.state) for stage in one.stages] == ["in_review", "not_started", "not_started", "not_started"]

    def test_an_older_round_is_history(self) -> None:
        one = after(withdraw, reopening)()
        assert decisions.answer_withdrawal(one, 1, "") is None
        assert not one.events

    def test_a_second_request_is_refused(self) -> None:
        assert withdraw(after(withdraw)()) is False


@pytest.mark.rule("DM-superior")
def test_the_next_round_tells_whether_the_route_changed() -> None:
    same = after(withdraw)()
    assert reopening(same) is False
    other = after(withdraw)()
    assert other.reopen(2, group_route(), category="factory", unit_id="u-1", year=2025) is True


@pytest.mark.rule("return")
class TestReturn:
    def test_names_fields_and_term(self) -> None:
        one = case()
        returning(1, COUNTY)(one)
        event = one.events[0]
        assert isinstance(event, CaseReturned)
        assert [one.pointer for one in event.findings] == ["/values/water_intake"]
        assert event.term_ends_at == TERM
        assert one.stages[0].state is StageState.RETURNED

    def test_needs_a_field(self) -> None:
        with pytest.raises(DomainError) as refusal:
            decisions.return_for_correction(
                case(), 1, official(COUNTY), findings=[], reason="r", term_ends_at=TERM, at=NOW
            )
        assert refusal.value.errors[0].pointer == "/findings"

    def test_needs_a_term_ahead(self) -> None:
        with pytest.raises(DomainError) as refusal:
            decisions.return_for_correction(
                case(),
                1,
                official(COUNTY),
                findings=[finding("", False, pointer="/values/a", note="x")],
                reason="r",
                term_ends_at=NOW,
                at=NOW,
            )
        assert refusal.value.errors[0].pointer == "/term_ends_at"

    def test_the_term_over_drops_the_case(self) -> None:
        one = after(returning(1, COUNTY))()
        assert decisions.drop(one, 2, "term_over")
        assert one.outcome is Outcome.DROPPED
        assert not decisions.drop(one, 2, "term_over")


@pytest.mark.rule("GD-22")
def test_fraud_cancels_the_case() -> None:
    one = case(route(city_list=True))
    passing(1, COUNTY)(one)
    one.events.clear()
    cancelling(2, CITY)(one)
    assert one.outcome is Outcome.CANCELLED
    closed = next(event for event in one.events if isinstance(event, CaseClosed))
    assert (closed.ground, closed.article) == ("fraud", "GD 22")
    listing = next(event for event in one.events if isinstance(event, ListingDecided))
    assert not listing.listed


def test_a_refusal_needs_reason_and_article() -> None:
    with pytest.raises(DomainError) as refusal:
        decisions.refuse(case(), 1, official(COUNTY), ground="", article=" ", reason="", revision=0, at=NOW)
    assert [problem.pointer for problem in refusal.value.errors] == ["/reason", "/article"]
