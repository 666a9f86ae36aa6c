"""Races of the whole house: both calls released together, both orders forced, and events that come late.

The orders are forced by gates (`tests.support.gates`): an event is kept back where a group would read it. Each round
has a submission of its own; what was decided is read back from every service that has to know of it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from gf_standalone.compose import Workers
from gf_standalone.demo import data
from gf_standalone.demo.acts import Desk, Registrar, Steward, etag
from gf_standalone.demo.client import Refused
from gf_standalone.demo.story import EXTENDED_UNTIL, EXTENSION, NAME, NATIONAL, POLICY, YEAR
from gf_standalone.people import Account
from tests.support.enterprises import Enterprise, enterprise
from tests.support.gates import ALL, Gates
from tests.support.house import House, open_house
from tests.support.postgres import DatabaseFactory

pytestmark = [pytest.mark.e2e, pytest.mark.db]
Json = dict[str, Any]
ROUNDS = 3

SUBMISSIONS, SHEETS, CASES = "intake.submissions", "scoring.sheets", "review.cases"
UNITS, STANDINGS, PUBLICITIES = "intake.units", "registry.standings", "review.publicities"
#: What the journey of these tests needs; the campaign is there before it begins.
TOPICS = (UNITS, SUBMISSIONS, SHEETS, CASES, PUBLICITIES, STANDINGS)


@dataclass
class Season:
    """A campaign under way, in a house with gates."""

    house: House
    gates: Gates
    campaign: str

    @property
    def office(self) -> Desk:
        return Desk(self.house.speak("sz-review"), self.house.speak("sz-approve"))

    @property
    def ministry(self) -> Desk:
        return Desk(self.house.speak("miit-review"), self.house.speak("miit-approve"))

    @property
    def registrar(self) -> Registrar:
        return Registrar(self.house.speak("miit-lists"))

    async def applied(self) -> tuple[Enterprise, str]:
        one = await enterprise(self.house, "shenzhen", "440306")
        return one, await one.applicant.apply(one.unit_id, self.campaign)

    async def sealed(self, submission: str) -> Json:
        """A batch with this one case, sealed: sending it passes the city's stage."""
        office = self.office
        await office.prepare(submission)
        batch = await office._batch(self.campaign, f"批次 {submission}")
        path = f"/review/v1/recommendations/{batch['recommendation_id']}"
        body = {"submission_id": submission}
        batch = await office.reviewer.post(f"{path}/cases", body, match=etag(batch["etag"]))
        batch = await office._attach(path, batch)
        return dict(await office.approver.post(f"{path}/seal", match=etag(batch["etag"])))

    async def send(self, batch: Json) -> Json:
        path = f"/review/v1/recommendations/{batch['recommendation_id']}/send"
        return dict(await self.office.approver.post(path, {"reason": "同意推荐"}, match=etag(batch["etag"])))

    async def withdraw(self, one: Enterprise, submission: str) -> Json:
        answer = await one.client.send("POST", f"/intake/v1/submissions/{submission}/withdraw", json={"reason": "撤回"})
        return dict(answer.json())

    async def decide(self, case: Json, act: str, **body: Any) -> Json:
        """On exactly what was seen, once."""
        path = f"/review/v1/cases/{case['submission_id']}/stages/{case['mine']['stage_no']}/{act}"
        return dict(await self.office.approver.post(path, body, match=etag(case["etag"])))

    async def refuse(self, case: Json) -> Json:
        return await self.decide(case, "refuse", reason="先进性不足", article="工信厅节函〔2025〕390号 三")

    async def return_(self, case: Json) -> Json:
        finding = {"pointer": "/values/0/value", "ok": False, "note": "产值有误"}
        return await self.decide(case, "return", reason="请更正", findings=[finding])

    async def case(self, submission: str) -> Json:
        return dict(await self.house.speak("sz-review").get(f"/review/v1/cases/{submission}"))

    async def scored(self, submission: str) -> Json:
        """The case on the desk with its first sheet: nothing more is on its way."""
        return dict(
            await self.office.reviewer.until(
                f"/review/v1/cases/{submission}", lambda seen: seen["sheet_revision"] == 1, what="the first sheet"
            )
        )

    async def settled(self, one: Enterprise, submission: str, *states: str) -> Json:
        """The applicant's view, once it stands in one of the states."""
        return dict(
            await one.client.until(
                f"/intake/v1/submissions/{submission}", lambda seen: seen["state"] in states, what=f"{states}"
            )
        )

    async def proposed(self) -> tuple[Enterprise, str]:
        """Through the city and the ministry; a publicity waits to be opened."""
        one, submission = await self.applied()
        await self.send(await self.sealed(submission))
        await self.ministry.prepare(submission)
        await self.ministry.decide(submission, "pass", reason="审定通过")
        return one, submission

    async def bar(self, one: Enterprise) -> Json:
        body = {
            "unit_id": one.unit_id,
            "ground": "dishonest",
            "source": "信用中国",
            "source_date": self.house.clock.now().date().isoformat(),
            "reason": "被列为失信被执行人",
        }
        return dict(await self.house.speak("miit-lists").post("/registry/v1/bars", body))

    async def pending(self) -> list[str]:
        found = await self.registrar.client.get(f"/registry/v1/lists/{NATIONAL}/pending", limit=200)
        assert found["next"] is None
        return [item["name"] for item in found["items"]]

    async def standing(self, one: Enterprise) -> Json:
        return dict(await self.registrar.client.get(f"/registry/v1/units/{one.unit_id}/standing"))

    async def over(self, publicity: Json) -> None:
        self.house.clock.move_to(datetime.fromisoformat(publicity["until"]) + timedelta(minutes=1))

    async def rows(self, service: str, query: str, *values: Any) -> list[Any]:
        """What only the service itself knows: whether an event has arrived, how many were written."""
        connection = await asyncpg.connect(self.house.databases[service].owner_url)
        try:
            return [tuple(row) for row in await connection.fetch(query, *values)]
        finally:
            await connection.close()

    async def written(self, service: str, type: str, key: str) -> int:
        query = "select count(*) from journal where message_type like '%.' || $1 and key = $2"
        return int((await self.rows(service, query, type, key))[0][0])


