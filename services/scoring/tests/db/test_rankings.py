"""Rankings: whom they wait for, who gets which place, what years running are, and who sees it."""

from __future__ import annotations

import hashlib
import random
from decimal import Decimal
from math import floor
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from gf_chassis.clock import Clock
from gf_chassis.ids import new_id
from gf_scoring.bootstrap import Bootstrap
from greenladder.common.v1.common_pb2 import UnitSnapshot
from greenladder.intake.v1.campaigns_pb2 import CampaignClosed, ControlTotal
from greenladder.intake.v1.units_pb2 import UnitChanged, UnitState
from greenladder.review.v1.cases_pb2 import CaseClosed, CaseOutcome
from greenladder.scoring.v1.rankings_pb2 import RankingClosed, UnitRanked
from services.scoring.tests.db.test_sheets import publish_set
from services.scoring.tests.sample import factory_facts
from services.scoring.tests.town import LIST, Town, unit
from services.scoring.tests.world import USCC, World, as_

pytestmark = pytest.mark.db


@pytest.fixture
def town(parts: Bootstrap) -> Town:
    return Town(parts)


def spread(count: int, start: int = 0) -> dict[int, str | None]:
    """Points that all differ: unit 0 is worst."""
    return {n: f"{40 + n * 0.25:.2f}" for n in range(start, start + count)}


@pytest.mark.rule("N25-5pct")
async def test_the_bottom_five_percent_is_rounded_down(town: Town) -> None:
    await town.listed(range(59))
    await town.year(2025, spread(59))
    places = await town.places(await town.rank(2025))
    assert {n for n, row in places.items() if row["bottom"]} == {0, 1}
    assert [places[58]["place"], places[0]["place"]] == [1, 59]


@pytest.mark.rule("N25-5pct")
async def test_equals_at_the_cut_are_out_as_a_group_or_in_as_the_rules_say(town: Town) -> None:
    await town.listed(range(40))
    points = spread(40) | {1: "40.25", 2: "40.25"}
    await town.year(2025, points)
    out = await town.places(await town.rank(2025))
    assert {n for n, row in out.items() if row["bottom"]} == {0}
    inside = await town.places(await town.rank(2025, {"bottom.ties": "in"}))
    assert {n for n, row in inside.items() if row["bottom"]} == {0, 1, 2}
    assert out[1]["place"] == out[2]["place"] == 38


@pytest.mark.rule("N25-5pct")
async def test_a_small_group_has_no_bottom_and_no_grades(town: Town) -> None:
    await town.listed(range(19))
    await town.year(2025, spread(19))
    places = await town.places(await town.rank(2025))
    assert not any(row["bottom"] or row["warned"] for row in places.values())
    assert {row["grade"] for row in places.values()} == {""}
    assert places[18]["place"] == 1


@pytest.mark.rule("N25-5pct")
async def test_the_cut_may_be_taken_within_the_industry_or_the_region(town: Town) -> None:
    await town.listed(range(40), industry="cement")
    await town.listed(range(40, 80), industry="tyre")
    await town.year(2025, spread(80))
    together = await town.places(await town.rank(2025))
    assert {n for n, row in together.items() if row["bottom"]} == {0, 1, 2, 3}
    apart = await town.places(await town.rank(2025, {"bottom.compared_within": "key_industry"}))
    assert {n for n, row in apart.items() if row["bottom"]} == {0, 1, 40, 41}
    assert (apart[40]["industry_place"], apart[40]["industry_count"], apart[40]["place"]) == (40, 40, 40)


@pytest.mark.rule("N25-5pct")
async def test_three_years_running(town: Town) -> None:
    await town.listed(range(40))
    for year, first in ((2025, 1), (2026, 2), (2027, 3)):
        await town.year(year, spread(40))
        places = await town.places(await town.rank(year))
        assert [(places[n]["streak"], places[n]["due"]) for n in (0, 1, 2)] == [(first, first == 3)] * 2 + [(0, False)]


@pytest.mark.rule("N25-5pct")
async def test_a_year_out_of_the_bottom_ends_the_years_running(town: Town) -> None:
    await town.listed(range(40))
    for year, points in ((2025, spread(40)), (2026, spread(40) | {0: "90"}), (2027, spread(40))):
        await town.year(year, points)
        places = await town.places(await town.rank(year))
    assert (places[0]["streak"], places[1]["streak"]) == (1, 3)


