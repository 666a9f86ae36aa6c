"""Recommendation batches and publicity on the database: atomic, guarded, held back by objections and bars."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from gf_review.domain.errors import GuardNotMet, IllegalTransition, Invalid, OutsideCompetence, StaleCase
from gf_review.usecases.decide_stage import Cancel, Pass
from gf_review.usecases.record_findings import FindingDraft
from greenladder.review.v1 import cases_pb2, publicities_pb2
from services.review.tests.builders import (
    CITY,
    COUNTY,
    MINISTRY,
    PROVINCE,
    ChecklistItem,
    guard,
    route,
)
from services.review.tests.world import CAMPAIGN, PDF, FakePolicies, World, principal

pytestmark = pytest.mark.db
MakeWorld = Callable[..., Awaitable[World]]
CHECKLIST = (ChecklistItem("authenticity", "真实性"),)


async def pdf() -> AsyncIterator[bytes]:
    yield PDF


async def decide(world: World, one: str, no: int, authority: str, decision: Any = None) -> Any:
    return await world.review.decide_stage(principal(authority), one, no, await world.seen(one), decision or Pass())


async def collected(world: World, ids: list[str]) -> tuple[str, int]:
    """A batch of the county with document, not sealed."""
    by, review = principal(COUNTY), world.review
    started = await review.start_recommendation(
        by, campaign_id=CAMPAIGN, category="factory", kind="application", title="第一批"
    )
    batch, version = started.result["recommendation_id"], 1
    for one in ids:
        version = (await review.add_to_recommendation(by, batch, version, one)).result["version"]
    done = await review.attach_recommendation_document(by, batch, version, "推荐函.pdf", pdf())
    return batch, done.result["version"]


@pytest.mark.rule("CQ-doc")
class TestRecommendation:
    @pytest.fixture
    async def county(self, make_world: MakeWorld) -> World:
        plan = route(guard("checklist"), guard("recommendation_document"), guard("batch"), checklist=CHECKLIST)
        return await make_world(FakePolicies({COUNTY: plan}))

    async def checked(self, world: World, one: str) -> None:
        drafts = [FindingDraft("authenticity", "", True, "")]
        await world.review.record_findings(principal(COUNTY, "reviewer"), one, 1, await world.seen(one), drafts)

    async def test_its_cases_pass_together(self, county: World) -> None:
        ids = [await county.admit(name=f"单位{n}", key_industry="cement" if n == 2 else "") for n in range(3)]
        for one, total in zip(ids, ("70", "90.5", "60"), strict=True):
            await county.score(one, total=total)
            await self.checked(county, one)
        with pytest.raises(GuardNotMet):
            await decide(county, ids[0], 1, COUNTY)
        batch, version = await collected(county, ids)
        sealed = await county.review.seal_recommendation(principal(COUNTY), batch, version)
        sent = await county.review.send_recommendation(principal(COUNTY), batch, sealed.result["version"])
        assert sent.result["state"] == "sent"
        for one in ids:
            event = await county.last(one, cases_pb2.CaseProgressed)
            assert event.stages[0].state == cases_pb2.STAGE_STATE_PASSED
            assert event.stages[1].state == cases_pb2.STAGE_STATE_IN_REVIEW
        table = (await county.review.batch_queries.recommendation(COUNTY, batch))["summary"]
        assert [(line["place"], line["name"], line["total"]) for line in table] == [
            ("1", "单位2", "60"),
            ("2", "单位1", "90.5"),
            ("3", "单位0", "70"),
        ]

    async def test_one_that_is_not_ready_is_named_before_sealing(self, county: World) -> None:
        ids = [await county.admit(), await county.admit(name="乙公司")]
        await self.checked(county, ids[0])
        batch, version = await collected(county, ids)
        with pytest.raises(GuardNotMet) as refusal:
            await county.review.seal_recommendation(principal(COUNTY), batch, version)
        assert [problem.pointer for problem in refusal.value.errors] == ["/cases/1/guards/checklist"]
        assert "乙公司：审核要点“真实性”尚无核查意见" in refusal.value.detail
        assert await county.one("select state from recommendation") == "collecting"

    @pytest.mark.rule("GD-15")
    async def test_one_that_is_no_longer_ready_holds_all_back(self, make_world: MakeWorld) -> None:
        plan = route(guard("list_required", list_level="provincial"), guard("batch"))
        world = await make_world(FakePolicies({COUNTY: plan}))
        ids = [await world.admit(), await world.admit()]
        for one in ids:
            await world.member(f"unit-{one}", "provincial:gd:factory")
        batch, version = await collected(world, ids)
        version = (await world.review.seal_recommendation(principal(COUNTY), batch, version)).result["version"]
        await world.member(f"unit-{ids[1]}", "provincial:gd:factory", removed=True)
        with pytest.raises(GuardNotMet) as refusal:
            await world.review.send_recommendation(principal(COUNTY), batch, version)
        assert [problem.pointer for problem in refusal.value.errors] == ["/cases/1/guards/list_required"]
        assert await world.one("select count(*) from decision") == 0
        assert await world.one("select state from recommendation") == "sealed"
        states = await world.sql("select state from stage where stage_no = 1")
        assert [row[0] for row in states] == ["in_review", "in_review"]

    async def test_a_newer_sheet_after_sealing_is_named(self, county: World) -> None:
        one = await county.admit()
        await self.checked(county, one)
        batch, version = await collected(county, [one])
        version = (await county.review.seal_recommendation(principal(COUNTY), batch, version)).result["version"]
        await county.score(one)
        with pytest.raises(StaleCase):
            await county.review.send_recommendation(principal(COUNTY), batch, version)
        await county.review.dissolve_recommendation(principal(COUNTY), batch, version, "评分更新")
        again, version = await collected(county, [one])
        version = (await county.review.seal_recommendation(principal(COUNTY), again, version)).result["version"]
        await county.review.send_recommendation(principal(COUNTY), again, version)

    async def test_a_case_stands_in_one_batch(self, county: World) -> None:
        one = await county.admit()
        await collected(county, [one])
        with pytest.raises(IllegalTransition):
            await collected(county, [one])

    async def test_a_withdrawn_case_is_free_again(self, county: World) -> None:
        one = await county.admit()
        await self.checked(county, one)
        batch, version = await collected(county, [one])
        await county.withdraw(one)
        await county.admit(one, round=2)
        with pytest.raises(Invalid) as refusal:
            await county.review.seal_recommendation(principal(COUNTY), batch, version)
        assert refusal.value.errors[0].code == "gone"
        await collected(county, [one])

    async def test_another_authority_does_not_find_it(self, county: World) -> None:
        batch, version = await collected(county, [await county.admit()])
        for act in (
            county.review.batch_queries.recommendation(CITY, batch),
            county.review.seal_recommendation(principal(CITY), batch, version),
        ):
            with pytest.raises(OutsideCompetence):
                await act


@pytest.mark.rule("GD-13-publicity", "GD-12-list")
class TestPublicity:
    @pytest.fixture
    async def listing(self, make_world: MakeWorld) -> World:
        return await make_world(FakePolicies({COUNTY: route(city_list=True, national_list=True)}))

    async def at_city(self, world: World, *names: str) -> list[str]:
        ids = [await world.admit(name=name) for name in names]
        for one in ids:
            await decide(world, one, 1, COUNTY)
            await decide(world, one, 2, CITY)
        return ids

    async def opened(self, world: World) -> tuple[str, int]:
        ((publicity, version),) = await world.sql("select id, version from publicity where state = 'drafted'")
        done = await world.review.open_publicity(principal(CITY), publicity, version)
        return publicity, done.result["version"]

    async def wait(self, world: World, days: int = 11) -> int:
        clock = world.review.runtime.clock
        clock.set_offset(clock.offset + timedelta(days=days))
        return await world.review.close_publicities(clock.now())

    async def test_clear_units_are_listed_when_the_term_is_over(self, listing: World) -> None:
        first, second = await self.at_city(listing, "甲", "乙")
        publicity, _ = await self.opened(listing)
        assert await self.wait(listing, 9) == 0
        assert await self.wait(listing, 2) == 1
        for one in (first, second):
            event = await listing.last(one, cases_pb2.ListingDecided)
            assert event.list_id == "city:gd.guangzhou:factory"
            assert event.verdict == cases_pb2.LISTING_VERDICT_LIST
            assert event.publicity_id == publicity
        closed = await listing.last(publicity, publicities_pb2.PublicityChanged)
        assert closed.state == publicities_pb2.PUBLICITY_STATE_CLOSED
        assert [number for number, _ in await listing.published(publicity)] == [1, 2, 3, 4]
        assert await self.wait(listing, 1) == 0

    async def test_meanwhile_the_application_travelled_on(self, listing: World) -> None:
        (one,) = await self.at_city(listing, "甲")
        await self.opened(listing)
        await decide(listing, one, 3, PROVINCE)
        assert await self.wait(listing) == 1
        event = await listing.last(one, cases_pb2.CaseProgressed)
        assert "listed" in event.stages[1].substates
        assert event.stages[3].state == cases_pb2.STAGE_STATE_IN_REVIEW

    @pytest.mark.parametrize("upheld", [True, False])
    async def test_an_objection_holds_that_unit_back_until_settled(self, listing: World, upheld: bool) -> None:
        first, second = await self.at_city(listing, "甲", "乙")
        publicity, version = await self.opened(listing)
        by = principal(CITY)
        done = await listing.review.raise_objection(by, publicity, version, first, "近三年有环保处罚")
        assert await self.wait(listing) == 1
        assert (await listing.last(second, cases_pb2.ListingDecided)).verdict == cases_pb2.LISTING_VERDICT_LIST
        assert "ListingDecided" not in [kind for _, kind in await listing.published(first)]
        await listing.review.settle_objection(
            by, publicity, done.result["version"] + 1, first, upheld=upheld, reason="经核查"
        )
        verdict = (await listing.last(first, cases_pb2.ListingDecided)).verdict
        expected = cases_pb2.LISTING_VERDICT_NOT_LIST if upheld else cases_pb2.LISTING_VERDICT_LIST
        assert verdict == expected

    @pytest.mark.rule("GD-17-gates")
    async def test_a_unit_barred_meanwhile_is_not_listed(self, listing: World) -> None:
        (one,) = await self.at_city(listing, "甲")
        await self.opened(listing)
        await listing.bar(f"unit-{one}")
        await self.wait(listing)
        event = await listing.last(one, cases_pb2.ListingDecided)
        assert event.verdict == cases_pb2.LISTING_VERDICT_NOT_LIST
        assert "弄虚作假" in event.reason

    @pytest.mark.rule("GD-22")
    async def test_fraud_found_above_leaves_no_city_listing(self, listing: World) -> None:
        (one,) = await self.at_city(listing, "甲")
        await self.opened(listing)
        await decide(listing, one, 3, PROVINCE, Cancel("数据造假", "GD 22"))
        await self.wait(listing)
        assert "ListingDecided" not in [kind for _, kind in await listing.published(one)]
        assert (await listing.last(one, cases_pb2.CaseClosed)).ground == "fraud"

    async def test_the_last_level_ends_with_the_publicity(self, listing: World) -> None:
        (one,) = await self.at_city(listing, "甲")
        await decide(listing, one, 3, PROVINCE)
        await decide(listing, one, 4, MINISTRY)
        ((publicity, version),) = await listing.sql(
            "select id, version from publicity where list_id = 'national:miit:factory'"
        )
        await listing.review.open_publicity(principal(MINISTRY), publicity, version)
        assert await self.wait(listing, 16) == 1
        closed = await listing.last(one, cases_pb2.CaseClosed)
        assert closed.outcome == cases_pb2.CASE_OUTCOME_APPROVED
        rows = await listing.sql("select data ->> 'list_id' from journal where type = 'listing_decided' order by id")
        assert [row[0] for row in rows] == ["national:miit:factory", "provincial:gd:factory"]

    async def test_a_returned_case_is_not_listed_from_its_old_round(self, listing: World) -> None:
        (one,) = await self.at_city(listing, "甲")
        await self.opened(listing)
        from gf_review.usecases.decide_stage import Return

        decision = Return("更正", [FindingDraft("", "/values/energy_total", False, "不符")])
        await decide(listing, one, 3, PROVINCE, decision)
        await listing.admit(one, round=2)
        assert await self.wait(listing) == 1
        assert "ListingDecided" not in [kind for _, kind in await listing.published(one)]

    async def test_two_workers_close_it_once(self, listing: World) -> None:
        import asyncio

        (one,) = await self.at_city(listing, "甲")
        await self.opened(listing)
        clock = listing.review.runtime.clock
        clock.set_offset(clock.offset + timedelta(days=11))
        await asyncio.gather(*(listing.review.close_publicities(clock.now()) for _ in range(4)))
        kinds = [kind for _, kind in await listing.published(one)]
        assert kinds.count("ListingDecided") == 1

    async def test_open_to_all_names_only(self, listing: World) -> None:
        await self.at_city(listing, "甲")
        assert await listing.review.batch_queries.public_publicities() == ([], None)
        await self.opened(listing)
        ((item,), _) = await listing.review.batch_queries.public_publicities()
        assert item["names"] == ["甲"]
        assert "entries" not in item

    async def test_those_that_name_a_case(self, listing: World) -> None:
        one, other = await self.at_city(listing, "甲", "乙")
        found, _ = await listing.review.batch_queries.publicities("gd.guangzhou", submission_id=one)
        assert [(item["units"], item["state"]) for item in found] == [(2, "drafted")]
        assert await listing.review.batch_queries.publicities("gd", submission_id=other) == ([], None)
        assert await listing.review.batch_queries.publicities(
            "gd.guangzhou", submission_id="0199e000-0000-7000-8000-00000000ffff"
        ) == ([], None)


@pytest.mark.rule("N25-dates")
async def test_an_extension_on_the_record_opens_the_window_again(make_world: MakeWorld) -> None:
    from gf_review.domain.errors import WindowClosed
    from gf_review.domain.route import WindowPlan
    from services.review.tests.builders import NOW

    window = WindowPlan(None, NOW - timedelta(hours=1), "N25-dates", "N25 三", "gd.guangzhou")
    world = await make_world(FakePolicies({COUNTY: route(window=window)}))
    one = await world.admit()
    with pytest.raises(WindowClosed) as refusal:
        await decide(world, one, 1, COUNTY)
    assert refusal.value.article == "N25 三"
    await world.extend("decide:county", "gd.foshan", NOW + timedelta(days=1))
    with pytest.raises(WindowClosed):
        await decide(world, one, 1, COUNTY)
    await world.extend("decide:county", "gd.guangzhou", NOW + timedelta(days=1))
    await decide(world, one, 1, COUNTY)