@pytest.fixture(scope="module")
async def season(database_factory: DatabaseFactory, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Season]:
    gates = Gates()
    folder = tmp_path_factory.mktemp("races")
    async with open_house(database_factory, folder, workers=False, withdrawal_wait_seconds=0.3) as house:
        with gates.installed():
            workers = Workers(house.services)
            await asyncio.sleep(0)
            try:
                steward = Steward(house.speak("miit-lists"))
                campaign = await steward.open_campaign(NAME, YEAR, POLICY)
                await steward.publish_benchmarks(campaign, data.benchmarks())
                for act in ("submit", "decide:city"):
                    await steward.extend(campaign, act, EXTENDED_UNTIL, EXTENSION)
                yield Season(house, gates, campaign)
                assert not workers.failed()
            finally:
                await workers.stop()


async def together(*calls: Awaitable[Any]) -> list[Any]:
    """Released at one instant; a refusal is a result."""
    barrier = asyncio.Event()

    async def run(call: Awaitable[Any]) -> Any:
        await barrier.wait()
        return await call

    tasks = [asyncio.create_task(run(call)) for call in calls]
    await asyncio.sleep(0)
    barrier.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException) and not isinstance(one, Refused):
            raise one
    return found


# --- withdraw against approve -----------------------------------------------------------------------------------------