@pytest.mark.rule("N25-5pct")
@pytest.mark.parametrize(("rule", "streak"), [("reset", 1), ("bridge", 2)])
async def test_a_missing_year_resets_or_is_bridged(town: Town, rule: str, streak: int) -> None:
    await town.listed(range(40))
    for year, points in ((2025, spread(40)), (2026, spread(39, 1)), (2027, spread(40))):
        await town.year(year, points)
        places = await town.places(await town.rank(year, {"bottom.missing_year": rule}))
        if year == 2026:
            assert (places[0]["missing"], places[0]["place"], places[0]["streak"]) == ("not_filed", None, 0)
    assert places[0]["streak"] == streak


@pytest.mark.rule("N25-5pct")
async def test_years_before_the_present_listing_do_not_count(town: Town) -> None:
    """Removed and listed again, or listed under three years: the years running start with the listing."""
    await town.listed(range(40))
    for year in (2025, 2026, 2027):
        if year == 2027:
            await town.listed([0], since="2027-03-01")
        await town.year(year, spread(40))
        places = await town.places(await town.rank(year))
    assert (places[0]["streak"], places[0]["due"]) == (1, False)
    assert (places[1]["streak"], places[1]["due"]) == (3, True)
    other = await town.places(await town.rank(2027, {"bottom.counts_from": "first_ranking"}))
    assert (other[0]["streak"], other[0]["due"]) == (3, True)


@pytest.mark.rule("N25-5pct")
async def test_who_is_not_ranked_is_named_with_the_reason(town: Town) -> None:
    await town.listed(range(25))
    await town.listed([22], since="2025-01-01")
    points = spread(24) | {3: None}
    await town.year(2025, points, outcomes={4: "refused", 5: "cancelled"})
    run = await town.rank(2025, {"population.joins_after_years": 1})
    places = await town.places(run)
    missing = {n: row["missing"] for n, row in places.items() if row["missing"]}
    assert missing == {3: "not_scorable", 4: "not_approved", 5: "not_approved", 22: "newly_listed", 24: "not_filed"}
    assert all(places[n]["place"] is None and not places[n]["bottom"] for n in missing)


@pytest.mark.rule("GD-26")
async def test_grades_of_the_green_code(town: Town) -> None:
    await town.listed(range(60))
    # Four share the place at the cut of A+ (60 · 5 % = 3): the whole group gets the better grade.
    await town.year(2025, spread(60) | {57: "54.50", 56: "54.50", 55: "54.50"})
    places = await town.places(await town.rank(2025))
    grades = {grade: {n for n, row in places.items() if row["grade"] == grade} for grade in ("A+", "A", "B")}
    assert grades["A+"] == {55, 56, 57, 58, 59}
    assert grades["A"] == set(range(36, 55))
    assert grades["B"] == set(range(36))
    apart = await town.places(await town.rank(2025, {"grades.ties": "out"}))
    assert {n for n, row in apart.items() if row["grade"] == "A+"} == {59}


@pytest.mark.rule("N25-5pct")
@pytest.mark.rule("GD-26")
async def test_places_agree_with_a_slow_reading_of_the_rules(town: Town) -> None:
    chance = random.Random(7)
    count = 157
    await town.listed(range(count))
    points = {n: f"{chance.randrange(0, 400) / 4:.2f}" for n in range(count)}
    await town.year(2025, points)  # type: ignore[arg-type]
    places = await town.places(await town.rank(2025))
    own = {n: Decimal(p) for n, p in points.items()}
    for n, mine in own.items():
        better = sum(1 for p in own.values() if p > mine)
        not_better = sum(1 for p in own.values() if p <= mine)
        assert places[n]["place"] == better + 1
        assert places[n]["bottom"] == (not_better <= floor(count * Decimal("0.05")))
        expected = "A+" if better + 1 <= 7 else "A" if better + 1 <= 62 else "B"
        assert places[n]["grade"] == expected, n


