"""Races: exactly one wins, in both orders, with a barrier."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from gf_chassis.idempotency import Once
from gf_review.domain.decisions import Seen
from gf_review.domain.errors import DomainError, StaleCase
from gf_review.usecases.decide_stage import Pass, Refuse
from greenladder.review.v1 import cases_pb2
from services.review.tests.builders import COUNTY, guard, route
from services.review.tests.world import CAMPAIGN, PDF, FakePolicies, World, principal

pytestmark = pytest.mark.db
ROUNDS = 12
MakeWorld = Callable[..., Awaitable[World]]


async def together(*acts: Callable[[], Awaitable[Any]], first: int | None = None) -> list[Any]:
    """Start all at once; `first` gets a head start, so that both orders are seen."""
    barrier = asyncio.Barrier(len(acts))

    async def run(index: int, act: Callable[[], Awaitable[Any]]) -> Any:
        await barrier.wait()
        if first is not None and index != first:
            await asyncio.sleep(0.004)
        return await act()

    return await asyncio.gather(*(run(i, act) for i, act in enumerate(acts)), return_exceptions=True)


async def kinds(world: World, submission_id: str) -> list[str]:
    return [kind for _, kind in await world.published(submission_id)]


@pytest.mark.rule("DM-withdraw")
async def test_withdraw_against_approve_never_both(world: World) -> None:
    seen_both = set()
    for turn in range(ROUNDS):
        one = await world.admit()
        outcome = await together(
            lambda one=one: world.withdraw(one),
            lambda one=one: world.review.decide_stage(principal(COUNTY), one, 1, Seen(1, 0), Pass()),
            first=turn % 2,
        )
        answer = await world.last(one, cases_pb2.WithdrawalAnswered)
        decided = await world.one("select count(*) from decision where submission_id = :id", id=one)
        assert decided == (0 if answer.granted else 1), outcome
        assert isinstance(outcome[1], DomainError) == answer.granted, outcome
        assert outcome[0] is None
        numbers = [number for number, _ in await world.published(one)]
        assert numbers == list(range(1, len(numbers) + 1))
        seen_both.add(answer.granted)
    assert seen_both == {True, False}


async def test_two_decisions_exactly_one_wins(world: World) -> None:
    for _ in range(ROUNDS):
        one = await world.admit()
        outcome = await together(
            lambda one=one: world.review.decide_stage(principal(COUNTY, subject="li"), one, 1, Seen(1, 0), Pass()),
            lambda one=one: world.review.decide_stage(
                principal(COUNTY, subject="wang"), one, 1, Seen(1, 0), Refuse("不符合", "GD 12")
            ),
        )
        lost = [one for one in outcome if isinstance(one, Exception)]
        assert [type(one) for one in lost] == [StaleCase]
        assert await world.one("select count(*) from decision where submission_id = :id", id=one) == 1


async def test_decision_against_a_newer_sheet(world: World) -> None:
    told = set()
    for turn in range(ROUNDS):
        one = await world.admit()
        await world.score(one)
        outcome = await together(
            lambda one=one: world.score(one, 2, total="50"),
            lambda one=one: world.review.decide_stage(principal(COUNTY), one, 1, Seen(1, 1), Pass()),
            first=turn % 2,
        )
        stale = isinstance(outcome[1], StaleCase)
        rows = await world.sql("select sheet_revision from decision where submission_id = :id", id=one)
        assert [row[0] for row in rows] == ([] if stale else [1])
        told.add(stale)
        assert (await world.seen(one)).revision == 2
    assert told == {True, False}


@pytest.mark.rule("GD-17-gates")
async def test_bar_against_decision(make_world: MakeWorld) -> None:
    world = await make_world(FakePolicies({COUNTY: route(guard("exclusions"))}))
    told = set()
    for turn in range(ROUNDS):
        one = await world.admit()
        outcome = await together(
            lambda one=one, turn=turn: world.bar(f"unit-{one}", bar_id=f"bar-{turn}"),
            lambda one=one: world.review.decide_stage(principal(COUNTY), one, 1, Seen(1, 0), Pass()),
            first=turn % 2,
        )
        assert outcome[0] is None
        # Whoever came first, the case is stopped now and says why.
        assert await world.one("select barred from review_case where submission_id = :id", id=one)
        told.add(isinstance(outcome[1], DomainError))
    assert told == {True, False}


@pytest.mark.rule("GD-17-gates")
async def test_bar_against_the_opening_of_a_case(make_world: MakeWorld) -> None:
    world = await make_world(FakePolicies({COUNTY: route(guard("exclusions"))}))
    for turn in range(ROUNDS):
        unit = f"unit-{turn}"
        outcome = await together(
            lambda unit=unit, turn=turn: world.bar(unit, bar_id=f"bar-{turn}"),
            lambda unit=unit: world.admit(unit_id=unit),
            first=turn % 2,
        )
        assert not [one for one in outcome if isinstance(one, Exception)]
        assert await world.one("select barred from review_case where unit_id = :id", id=unit)


@pytest.mark.rule("N23-quota")
async def test_the_last_place_of_a_quota_is_taken_once(make_world: MakeWorld) -> None:
    world = await make_world(FakePolicies({COUNTY: route(guard("quota", max=2))}))
    ids = [await world.admit() for _ in range(6)]
    outcome = await together(
        *(
            lambda one=one: world.review.decide_stage(principal(COUNTY), one, 1, Seen(1, 0), Pass())  # type: ignore[misc]
            for one in ids
        )
    )
    assert len([one for one in outcome if not isinstance(one, Exception)]) == 2
    assert await world.one("select count(*) from decision") == 2


async def test_fifty_equal_requests_have_one_effect(world: World) -> None:
    one = await world.admit()

    async def once() -> Any:
        key = Once(scope="test|li", key="the-same-key", hash=b"h", service="review")
        return await world.review.decide_stage(principal(COUNTY), one, 1, Seen(1, 0), Pass(), key)

    outcome = await together(*[once] * 50)
    assert not [answer for answer in outcome if isinstance(answer, Exception)]
    assert len({str(answer.result) for answer in outcome}) == 1
    assert await kinds(world, one) == ["CaseProgressed", "CaseProgressed"]


async def chunks() -> Any:
    yield PDF


@pytest.mark.rule("CQ-doc", "DM-withdraw")
async def test_withdraw_against_sending_the_batch(make_world: MakeWorld) -> None:
    world = await make_world(FakePolicies({COUNTY: route(guard("batch"))}))
    by, review = principal(COUNTY), world.review
    seen_both = set()
    for turn in range(ROUNDS):
        ids = [await world.admit() for _ in range(3)]
        started = await review.start_recommendation(
            by, campaign_id=CAMPAIGN, category="factory", kind="application", title="批次"
        )
        batch, version = started.result["recommendation_id"], 1
        for one in ids:
            version = (await review.add_to_recommendation(by, batch, version, one)).result["version"]
        version = (await review.attach_recommendation_document(by, batch, version, "a.pdf", chunks())).result["version"]
        version = (await review.seal_recommendation(by, batch, version)).result["version"]
        outcome = await together(
            lambda one=ids[1]: world.withdraw(one),
            lambda batch=batch, version=version: review.send_recommendation(by, batch, version),
            first=turn % 2,
        )
        answer = await world.last(ids[1], cases_pb2.WithdrawalAnswered)
        sent = not isinstance(outcome[1], Exception)
        assert sent != answer.granted
        assert sent or isinstance(outcome[1], StaleCase), outcome[1]
        decided = await world.one("select count(*) from decision where recommendation_id = :id", id=batch)
        assert decided == (3 if sent else 0)
        seen_both.add(sent)
    assert seen_both == {True, False}