async def one_of_the_two(season: Season, one: Enterprise, submission: str, sent: Any) -> str:
    """Either withdrawn or passed, seen alike by applicant and reviewers, with one answer and one effect."""
    seen = await season.settled(one, submission, "draft", "submitted")
    case = await season.case(submission)
    city = next(stage for stage in case["stages"] if stage["authority"] == "shenzhen")
    if seen["state"] == "draft":
        assert isinstance(sent, Refused), "withdrawn and passed"
        assert sent.status in (404, 409, 412, 422)
        assert seen["round"] == 2
        assert (case["state"], city["state"]) == ("withdrawn", "not_started")
        outcome, decisions = "withdrawn", 0
    else:
        assert not isinstance(sent, Refused), sent
        assert seen["round"] == case["round"] == 1
        assert (case["state"], city["state"]) == ("open", "passed")
        outcome, decisions = "passed", 1
    assert await season.written("review", "WithdrawalAnswered", submission) == 1
    found = await season.rows("review", "select count(*) from decision where submission_id = $1", submission)
    assert found == [(decisions,)]
    return outcome


@pytest.mark.rule("DM-withdraw")
async def test_withdrawn_or_passed_never_both(season: Season) -> None:
    for _ in range(ROUNDS):
        one, submission = await season.applied()
        batch = await season.sealed(submission)
        withdrawn, sent = await together(season.withdraw(one, submission), season.send(batch))
        assert not isinstance(withdrawn, Refused), withdrawn
        await one_of_the_two(season, one, submission, sent)


@pytest.mark.rule("DM-withdraw")
async def test_a_decision_stands_against_a_withdrawal_that_comes_later(season: Season) -> None:
    """The applicant asked first, but review decides: the request reaches it after the decision."""
    one, submission = await season.applied()
    batch = await season.sealed(submission)
    async with season.gates.closed(("review.cases", SUBMISSIONS)):
        asked = await season.withdraw(one, submission)
        assert asked["state"] == "withdrawing"
        await season.gates.waiting("review.cases", SUBMISSIONS, submission, "WithdrawalRequested")
        sent = await season.send(batch)
    assert await one_of_the_two(season, one, submission, sent) == "passed"


@pytest.mark.rule("DM-withdraw")
async def test_a_withdrawal_stands_against_a_decision_that_comes_later(season: Season) -> None:
    """Review has granted it; intake does not know yet and stays frozen."""
    one, submission = await season.applied()
    batch = await season.sealed(submission)
    async with season.gates.closed(("intake", CASES)):
        asked = await season.withdraw(one, submission)
        assert asked["state"] == "withdrawing"
        await season.gates.waiting("intake", CASES, submission, "WithdrawalAnswered")
        (sent,) = await together(season.send(batch))
        now = await one.applicant.see(submission)
        assert now["state"] == "withdrawing"
        with pytest.raises(Refused) as refused:
            await one.client.post(f"/intake/v1/submissions/{submission}/submit", match=etag(now["version"]))
        assert refused.value.status == 409
    assert await one_of_the_two(season, one, submission, sent) == "withdrawn"


@pytest.mark.rule("DM-withdraw")
async def test_asked_twice_at_once_withdrawn_once(season: Season) -> None:
    one, submission = await season.applied()
    await season.office.case(submission)
    answers = await together(*(season.withdraw(one, submission) for _ in range(5)))
    assert any(not isinstance(answer, Refused) for answer in answers)
    assert {answer.status for answer in answers if isinstance(answer, Refused)} <= {409}
    assert (await season.settled(one, submission, "draft"))["round"] == 2
    assert await season.written("intake", "WithdrawalRequested", submission) == 1
    assert await season.written("review", "WithdrawalAnswered", submission) == 1


# --- two decisions, a newer sheet ---------------------------------------------------------------------------------


def winner(first: Any, second: Any) -> str:
    """One of two decisions took effect, the other was told that the case has changed."""
    lost = [one for one in (first, second) if isinstance(one, Refused)]
    assert len(lost) == 1, (first, second)
    assert lost[0].status == 412
    assert "刷新" in str(lost[0].problem["detail"])
    return "second" if lost[0] is first else "first"


