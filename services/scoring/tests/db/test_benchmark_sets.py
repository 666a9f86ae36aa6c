"""Benchmark sets through the API: who may enter them, what is refused, and what takes the place of what."""

from __future__ import annotations

import httpx
import pytest

from gf_chassis.ids import new_id
from services.scoring.tests.world import World, as_

pytestmark = [pytest.mark.db, pytest.mark.rule("N25-A1")]


async def test_only_the_competent_authority_enters_values(world: World, api: httpx.AsyncClient) -> None:
    await world.apply(world.campaign())
    for name, status in (("steward", 201), ("other-steward", 403), ("reviewer", 403), ("applicant", 403)):
        answer = await api.post("/benchmark-sets", json=world.set_body(), headers=as_(name))
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("level", "pointer", "code"),
    [
        ({"indicator": "unheard_of"}, "/levels/0/indicator", "unknown_indicator"),
        ({"indicator": "ecms_count"}, "/levels/0/indicator", "fixed_by_document"),
        ({"indicator": "green_design"}, "/levels/0/indicator", "takes_no_level"),
        ({"lead": "9"}, "/levels/0/lead", "lead_worse_than_baseline"),
        ({"assumption": ""}, "/levels/0/document", "source_missing"),
        ({"indicator": "carbon_intensity"}, "/levels/1/indicator", "duplicate"),
    ],
)
async def test_wrong_values_are_refused_by_field(
    world: World, api: httpx.AsyncClient, level: dict[str, str], pointer: str, code: str
) -> None:
    await world.apply(world.campaign())
    body = world.set_body()
    body["levels"][0] |= level  # type: ignore[index]
    answer = await api.post("/benchmark-sets", json=body, headers=as_("steward"))
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["rule"], problem["article"]) == ("N25-A1", "N25 附件1")
    assert (problem["errors"][0]["pointer"], problem["errors"][0]["code"]) == (pointer, code)