@pytest.mark.rule("N25-5pct")
async def test_the_same_population_gives_the_same_digest(town: Town) -> None:
    await town.listed(range(40))
    await town.year(2025, spread(40) | {7: "41.5", 8: "41.5"})
    digests = set()
    for _ in range(3):
        run = await town.rank(2025)
        async with town.parts.database.reading() as session:
            row = (await session.execute(text("select digest from ranking_run where id = :id"), {"id": run})).one()
        digests.add(row.digest)
    assert len(digests) == 1
    places = await town.places(run)
    lines = [
        f"{r['place']}|{r['unit_id']}|{r['points'].normalize():f}|{r['grade']}|{int(r['bottom'])}|{r['streak']}"  # type: ignore[attr-defined,call-overload]
        for r in places.values()
    ]
    assert digests == {hashlib.sha256("\n".join(lines).encode()).hexdigest()}


@pytest.mark.rule("N25-avg")
async def test_averages_by_recipient(town: Town) -> None:
    await town.listed(range(4))
    await town.year(
        2025,
        {0: "50", 1: "60.5", 2: "70", 3: "81"},
        superiors={0: "cq.yubei", 1: "cq", 2: "gd.guangzhou", 3: "shenzhen"},
    )
    run = await town.rank(2025)
    async with town.parts.database.reading() as session:
        row = (await session.execute(text("select averages from ranking_run where id = :id"), {"id": run})).one()
    found = row.averages if isinstance(row.averages, list) else __import__("json").loads(row.averages)
    assert {a["authority"]: (a["count"], a["points"]) for a in found} == {
        "cq": (2, "55.25"),
        "gd": (1, "70"),
        "shenzhen": (1, "81"),
    }


async def start(api: httpx.AsyncClient, campaign: UUID) -> str:
    made = await api.post(
        "/rankings", json={"campaign_id": str(campaign), "category": "factory"}, headers=as_("steward")
    )
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def test_a_run_waits_for_total_digest_and_every_case(town: Town, api: httpx.AsyncClient) -> None:
    await town.listed(range(30))
    campaign = await town.year(2025, spread(30), outcomes={4: "open"}, closed=False)
    run = await start(api, campaign)
    twice = await api.post(
        "/rankings", json={"campaign_id": str(campaign), "category": "factory"}, headers=as_("steward")
    )
    assert (twice.status_code, twice.json()["code"]) == (409, "already_collecting")

    async def why() -> str:
        await town.parts.close_ranking._try(UUID(run))
        answer = await api.post(f"/rankings/{run}/close", headers=as_("steward"))
        assert answer.status_code == 409, answer.text
        shown = (await api.get(f"/rankings/{run}", headers=as_("steward"))).json()
        assert shown["state"] == "collecting"
        assert "".join(shown["waiting_for"]) in answer.json()["detail"]
        return str(answer.json()["detail"])

    assert "受理总数" in await why()
    async with town.parts.database.reading() as session:
        rows = await session.execute(text("select submission_id::text from score_sheet"))
        forms = {row[0]: "cq.yubei" for row in rows}
    # One form more than has come in here: the digest says so, whatever the count.
    await town.close_campaign(2025, {**forms, str(new_id()): "cq.yubei"})
    assert "受理 31 件，本服务已收到 30 件" in await why()
    await town.run("delete from campaign_total")
    await town.close_campaign(2025, forms)
    assert "还有 1 件尚未办结" in await why()
    await town.run("insert into case_end select submission_id, 1, 'approved' from score_sheet on conflict do nothing")
    await town.parts.close_ranking.tick(Clock().now())
    shown = (await api.get(f"/rankings/{run}", headers=as_("steward"))).json()
    assert (shown["state"], shown["count"], shown["waiting_for"]) == ("closed", 30, [])
    again = await api.post(f"/rankings/{run}/close", headers=as_("steward"))
    assert (again.status_code, again.json()["code"]) == (409, "illegal_transition")


