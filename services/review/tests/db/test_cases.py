"""Cases on the database: opening, rounds, sheets and bars in either order, withdrawal, what is published."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date

import pytest
from sqlalchemy.exc import DBAPIError

from gf_chassis.errors import Poison
from gf_review.domain.decisions import Seen
from gf_review.domain.errors import GuardNotMet, OutsideCompetence, StaleCase
from gf_review.entrypoints.common import parse_seen
from gf_review.usecases.decide_stage import Pass, Return
from gf_review.usecases.record_findings import FindingDraft
from gf_review.usecases.record_marks import MarkDraft
from greenladder.registry.v1 import standings_pb2
from greenladder.review.v1 import cases_pb2
from services.review.tests.builders import CITY, COUNTY, MINISTRY, PROVINCE, Department, guard, route
from services.review.tests.world import FakePolicies, World, principal

pytestmark = pytest.mark.db
MakeWorld = Callable[..., Awaitable[World]]


async def passes(world: World, submission_id: str, no: int, authority: str) -> None:
    seen = await world.seen(submission_id)
    await world.review.decide_stage(principal(authority), submission_id, no, seen, Pass())


async def returns(world: World, submission_id: str, no: int, authority: str) -> None:
    decision = Return("请更正", [FindingDraft("", "/values/energy_total", False, "与台账不符")])
    seen = await world.seen(submission_id)
    await world.review.decide_stage(principal(authority), submission_id, no, seen, decision)


@pytest.mark.rule("DM-route", "DM-state")
async def test_an_admission_opens_a_case_and_tells_everyone(world: World) -> None:
    one = await world.admit()
    assert await world.published(one) == [(1, "CaseProgressed")]
    event = await world.last(one, cases_pb2.CaseProgressed)
    assert [stage.authority for stage in event.stages] == [COUNTY, CITY, PROVINCE, MINISTRY]
    assert event.stages[0].state == cases_pb2.STAGE_STATE_IN_REVIEW
    assert event.case_version == 1


async def test_the_same_round_again_changes_nothing(world: World) -> None:
    one = await world.admit()
    await world.admit(one)
    assert await world.published(one) == [(1, "CaseProgressed")]


async def test_numbers_of_a_key_have_no_gap_up_to_the_end(world: World) -> None:
    one = await world.admit()
    for no, authority in enumerate((COUNTY, CITY, PROVINCE, MINISTRY), 1):
        await passes(world, one, no, authority)
    events = await world.published(one)
    assert [number for number, _ in events] == list(range(1, 7))
    assert [kind for _, kind in events][-2:] == ["CaseClosed", "CaseProgressed"]
    closed = await world.last(one, cases_pb2.CaseClosed)
    assert closed.outcome == cases_pb2.CASE_OUTCOME_APPROVED
    assert await world.one("select count(*) from decision where submission_id = :id", id=one) == 4


@pytest.mark.parametrize("sheet_first", [True, False])
async def test_sheet_and_case_come_in_either_order(world: World, sheet_first: bool) -> None:
    one = "0198f000-0000-7000-8000-000000000001"
    if sheet_first:
        await world.score(one)
        await world.admit(one)
    else:
        await world.admit(one)
        await world.score(one)
    assert await world.seen(one) == Seen(1, 1)
    found = await world.review.queries.case(COUNTY, one)
    assert found["sheet"]["total"] == "80"
    assert [line["state"] for line in found["sheet"]["lines"]] == ["scored", "awaits_mark"]


async def test_a_sheet_of_an_older_round_is_kept_without_effect(world: World) -> None:
    one = await world.admit()
    await world.withdraw(one)
    await world.admit(one, round=2)
    await world.score(one, 1, round=1)
    assert (await world.seen(one)).revision == 0
    assert await world.one("select count(*) from sheet where submission_id = :id", id=one) == 1


async def test_a_decision_on_an_older_sheet_is_told(world: World) -> None:
    one = await world.admit()
    await world.score(one)
    await world.score(one, 2, total="81")
    with pytest.raises(StaleCase):
        await world.review.decide_stage(principal(COUNTY), one, 1, Seen(1, 1), Pass())
    await world.review.decide_stage(principal(COUNTY), one, 1, Seen(1, 2), Pass())


async def test_a_sheet_that_comes_meanwhile_stops_no_record_that_is_not_about_points(make_world: MakeWorld) -> None:
    """After marks the next sheet follows in a moment; the reviewer goes on with departments, findings, experts."""
    plan = route(guard("list_reason", list_level="provincial"), consults=(Department("ecology", "生态环境部门"),))
    world = await make_world(FakePolicies({COUNTY: plan}))
    one = await world.admit()
    await world.score(one)
    await world.score(one, 2, total="70")
    review, who, day = world.review, principal(COUNTY), date(2025, 10, 16)
    at = (who, one, 1)
    done = await review.ask_consultation(*at, Seen(1, 1), "ecology", day)
    done = await review.answer_consultation(
        *at, parse_seen(done.result["etag"]), "ecology", answered_on=day, agrees=True
    )
    done = await review.record_findings(*at, parse_seen(done.result["etag"]), [FindingDraft("", "/values/x", True, "")])
    done = await review.record_expert_review(*at, parse_seen(done.result["etag"]), state="done", grade="A")
    done = await review.give_reason(*at, parse_seen(done.result["etag"]), kind="list_missing", text="产能全省第一")
    # What was seen of the sheet is still the first revision: nothing that rests on points gets by.
    seen = parse_seen(done.result["etag"])
    assert (seen.revision, done.result["sheet_revision"]) == (1, 2)
    for refused in (
        review.give_reason(*at, seen, kind="below_average", text="重点培育"),
        review.record_marks(*at, seen, [MarkDraft("green_design", "6", "有报告")]),
        review.decide_stage(*at, seen, Pass()),
    ):
        with pytest.raises(StaleCase):
            await refused
    assert (await world.seen(one)).version == seen.version


@pytest.mark.rule("DM-withdraw")
class TestWithdrawal:
    async def test_granted_and_reviewed_again_by_every_level(self, world: World) -> None:
        one = await world.admit()
        await world.withdraw(one)
        answer = await world.last(one, cases_pb2.WithdrawalAnswered)
        assert (answer.round, answer.granted) == (1, True)
        await world.admit(one, round=2, energy="900")
        states = await world.sql(
            "select state from stage where submission_id = :id and round = 2 order by stage_no", id=one
        )
        assert [row[0] for row in states] == ["in_review", "not_started", "not_started", "not_started"]
        assert await world.one("select count(*) from case_round where submission_id = :id", id=one) == 2

    async def test_refused_after_a_decision(self, world: World) -> None:
        one = await world.admit()
        await passes(world, one, 1, COUNTY)
        await world.withdraw(one)
        answer = await world.last(one, cases_pb2.WithdrawalAnswered)
        assert not answer.granted
        assert answer.reason
        assert await world.one("select state from review_case where submission_id = :id", id=one) == "open"

    async def test_of_a_case_that_never_was_is_held(self, world: World) -> None:
        with pytest.raises(Poison):
            await world.withdraw("0198f000-0000-7000-8000-00000000dead")


@pytest.mark.rule("return")
async def test_return_correction_and_what_changed_since(world: World) -> None:
    one = await world.admit()
    await passes(world, one, 1, COUNTY)
    await returns(world, one, 2, CITY)
    event = await world.last(one, cases_pb2.CaseReturned)
    assert [finding.pointer for finding in event.findings] == ["/values/energy_total"]
    await world.admit(one, round=2, energy="900")
    found = await world.review.queries.case(COUNTY, one)
    assert found["mine"]["active"]
    change = {"code": "energy_total", "product": "", "year": 2024, "before": "1200.5", "now": "900"}
    shown = {"label": "综合能源消费量", "before_shown": "1200.5", "now_shown": "900"}
    assert found["changes"] == [change | shown]
    assert len(found["rounds"]) == 2


async def test_the_end_of_a_returned_case(world: World) -> None:
    one = await world.admit()
    await returns(world, one, 1, COUNTY)
    await world.drop(one, 2)
    closed = await world.last(one, cases_pb2.CaseClosed)
    assert (closed.outcome, closed.ground) == (cases_pb2.CASE_OUTCOME_DROPPED, "term_over")


@pytest.mark.rule("DM-superior")
async def test_another_superior_another_route_and_the_old_authority_sees_nothing(world: World) -> None:
    one = await world.admit()
    seen = await world.seen(one)
    drafts = [FindingDraft("", "/values/energy_total", False, "核对")]
    await world.review.record_findings(principal(COUNTY, "reviewer"), one, 1, seen, drafts)
    assert await world.review.queries.case(COUNTY, one)
    await world.withdraw(one)
    await world.admit(one, round=2, superior="group.cnbm")
    for authority in (COUNTY, CITY, PROVINCE):
        with pytest.raises(OutsideCompetence):
            await world.review.queries.case(authority, one)
    assert (await world.review.queries.case("group.cnbm", one))["mine"]["active"]


@pytest.mark.rule("return")
async def test_who_acted_in_an_earlier_round_of_the_same_route_still_sees_it(world: World) -> None:
    one = await world.admit()
    await returns(world, one, 1, COUNTY)
    assert (await world.review.queries.case(COUNTY, one))["state"] == "returned"


@pytest.mark.rule("GD-17-gates")
class TestBar:
    @pytest.fixture
    async def barred(self, make_world: MakeWorld) -> World:
        return await make_world(FakePolicies({COUNTY: route(guard("exclusions"))}))

    @pytest.mark.parametrize("bar_first", [True, False])
    async def test_stops_the_case_and_is_named(self, barred: World, bar_first: bool) -> None:
        if bar_first:
            await barred.bar("unit-x")
        one = await barred.admit(unit_id="unit-x")
        if not bar_first:
            await barred.bar("unit-x")
        event = await barred.last(one, cases_pb2.CaseProgressed)
        assert "barred" in event.stages[0].substates
        with pytest.raises(GuardNotMet) as refusal:
            await passes(barred, one, 1, COUNTY)
        assert "弄虚作假（GD 22）" in refusal.value.detail

    async def test_lifted_it_goes_on(self, barred: World) -> None:
        one = await barred.admit(unit_id="unit-x")
        await barred.bar("unit-x")
        await barred.bar("unit-x", standings_pb2.BAR_STATE_LIFTED)
        await passes(barred, one, 1, COUNTY)

    async def test_a_decision_that_saw_no_bar_is_told(self, barred: World) -> None:
        one = await barred.admit(unit_id="unit-x")
        seen = await barred.seen(one)
        await barred.bar("unit-x")
        with pytest.raises(StaleCase):
            await barred.review.decide_stage(principal(COUNTY), one, 1, seen, Pass())


async def test_history_cannot_be_changed(world: World) -> None:
    await world.admit()
    for statement in ("update journal set reason = 'x'", "delete from journal"):
        async with world.review.runtime.database.unit_of_work() as uow:
            from sqlalchemy import text

            with pytest.raises(DBAPIError):
                await uow.session.execute(text(statement))


async def test_a_guard_that_nobody_knows_holds_the_event(make_world: MakeWorld) -> None:
    world = await make_world(FakePolicies({COUNTY: route(guard("moon_phase"))}))
    with pytest.raises(Poison):
        await world.admit()
    assert await world.one("select count(*) from review_case") == 0
