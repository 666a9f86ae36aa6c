"""Pages of scoring: what a factory manager reads, what-if without a trace, and who sees what."""

from __future__ import annotations

import html
import re
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text

from gf_chassis.ids import new_id
from gf_scoring.bootstrap import Bootstrap
from services.scoring.tests.conftest import Browse
from services.scoring.tests.db.test_rankings import ACT, closed_run
from services.scoring.tests.db.test_rescoring import candidate, finish
from services.scoring.tests.db.test_sheets import publish_set
from services.scoring.tests.signed_in import CSRF
from services.scoring.tests.town import Town
from services.scoring.tests.world import World, as_

pytestmark = pytest.mark.db


async def sheet(world: World, api: httpx.AsyncClient) -> UUID:
    await publish_set(world, api)
    one = new_id()
    await world.apply(world.admitted(one))
    return one


async def test_the_sheet_says_what_was_lost_and_what_gains_most(
    world: World, api: httpx.AsyncClient, browse: Browse
) -> None:
    one = await sheet(world, api)
    await world.apply(world.marked(one, 1, {"green_design": "6"}))
    shown = await browse("applicant").get(f"/sheets/{one}")
    assert shown.status_code == 200, shown.text
    for words in ("哪里失分", "收益最大的一步", "能源消耗强度", "第 1 轮第 2 版", "逐项推导", "引领值", "54120.9"):
        assert words in shown.text, words
    for stranger in ("rival", "stranger", "far-partner"):
        assert (await browse(stranger).get(f"/sheets/{one}")).status_code == 404
        assert (await browse(stranger).get(f"/sheets/{one}/what-if")).status_code == 404
        assert (await browse(stranger).get(f"/sheets/{one}/versions/1.json")).status_code == 404
    away = await browse("").get(f"/sheets/{one}")
    assert (away.status_code, "/login" in away.headers["location"]) == (303, True)
    assert (await browse("applicant").get(f"/sheets/{one}", params={"version": 9})).status_code == 404


async def test_gains_are_those_of_the_total(world: World, api: httpx.AsyncClient) -> None:
    """Raise a line to its lead by changing what it reads: the total grows by what the advice said."""
    one = await sheet(world, api)
    steps = (await api.get(f"/sheets/{one}/advice", headers=as_("applicant"))).json()["items"]
    by_code = {step["indicator"]: step for step in steps}
    gains = [Fraction(step["gain_to_lead"] or 0) for step in steps]
    assert gains == sorted(gains, reverse=True)
    energy = by_code["energy_intensity"]
    # Lead 0.08 tce/万元 at an output of 54120.9 万元 is 4329.672 tce, and 398.1 tce of feedstock do not count.
    body = {
        "submission_id": str(one),
        "changes": [{"code": "energy_total", "year": 2024, "value": str(Decimal("4329.672") + Decimal("398.1"))}],
    }
    tried = (await api.post("/what-if", json=body, headers=as_("applicant"))).json()
    lines = {line["indicator"]: line for line in tried["lines"]}
    assert lines["energy_intensity"]["points"] == "8"
    # The same energy is what the renewable share is measured against.
    share = Fraction(lines["renewable_share"]["points"]) - Fraction(lines["renewable_share"]["points_before"])
    assert Fraction(tried["total"]) - Fraction(tried["total_before"]) == Fraction(energy["gain_to_lead"]) + share
    assert Fraction(energy["lost"]) == 8 - Fraction(energy["points"])
    count = by_code["ecms_count"]
    assert (count["next_value"], Fraction(count["gain_by_step"])) == ("6", Fraction(6, 8))
    assert by_code["green_design"]["state"] == "awaits_mark"


async def test_trying_changes_stores_nothing(world: World, api: httpx.AsyncClient, browse: Browse) -> None:
    one = await sheet(world, api)

    async def rows() -> tuple[int, ...]:
        async with world.parts.database.reading() as session:
            found = [await session.execute(text(f"select count(*) from {t}")) for t in ("score_sheet", "journal")]
            return tuple(one.scalar_one() for one in found)

    before = await rows()
    body = {"submission_id": str(one), "changes": [], "marks": {"green_design": "8"}}
    tried = (await api.post("/what-if", json=body, headers=as_("applicant"))).json()
    assert Fraction(tried["total"]) - Fraction(tried["total_before"]) == 8
    for who in ("rival", "stranger"):
        assert (await api.post("/what-if", json=body, headers=as_(who))).status_code == 404
    wrong = body | {"changes": [{"code": "nothing_reads_this", "value": "1"}]}
    refused = await api.post("/what-if", json=wrong, headers=as_("applicant"))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/changes/0/code")
    for code, year, value in (("energy_total", 2024, ["query"]), ("ecms_functions", None, "5")):
        odd = body | {"changes": [{"code": code, "year": year, "value": value}]}
        refused = await api.post("/what-if", json=odd, headers=as_("applicant"))
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/changes/0/value")
    more = body | {"marks": {}, "changes": [{"code": "ecms_functions", "value": ["query", "flow"]}]}
    tried = (await api.post("/what-if", json=more, headers=as_("applicant"))).json()
    assert Fraction(tried["total"]) - Fraction(tried["total_before"]) == Fraction(6, 8) * (2 - 5)
    person = browse("applicant")
    form = (await person.get(f"/sheets/{one}/what-if")).text
    given = dict(re.findall(r'name="(v:[^"]+)" type="text" value="([^"]*)"', form))
    assert given["v:energy_total:2024"] == "7120.35"
    told = await person.post(f"/sheets/{one}/what-if", data=given | {"v:energy_total:2024": "4000", "csrf_token": CSRF})
    assert told.status_code == 200
    assert "有变化的指标" in told.text
    odd = await person.post(f"/sheets/{one}/what-if", data=given | {"v:energy_total:2024": "很多", "csrf_token": CSRF})
    assert (odd.status_code, "不是数值" in odd.text) == (422, True)
    assert (await person.post(f"/sheets/{one}/what-if", data=given)).status_code == 403
    assert await rows() == before