async def test_control_totals_cases_and_units_come_as_events(world: World, api: httpx.AsyncClient) -> None:
    await publish_set(world, api)
    form, one = new_id(), new_id()
    await world.apply(
        world.admitted(form, unit_id=one, kind="benchmark", facts=factory_facts()),
        world.listed(one, LIST),
        world.event(
            "intake.units",
            str(one),
            UnitChanged(
                unit=UnitSnapshot(
                    unit_id=str(one), profile_version=1, category="factory", uscc=USCC, name="某厂", region="500112",
                    superior_authority="cq.yubei", key_industry="cement",
                ),
                state=UnitState.UNIT_STATE_ACTIVE,
            ),
        ),
    )  # fmt: skip
    run = await start(api, world.campaign_id)
    lines = hashlib.sha256(f"{form}:1".encode()).hexdigest()
    total = ControlTotal(kind="benchmark", authority="cq.yubei", admitted=1, digest=lines)
    closed = CampaignClosed(campaign_id=str(world.campaign_id), totals=[total])
    ended = CaseClosed(submission_id=str(form), round=1, outcome=CaseOutcome.CASE_OUTCOME_APPROVED, unit_id=str(one))
    await world.apply(
        world.event("intake.campaigns", str(world.campaign_id), closed), world.event("review.cases", str(form), ended)
    )
    done = await api.post(f"/rankings/{run}/close", headers=as_("steward"))
    assert done.json()["state"] == "closed", done.text
    (place,) = (await api.get(f"/rankings/{run}/places", headers=as_("steward"))).json()["items"]
    assert (place["name"], place["place"], place["key_industry"]) == ("某厂", 1, "cement")


async def closed_run(town: Town, api: httpx.AsyncClient, count: int = 45) -> tuple[str, str]:
    await town.listed(range(count))
    campaign = await town.year(2025, spread(count), superiors={0: "gd.guangzhou", 1: "cq.yubei"})
    run = await start(api, campaign)
    done = await api.post(f"/rankings/{run}/close", headers=as_("steward"))
    assert done.status_code == 200, done.text
    return run, f'"{done.json()["version"]}"'


ACT = {"document": "工信厅节函〔2026〕97号", "person": "经办人甲"}


async def published_events(town: Town, run: str) -> list[tuple[int, str, bytes]]:
    async with town.parts.database.reading() as session:
        rows = await session.execute(
            text(
                "select number, message_type, payload from journal where key = :key and topic is not null order by id"
            ),
            {"key": run},
        )
        return [(row[0], row[1], bytes(row[2])) for row in rows]


@pytest.mark.rule("N25-5pct")
@pytest.mark.rule("CQ-warn")
async def test_publishing_is_an_act_and_the_events_follow_in_chunks(town: Town, api: httpx.AsyncClient) -> None:
    run, tag = await closed_run(town, api)
    for who, status in (("other-steward", 404), ("reviewer", 403)):
        refused = await api.post(f"/rankings/{run}/publish", json=ACT, headers=as_(who, If_Match=tag))
        assert refused.status_code == status
    stale = await api.post(f"/rankings/{run}/publish", json=ACT, headers=as_("steward", If_Match='"1"'))
    assert stale.status_code == 412
    done = await api.post(f"/rankings/{run}/publish", json=ACT, headers=as_("steward", If_Match=tag))
    assert done.json()["state"] == "published", done.text
    assert await published_events(town, run) == []
    send = type(town.parts.send_ranking)(town.parts.database, chunk=20)
    # Killed after the first chunk, and started again: nothing twice, nothing left out.
    assert await send.step(UUID(run))
    assert len(await published_events(town, run)) == 20
    await send(Clock().now())
    events = await published_events(town, run)
    assert [number for number, _, _ in events] == list(range(1, 47))
    ranked = [UnitRanked.FromString(payload) for _, _, payload in events[:-1]]
    assert [one.place for one in ranked] == list(range(1, 46))
    # 45 · 5 % rounded down are 2; 45 · 10 % rounded up are 5.
    assert [one.bottom for one in ranked[-6:]] == [False] * 4 + [True] * 2
    assert [one.warned for one in ranked[-6:]] == [False] + [True] * 5
    assert (ranked[-1].unit_id, ranked[-1].streak, ranked[-1].points) == (str(unit(0)), 1, "40")
    whole = RankingClosed.FromString(events[-1][2])
    assert (whole.count, whole.list_id, whole.category) == (45, LIST, "factory")
    assert {a.authority: a.count for a in whole.averages} == {"cq": 44, "gd": 1}
    assert not await send.step(UUID(run))