async def test_of_two_decisions_on_a_stage_one_wins(season: Season) -> None:
    for _ in range(ROUNDS):
        one, submission = await season.applied()
        case = await season.scored(submission)
        won = winner(*await together(season.refuse(case), season.return_(case)))
        wanted, state = ("refused", "closed") if won == "first" else ("returned", "draft")
        await season.settled(one, submission, state)
        now = await season.case(submission)
        assert [stage["state"] for stage in now["stages"] if stage["authority"] == "shenzhen"] == [wanted]
        found = await season.rows("review", "select decision from decision where submission_id = $1", submission)
        assert found == [("refuse" if won == "first" else "return",)]


@pytest.mark.parametrize("first", ["refuse", "return_"])
async def test_the_later_of_two_decisions_is_told(season: Season, first: str) -> None:
    _, submission = await season.applied()
    case = await season.scored(submission)
    order = [season.refuse, season.return_] if first == "refuse" else [season.return_, season.refuse]
    await order[0](case)
    (late,) = await together(order[1](case))
    assert isinstance(late, Refused)
    assert late.status == 412


async def test_a_batch_and_a_refusal_of_its_case(season: Season) -> None:
    """Passing in a batch and refusing on its own: the case is locked by whoever comes first."""
    for _ in range(ROUNDS):
        _, submission = await season.applied()
        batch = await season.sealed(submission)
        case = await season.case(submission)
        sent, refused = await together(season.send(batch), season.refuse(case))
        lost = [one for one in (sent, refused) if isinstance(one, Refused)]
        assert len(lost) == 1, (sent, refused)
        assert lost[0].status in (409, 412, 422)
        found = await season.rows("review", "select decision from decision where submission_id = $1", submission)
        assert found == [("refuse" if isinstance(sent, Refused) else "pass",)]


async def marked(season: Season) -> tuple[Enterprise, str, Json]:
    """Marks were put down; the sheet that follows from them is kept from review."""
    one, submission = await season.applied()
    office = season.office
    case = await season.scored(submission)
    line = next(line for line in case["sheet"]["lines"] if line["state"] == "awaits_mark")
    marks = [{"indicator": line["indicator"], "points": "1", "reason": "材料齐全"}]
    season.gates.close("review.cases", SHEETS)
    await office._record(case, "marks", {"marks": marks, "reason": "评定"})
    await season.gates.waiting("review.cases", SHEETS, submission, "SubmissionScored")
    return one, submission, await season.case(submission)


async def test_a_decision_names_the_sheet_it_saw(season: Season) -> None:
    """The newer sheet is written but has not arrived: what was seen is decided on, and stays on record."""
    one, submission, case = await marked(season)
    try:
        assert case["sheet_revision"] == 1
        await season.refuse(case)
    finally:
        season.gates.open("review.cases", SHEETS)
    await season.settled(one, submission, "closed")
    query = "select sheet_revision from decision where submission_id = $1"
    assert await season.rows("review", query, submission) == [(1,)]


async def test_a_decision_on_an_older_sheet_is_told(season: Season) -> None:
    _, submission, case = await marked(season)
    season.gates.open("review.cases", SHEETS)
    await season.office.reviewer.until(
        f"/review/v1/cases/{submission}", lambda seen: seen["sheet_revision"] == 2, what="the second sheet"
    )
    (late,) = await together(season.refuse(case))
    assert isinstance(late, Refused)
    assert late.status == 412
    assert "/sheet_revision" in [one["pointer"] for one in late.problem["errors"]]
    await season.refuse(await season.case(submission))


async def test_a_decision_and_a_newer_sheet_together(season: Season) -> None:
    for _ in range(ROUNDS):
        one, submission, case = await marked(season)
        decision = asyncio.create_task(season.refuse(case))
        season.gates.open("review.cases", SHEETS)
        (done,) = await together(decision)
        if isinstance(done, Refused):
            assert done.status == 412
            await season.refuse(await season.case(submission))
        await season.settled(one, submission, "closed")
        query = "select sheet_revision from decision where submission_id = $1"
        assert await season.rows("review", query, submission) == [(2 if isinstance(done, Refused) else 1,)]