@pytest.mark.parametrize("number", ["NaN", "1e999999", "９", "1" * 30, "0.0000000000001", ""])
async def test_numbers_out_of_bounds_are_a_clear_refusal(world: World, api: httpx.AsyncClient, number: str) -> None:
    await world.apply(world.campaign())
    body = world.set_body()
    body["levels"][0] |= {"lead": number}  # type: ignore[index]
    answer = await api.post("/benchmark-sets", json=body, headers=as_("steward"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/levels/0/lead"


async def test_unknown_campaign_and_category_without_ruleset(world: World, api: httpx.AsyncClient) -> None:
    answer = await api.post("/benchmark-sets", json=world.set_body(), headers=as_("steward"))
    assert answer.json()["errors"][0]["pointer"] == "/campaign_id"
    await world.apply(world.campaign())
    answer = await api.post("/benchmark-sets", json=world.set_body(category="supply_chain"), headers=as_("steward"))
    assert answer.json()["code"] == "no_ruleset"


async def test_publishing_needs_the_version_and_happens_once(world: World, api: httpx.AsyncClient) -> None:
    await world.apply(world.campaign())
    made = await api.post("/benchmark-sets", json=world.set_body(), headers=as_("steward", Idempotency_Key="set-00001"))
    again = await api.post(
        "/benchmark-sets", json=world.set_body(), headers=as_("steward", Idempotency_Key="set-00001")
    )
    assert again.json() == made.json()
    address = f"/benchmark-sets/{made.json()['id']}"
    assert (await api.get(address, headers=as_("reviewer"))).status_code == 404
    assert (await api.get(address, headers=as_("steward"))).json()["state"] == "draft"
    assert (await api.post(f"{address}/publish", headers=as_("steward"))).status_code == 428
    assert (await api.post(f"{address}/publish", headers=as_("steward", If_Match='"7"'))).status_code == 412
    assert (await api.post(f"{address}/publish", headers=as_("other-steward", If_Match='"1"'))).status_code == 404
    done = await api.post(f"{address}/publish", headers=as_("steward", If_Match='"1"'))
    assert (done.json()["state"], done.headers["etag"]) == ("published", '"2"')
    twice = await api.post(f"{address}/publish", headers=as_("steward", If_Match='"2"'))
    assert (twice.status_code, twice.json()["code"]) == (409, "illegal_transition")
    assert (await api.get(address, headers=as_("reviewer"))).status_code == 200


async def test_rulesets_can_be_looked_up(world: World, api: httpx.AsyncClient) -> None:
    listed = (await api.get("/rulesets", headers=as_("applicant"))).json()["items"]
    assert {(r["base"], r["category"]) for r in listed} == {
        ("national/2023/n23", "factory"),
        ("national/2023/n23", "supply_chain"),
        ("national/2025/n25", "factory"),
        ("national/2025/n25", "park"),
        ("unnamed-province/2024/rules", "factory"),
        ("unnamed-province/2024/rules", "park"),
        ("unnamed-province/2024/rules", "supply_chain"),
    }
    park = (await api.get("/rulesets/national/2025/n25/park", headers=as_("applicant"))).json()
    assert [int(i["weight"]) for i in park["indicators"]] == [4, 7, 7, 7, 7, 6, 7, 6, 7, 3, 3, 5, 5, 6, 6, 7, 7]
    chain = (await api.get("/rulesets/national/2023/n23/supply-chain", headers=as_("applicant"))).json()
    assert len(chain["indicators"]) == 20
    ruleset = (await api.get("/rulesets/national/2025/n25/factory", headers=as_("applicant"))).json()
    assert len(ruleset["indicators"]) == 14
    assert ruleset["indicators"][3]["lead"] == "8"
    assert ruleset["assumptions"]["/unscorable_rows"].startswith("通知多数指标未印出")
    assert (await api.get("/rulesets/nowhere", headers=as_("applicant"))).status_code == 404
    assert (await api.get(f"/benchmark-sets/{new_id()}", headers=as_("applicant"))).status_code == 404
    assert (await api.get("/rulesets")).status_code == 401


@pytest.mark.rule("N25-53")
async def test_key_industries_and_limits_can_be_looked_up(world: World, api: httpx.AsyncClient) -> None:
    industries = (await api.get("/industries", headers=as_("applicant"))).json()["items"]
    assert len(industries) == 53
    assert len({one["sector"] for one in industries}) == 8
    cement = next(one for one in industries if one["code"] == "cement")
    assert cement["table"]["ruleset"] == "national/2025/n25/factory"
    assert "clinker_energy" in cement["table"]["limits"]
    assert cement["own_levels"] is False
    tables = (await api.get("/tables", params={"base": "national/2023/n23"}, headers=as_("applicant"))).json()["items"]
    assert {one["code"]: bool(one["not_scorable"]) for one in tables} == {
        "electronics": False,
        "automobile": True,
        "machinery": True,
        "all": True,
    }
    asked = {"key_industry": "coking", "year": 2024}
    assert (await api.get("/limits", params=asked, headers=as_("applicant"))).json()["items"] == []
    clinker = (await api.get("/limits/clinker_energy", headers=as_("applicant"))).json()["items"]
    assert clinker[0]["levels"] == {"1": "100", "2": "107", "3": "117"}
    assert clinker[0]["certainty"] == "transcription"
    assert (await api.get("/limits/nothing", headers=as_("applicant"))).status_code == 404
    assert (await api.get("/ruleset-faults", headers=as_("steward"))).json() == {"items": []}
    assert (await api.get("/ruleset-faults", headers=as_("applicant"))).status_code == 403


async def test_a_province_enters_values_for_the_campaign_it_runs_under_its_own_rules(
    world: World, api: httpx.AsyncClient
) -> None:
    await world.apply(world.campaign("unnamed-province/2024/rules", owner="cq"))
    own = await api.post("/benchmark-sets", json=world.set_body(), headers=as_("other-steward"))
    assert own.status_code == 201, own.text
    ministry = await api.post("/benchmark-sets", json=world.set_body(), headers=as_("steward"))
    assert (ministry.status_code, ministry.json()["code"]) == (403, "not_competent")
    # National rules stay with the ministry, whoever should run a campaign under them.
    national = World(world.parts)
    await national.apply(national.campaign(owner="cq"))
    refused = await api.post("/benchmark-sets", json=national.set_body(), headers=as_("other-steward"))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_competent")
    # A campaign that was published before its owner was said is nobody's.
    former = World(world.parts)
    await former.apply(former.campaign("unnamed-province/2024/rules", owner=""))
    unsaid = await api.post("/benchmark-sets", json=former.set_body(), headers=as_("other-steward"))
    assert unsaid.status_code == 403
    # Until its next event says who it is.
    await former.apply(former.campaign("unnamed-province/2024/rules", owner="cq"))
    said = await api.post("/benchmark-sets", json=former.set_body(), headers=as_("other-steward"))
    assert said.status_code == 201, said.text