async def test_a_downloaded_sheet_can_be_verified(world: World, api: httpx.AsyncClient, browse: Browse) -> None:
    one = await sheet(world, api)
    file = (await browse("applicant").get(f"/sheets/{one}/versions/1.json")).json()
    assert (await api.post("/verify", json=file, headers=as_("rival"))).json()["equal"] is True


@pytest.mark.rule("N25-53")
@pytest.mark.rule("N25-A1")
async def test_rules_and_industries_are_pages(browse: Browse, parts: Bootstrap) -> None:
    person = browse("nobody")
    listed = (await person.get("/rulesets")).text
    for ruleset in parts.rulesets:
        assert ruleset.title in listed
        shown = await person.get(f"/rulesets/{ruleset.id}")
        assert shown.status_code == 200
        for indicator in ruleset.indicators:
            assert indicator.name in shown.text
    industries = (await person.get("/industries")).text
    assert all(key.name in industries for key in parts.book.industries.keys)
    assert len(parts.book.industries.keys) == 53
    assert (await person.get("/rulesets/nowhere")).status_code == 404


@pytest.mark.rule("N23-SC", "N25-A1")
async def test_stars_conditions_and_limits_are_pages_too(browse: Browse, parts: Bootstrap) -> None:
    person = browse("nobody")
    stars = (await person.get("/rulesets/national/2023/n23/supply-chain-electronics")).text
    for words in ("五星", "四星", "总分不低于", "基本要求", "在产业链发挥主导作用"):
        assert words in stars, words
    national = (await person.get("/rulesets/national/2025/n25/factory")).text
    assert "建筑系数" in national
    assert "星级" not in national
    industries = (await person.get("/industries")).text
    assert "/scoring/ui/limits?key_industry=cement" in industries
    everything = html.unescape((await person.get("/limits")).text)
    for limit in parts.book.limits:
        assert limit.name in everything
        assert limit.standard in everything
    cement = (await person.get("/limits", params={"key_industry": "cement"})).text
    for words in ("水泥熟料：综合能耗", "100", "107", "117", "加（减）1.1、1.15、1.2", "公开转录"):
        assert words in cement, words
    assert "烧结工序" not in cement
    assert "没有公开的限额或定额" in (await person.get("/limits", params={"key_industry": "ship"})).text
    assert (await person.get("/limits", params={"key_industry": "nothing"})).status_code == 404


@pytest.mark.rule("CQ-warn")
async def test_a_ranking_is_published_on_its_page(
    world: World, parts: Bootstrap, api: httpx.AsyncClient, browse: Browse
) -> None:
    run, tag = await closed_run(Town(parts), api)
    steward = browse("steward")
    assert "待发布" in (await steward.get("/rankings")).text
    shown = (await steward.get(f"/rankings/{run}")).text
    assert "发布排名" in shown
    assert "后5%" in shown
    assert (await browse("applicant").get(f"/rankings/{run}")).status_code == 404
    other = (await browse("stranger").get(f"/rankings/{run}", params={"view": "bottom"})).text
    assert "单位0" in other
    assert "单位1" not in other
    assert "发布排名" not in other
    empty = await steward.post(f"/rankings/{run}/publish", data={"csrf_token": CSRF, "seen": tag.strip('"')})
    assert "published" not in empty.text
    await steward.post(f"/rankings/{run}/publish", data=ACT | {"csrf_token": CSRF, "seen": tag.strip('"')})
    assert "已发布" in (await steward.get(f"/rankings/{run}")).text
    table = await browse("stranger").get(f"/rankings/{run}/places.csv")
    assert len(table.content.decode("utf-8-sig").splitlines()) == 2


async def test_a_shadow_run_is_started_and_switched_on_its_page(
    world: World, parts: Bootstrap, api: httpx.AsyncClient, browse: Browse
) -> None:
    await sheet(world, api)
    steward = browse("steward")
    made = await steward.post(
        "/rescorings",
        data={"csrf_token": CSRF, "what": f"{world.campaign_id}/factory", "title": "权重试算"},
        files={"ruleset": ("ruleset.yaml", candidate().encode(), "application/yaml")},
    )
    assert made.status_code == 303, made.text
    listed = (await steward.get("/rescorings")).text
    run = re.search(r"/scoring/ui/rescorings/([0-9a-f-]{36})", listed)
    assert run is not None, listed
    await finish(parts, run[1])
    shown = (await steward.get(f"/rescorings/{run[1]}")).text
    assert "试算报告" in shown
    assert (await browse("reviewer").get(f"/rescorings/{run[1]}")).status_code == 404
    seen = re.search(r'name="seen" value="(\d+)"', shown)
    assert seen is not None
    await steward.post(f"/rescorings/{run[1]}/switch", data=ACT | {"csrf_token": CSRF, "seen": seen[1]})
    assert "已切换" in (await steward.get(f"/rescorings/{run[1]}")).text