# --- bar against listing ------------------------------------------------------------------------------------------


async def never_listed(season: Season, one: Enterprise) -> None:
    """Barred, so neither on the list nor waiting for its next edition."""
    assert one.name not in await season.pending()
    assert one.name not in await season.registrar.listed(NATIONAL)
    standing = await season.standing(one)
    assert [bar["state"] for bar in standing["bars"]] == ["in_force"]
    assert "listed" not in [member["state"] for member in standing["memberships"] if member["list_id"] == NATIONAL]


async def listing_settled(season: Season, submission: str) -> str:
    """The state in which the registry left the listing."""
    query = "select state from listing where submission_id = $1 and list_id = $2"
    for _ in range(600):
        found = await season.rows("registry", query, uuid.UUID(submission), NATIONAL)
        if found and found[0][0] != "waiting":
            return str(found[0][0])
        await asyncio.sleep(0.05)
    raise TimeoutError(f"listing of {submission}: {found}")


@pytest.mark.rule("GD-17-gates")
async def test_review_and_intake_do_not_know_of_the_bar_yet(season: Season) -> None:
    """BarChanged lags at both; the registry decides at listing."""
    one, submission = await season.proposed()
    publicity = await season.ministry.publish(submission)
    async with season.gates.closed(("review.cases", STANDINGS), ("intake-standings", STANDINGS)):
        await season.bar(one)
        await season.over(publicity)
        assert await listing_settled(season, submission) == "refused"
        await never_listed(season, one)
        assert (await season.case(submission))["outcome"] == "approved"
    await season.ministry.reviewer.until(
        f"/review/v1/cases/{submission}", lambda seen: bool(seen["bars"]), what="review hears of the bar"
    )
    await never_listed(season, one)


@pytest.mark.rule("GD-17-gates")
@pytest.mark.parametrize("first", ["bar", "listing", "together"])
async def test_never_listed_while_barred(season: Season, first: str) -> None:
    """The decision to list is on its way to the registry when the bar comes."""
    one, submission = await season.proposed()
    publicity = await season.ministry.publish(submission)
    late = (("registry.lists", CASES), ("review.cases", STANDINGS))
    for gate in late:
        season.gates.close(*gate)
    try:
        await season.over(publicity)
        await season.gates.waiting("registry.lists", CASES, submission, "ListingDecided")
        if first == "bar":
            await season.bar(one)
        season.gates.open("registry.lists", CASES)
        if first == "listing":
            assert await listing_settled(season, submission) == "listed"
            assert one.name in await season.pending()
        if first != "bar":
            await season.bar(one)
        await listing_settled(season, submission)
    finally:
        for gate in late:
            season.gates.open(*gate)
    await never_listed(season, one)


# --- one key, many calls ------------------------------------------------------------------------------------------


@pytest.mark.rule("used-by")
async def test_fifty_equal_calls_with_one_key(season: Season) -> None:
    partner = season.house.invite(Account("sz-portal", "深圳平台", ("partner",), "深圳市平台", authority="shenzhen"))
    one = await enterprise(season.house, "shenzhen", "440306")
    evidence = []
    for slot in data.EVIDENCE:
        stored = await partner.send(
            "PUT", f"/intake/v1/evidence/units/{one.unit_id}", content=data.pdf(slot), params={"name": f"{slot}.pdf"}
        )
        evidence.append({"slot": slot, "evidence_id": stored.json()["id"]})
    body = {
        "campaign_id": season.campaign,
        "kind": "application",
        "unit_id": one.unit_id,
        "evidence": evidence,
        **data.content(one.applicant.unit),
    }
    path = "/intake/v1/partner/submissions"
    answers = await together(*(partner.send("POST", path, json=body, key="fifty-at-once") for _ in range(50)))
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert not refused, refused[:3]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len({answer.headers["event-position"] for answer in answers}) == 1
    submission = answers[0].json()["id"]
    found = await partner.get("/intake/v1/submissions", unit_id=one.unit_id)
    assert [item["id"] for item in found["items"]] == [submission]
    assert await season.written("intake", "SubmissionAdmitted", submission) == 1
    await season.office.case(submission)
    (other,) = await together(partner.post(path, {**body, "note": "另一份"}, key="fifty-at-once"))
    assert isinstance(other, Refused)
    assert other.status == 422