async def test_a_later_run_takes_the_place_of_the_published_one(town: Town, api: httpx.AsyncClient) -> None:
    first, tag = await closed_run(town, api, 20)
    await api.post(f"/rankings/{first}/publish", json=ACT, headers=as_("steward", If_Match=tag))
    second = await start(api, town.campaigns[2025])
    closed = await api.post(f"/rankings/{second}/close", headers=as_("steward"))
    tag = f'"{closed.json()["version"]}"'
    await api.post(f"/rankings/{second}/publish", json=ACT, headers=as_("steward", If_Match=tag))
    await town.parts.send_ranking(Clock().now())
    found = (await api.get("/rankings", headers=as_("steward"))).json()["items"]
    assert {one["id"]: one["state"] for one in found} == {first: "superseded", second: "published"}
    whole = RankingClosed.FromString((await published_events(town, second))[-1][2])
    assert whole.supersedes == first
    async with town.parts.database.reading() as session:
        rows = await session.execute(
            text("select type from journal where aggregate = 'ranking_run' and topic is null order by id")
        )
        acts = [row[0] for row in rows]
    before = ["ranking_started", "ranking_closed"]
    assert acts[:5] == [*before, "ranking_published", *before]
    assert sorted(acts[5:]) == ["ranking_published", "ranking_superseded"]


async def test_everyone_sees_places_within_his_or_her_scope(town: Town, api: httpx.AsyncClient) -> None:
    run, tag = await closed_run(town, api)
    await town.run("update unit_view set uscc = :uscc where unit_id = :id", uscc=USCC, id=unit(3))
    await town.run("update ranking_place set uscc = :uscc where unit_id = :id", uscc=USCC, id=unit(3))

    async def seen(who: str, **query: str) -> set[str] | int:
        answer = await api.get(f"/rankings/{run}/places", params={"limit": 200, **query}, headers=as_(who))
        return {one["unit_id"] for one in answer.json()["items"]} if answer.status_code == 200 else answer.status_code

    everybody = {str(unit(n)) for n in range(45)}
    assert await seen("approver") == everybody
    assert await seen("reviewer") == everybody - {str(unit(0))}
    assert await seen("stranger") == {str(unit(0))}
    assert await seen("stranger", view="bottom") == {str(unit(0))}
    assert await seen("reviewer", view="bottom") == {str(unit(1))}
    # Not yet published: nobody outside the authorities.
    assert await seen("applicant") == await seen("partner") == await seen("nobody") == 404
    assert (await api.get(f"/rankings/{run}", headers=as_("applicant"))).status_code == 404
    assert (await api.get("/rankings", headers=as_("applicant"))).json()["items"] == []
    await api.post(f"/rankings/{run}/publish", json=ACT, headers=as_("steward", If_Match=tag))
    assert await seen("applicant") == {str(unit(3))}
    assert await seen("rival") == await seen("nobody") == set()
    assert await seen("partner") == everybody - {str(unit(0))}
    assert await seen("far-partner") == {str(unit(0))}
    shown = (await api.get(f"/rankings/{run}", headers=as_("stranger"))).json()
    assert (shown["counts"]["all"], shown["counts"]["bottom"], shown["count"]) == (1, 1, 45)
    assert (await api.get(f"/rankings/{run}", headers=as_("applicant"))).json()["counts"] is None
    table = (await api.get(f"/rankings/{run}/places.csv", headers=as_("stranger"))).content.decode("utf-8-sig")
    assert len(table.splitlines()) == 2
    assert "单位0" in table


async def test_places_are_read_page_by_page(town: Town, api: httpx.AsyncClient) -> None:
    run, _ = await closed_run(town, api)
    seen: list[int] = []
    cursor: str | None = None
    while True:
        query = {"limit": 20} | ({"cursor": cursor} if cursor else {})
        page = (await api.get(f"/rankings/{run}/places", params=query, headers=as_("reviewer"))).json()
        seen += [one["place"] for one in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == list(range(1, 45))


@pytest.mark.rule("CQ-warn")
async def test_who_may_fall_into_the_bottom_is_shown_while_the_run_still_collects(
    town: Town, api: httpx.AsyncClient
) -> None:
    """Early: before every case has ended, to the authority that has to guide the unit (提醒和指导)."""
    await town.listed(range(40))
    campaign = await town.year(2025, spread(40), outcomes={1: "open", 39: "open"}, closed=False)
    run = await start(api, campaign)
    early = (await api.get(f"/rankings/{run}/places", params={"view": "warned"}, headers=as_("reviewer"))).json()
    assert {one["unit_id"] for one in early["items"]} == {str(unit(n)) for n in range(4)}
    assert [one["bottom"] for one in early["items"]] == [True, True, False, False]
    other = (await api.get(f"/rankings/{run}/places", params={"view": "warned"}, headers=as_("stranger"))).json()
    assert other["items"] == []
    assert await town.places(UUID(run)) == {}