# --- either event may come first ----------------------------------------------------------------------------------


async def test_a_sheet_that_comes_before_its_case(season: Season) -> None:
    async with season.gates.closed(("review.cases", SUBMISSIONS)):
        _, submission = await season.applied()
        for _ in range(600):
            if await season.rows("review", "select 1 from sheet where submission_id = $1", submission):
                break
            await asyncio.sleep(0.05)
        with pytest.raises(Refused) as refused:
            await season.case(submission)
        assert refused.value.status == 404
    case = await season.office.case(submission)
    assert (case["round"], case["sheet_revision"]) == (1, 1)
    assert len(case["sheet"]["lines"]) == 14


async def test_a_case_that_opens_before_its_sheet(season: Season) -> None:
    async with season.gates.closed(("review.cases", SHEETS)):
        _, submission = await season.applied()
        await season.gates.waiting("review.cases", SHEETS, submission, "SubmissionScored")
        case = await season.office.case(submission)
        assert (case["sheet_revision"], case["sheet"]) == (0, None)
    case = await season.office.reviewer.until(
        f"/review/v1/cases/{submission}", lambda seen: seen["sheet_revision"] == 1, what="the sheet"
    )
    assert len(case["sheet"]["lines"]) == 14


@pytest.mark.rule("reg-lists")
@pytest.mark.parametrize("late", [(UNITS,), (SUBMISSIONS,), (UNITS, SUBMISSIONS), (PUBLICITIES,)], ids=" ".join)
async def test_a_listing_that_comes_before_its_other_halves(season: Season, late: tuple[str, ...]) -> None:
    """ListingDecided is at the registry; the unit, its submission or the publicity are not."""
    gates = [("registry.lists", topic) for topic in late]
    async with season.gates.closed(*gates):
        one, submission = await season.proposed()
        await season.over(await season.ministry.publish(submission))
        for _ in range(600):
            if await season.rows("registry", "select 1 from listing where submission_id = $1", uuid.UUID(submission)):
                break
            await asyncio.sleep(0.05)
        if SUBMISSIONS in late:
            assert one.name not in await season.pending()
    assert await listing_settled(season, submission) == "listed"
    assert (await season.pending()).count(one.name) == 1
    members = [one["list_id"] for one in (await season.standing(one))["memberships"] if one["state"] == "listed"]
    assert members.count(NATIONAL) == 1


# --- every topic late, everywhere ---------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", TOPICS)
async def test_the_journey_ends_alike_when_a_topic_is_late(season: Season, topic: str) -> None:
    with season.gates.slow(topic, 0.4):
        one, submission = await season.proposed()
        await season.over(await season.ministry.publish(submission))
        assert await listing_settled(season, submission) == "listed"
        closed = await season.settled(one, submission, "closed")
    assert closed["outcome"] == "approved"
    assert (await season.pending()).count(one.name) == 1
    for service in season.house.services:
        assert await season.rows(service, "select * from held_event limit 3") == []


async def test_nothing_was_left_at_a_gate(season: Season) -> None:
    assert not any(
        season.gates.is_closed(group, topic) for group in (ALL, "intake", "review.cases") for topic in TOPICS
    )
    for service in season.house.services:
        assert await season.rows(service, "select * from held_event limit 3") == []
