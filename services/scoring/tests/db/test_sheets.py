"""Sheets and their life on a real database."""

from __future__ import annotations

import asyncio
from uuid import UUID

import httpx
import pytest

from gf_chassis.errors import Poison
from gf_chassis.ids import new_id
from gf_chassis.journal import history
from gf_scoring.adapters.contracts import scored_from
from gf_scoring.bootstrap import Bootstrap
from gf_scoring.usecases.find_average import KEPT
from greenladder.scoring.v1 import sheets_pb2 as pb
from services.scoring.tests.sample import factory_facts
from services.scoring.tests.tables import facts_of
from services.scoring.tests.world import World, as_, fact

pytestmark = pytest.mark.db


async def publish_set(world: World, api: httpx.AsyncClient, **changes: object) -> str:
    if not any(topic == "intake.campaigns" for topic, _ in world._numbers):
        await world.apply(world.campaign())
    made = await api.post("/benchmark-sets", json=world.set_body(**changes), headers=as_("steward"))
    assert made.status_code == 201, made.text
    done = await api.post(
        f"/benchmark-sets/{made.json()['id']}/publish", headers=as_("steward", If_Match=made.headers["etag"])
    )
    assert done.status_code == 200, done.text
    return str(made.json()["id"])


@pytest.mark.rule("N25-A1")
async def test_an_admitted_form_gets_a_sheet_and_its_event(world: World, api: httpx.AsyncClient) -> None:
    set_id = await publish_set(world, api)
    one = new_id()
    await world.apply(world.admitted(one))
    (sheet,) = await world.sheets(one)
    assert (sheet.round, sheet.revision, sheet.number) == (1, 1, 1)
    assert (sheet.basis, sheet.outcome) == ("claimed", "scored")
    ((number, event),) = await world.published(one)
    assert number == 1
    assert event == scored_from(sheet.published)
    assert event.total == f"{sheet.total:f}".rstrip("0").rstrip(".")
    assert event.benchmark_set_id == set_id
    assert len(event.lines) == 14
    assert event.lines[0].state == pb.LINE_STATE_SCORED
    assert (event.lines[0].indicator, event.lines[0].unit, event.lines[0].lead) == (
        "energy_intensity",
        "tce/万元",
        "0.08",
    )
    assert event.lines[8].state == pb.LINE_STATE_AWAITS_MARK
    assert not event.lines[8].HasField("points")


async def test_without_a_benchmark_set_the_sheet_is_not_scorable_and_says_why(world: World) -> None:
    one = new_id()
    await world.apply(world.admitted(one))
    ((_, event),) = await world.published(one)
    assert event.outcome == pb.OUTCOME_NOT_SCORABLE
    assert not event.HasField("total")
    assert "可评分指标的权重不足" in "".join(event.reasons)
    assert event.lines[0].branch == "missing_benchmark"


async def test_a_submission_that_no_ruleset_covers_is_a_result_and_never_held(world: World) -> None:
    chain, form = new_id(), new_id()
    await world.apply(world.admitted(chain, category="supply_chain"), world.admitted(form, kind="dynamic_form"))
    for one in (chain, form):
        ((_, event),) = await world.published(one)
        assert event.outcome == pb.OUTCOME_NOT_SCORABLE
        assert not event.lines
        assert "没有适用" in event.reasons[0]


@pytest.mark.rule("N25-evid")
async def test_marks_make_a_new_revision_and_leave_the_old_one(world: World, api: httpx.AsyncClient) -> None:
    await publish_set(world, api)
    one = new_id()
    await world.apply(world.admitted(one))
    await world.apply(world.marked(one, 1, {"green_design": "6"}))
    await world.apply(world.marked(one, 1, {"green_design": "6", "product_footprint": "4.5", "advanced_process": "3"}))
    first, second, third = await world.sheets(one)
    assert [s.revision for s in (first, second, third)] == [1, 2, 3]
    assert [s.basis for s in (first, second, third)] == ["claimed", "assessed", "assessed"]
    assert second.total - first.total == 6
    assert third.total - first.total == 13.5
    assert [number for number, _ in await world.published(one)] == [1, 2, 3]
    assert len({scored_from(s.published).input_hash for s in (first, second, third)}) == 3


async def test_marks_that_come_before_the_form_are_kept_for_it(world: World, api: httpx.AsyncClient) -> None:
    await publish_set(world, api)
    one = new_id()
    await world.apply(world.marked(one, 1, {"green_design": "6"}))
    assert await world.sheets(one) == []
    await world.apply(world.admitted(one))
    (sheet,) = await world.sheets(one)
    assert (sheet.revision, sheet.basis) == (1, "assessed")


async def test_marks_of_an_older_round_have_no_effect(world: World) -> None:
    one = new_id()
    await world.apply(world.admitted(one, 1), world.admitted(one, 2))
    await world.apply(world.marked(one, 1, {"green_design": "6"}))
    sheets = await world.sheets(one)
    assert [(s.round, s.revision, s.number) for s in sheets] == [(1, 1, 1), (2, 1, 2)]
    await world.apply(world.marked(one, 2, {"green_design": "6"}))
    assert [(s.round, s.revision, s.number) for s in await world.sheets(one)][-1] == (2, 2, 3)


async def test_a_later_round_in_a_later_batch_continues_the_numbers(world: World) -> None:
    one = new_id()
    await world.apply(world.admitted(one, 1))
    await world.apply(world.admitted(one, 2))
    assert [number for number, _ in await world.published(one)] == [1, 2]


async def test_rounds_of_one_form_in_one_batch_are_written_in_their_order(world: World, parts: Bootstrap) -> None:
    """Also where the later one has a neighbour that is alike and came first: what is alike goes in one statement."""
    one = new_id()
    await world.apply(world.admitted(new_id(), 2), world.admitted(one, 1), world.admitted(one, 2))
    async with parts.database.reading() as session:
        lines = await history(session, "score_sheet", str(one))
    assert [(line.number, line.data) for line in lines] == [
        (1, {"round": 1, "revision": 1}),
        (2, {"round": 2, "revision": 1}),
    ]


async def test_form_and_marks_at_the_same_time_never_lose_the_marks(world: World) -> None:
    ids = [new_id() for _ in range(12)]
    for one in ids:
        form, marks = world.admitted(one), world.marked(one, 1, {"green_design": "6"})
        await asyncio.gather(world.apply(form), world.apply(marks))
    for one in ids:
        assert (await world.sheets(one))[-1].basis == "assessed"
        numbers = [number for number, _ in await world.published(one)]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.rule("N25-53")
async def test_a_key_industry_is_scored_by_its_own_values_and_a_reviewer_may_rule_otherwise(
    world: World, api: httpx.AsyncClient
) -> None:
    general = await publish_set(world, api)
    levels = [{"indicator": "energy_intensity", "lead": "2.8", "baseline": "3.2", "assumption": "演示约定"}]
    cement = await publish_set(world, api, key_industry="cement", levels=levels)
    key, other, plain = new_id(), new_id(), new_id()
    await world.apply(
        world.admitted(key, key_industry="cement"),
        world.admitted(other, key_industry="tyres"),
        world.admitted(plain),
    )
    used = {}
    for one in (key, other, plain):
        ((_, event),) = await world.published(one)
        used[one] = (event.benchmark_set_id, any("重点行业尚未单独发布" in reason for reason in event.reasons))
    assert used == {key: (cement, False), other: (general, True), plain: (general, False)}
    await world.apply(world.marked(plain, 1, {}, ruling="cement"))
    assert (await world.published(plain))[-1][1].benchmark_set_id == cement


async def test_a_new_set_changes_no_sheet_until_somebody_asks(world: World, api: httpx.AsyncClient) -> None:
    former = await publish_set(world, api)
    one = new_id()
    await world.apply(world.admitted(one), world.progressed(one, 1, "cq.yubei", "", "cq", "miit"))
    body = world.set_body()
    body["levels"][0] |= {"lead": "0.01"}  # type: ignore[index]
    newer = await publish_set(world, api, levels=body["levels"])
    states = {s["id"]: s["state"] for s in (await api.get("/benchmark-sets", headers=as_("steward"))).json()["items"]}
    assert states == {former: "superseded", newer: "published"}
    assert len(await world.sheets(one)) == 1
    asked = await api.post(f"/sheets/{one}/revisions", json={"reason": "引领值已更新"}, headers=as_("approver"))
    assert asked.status_code == 201, asked.text
    assert asked.json() == {"round": 1, "revision": 2, "new": True}
    assert asked.headers["event-position"] == f"scoring.sheets/{one}/2"
    assert [scored_from(s.published).benchmark_set_id for s in await world.sheets(one)] == [former, newer]
    again = await api.post(f"/sheets/{one}/revisions", json={"reason": "再来一次"}, headers=as_("approver"))
    assert again.json() == {"round": 1, "revision": 2, "new": False}


async def test_a_value_that_is_no_decimal_is_poison(world: World) -> None:
    event = world.admitted(new_id())
    row = next(row for row in event.message.facts if row.code == "energy_total" and row.year == 2024)  # type: ignore[attr-defined]
    row.decimal = "1e5"
    with pytest.raises(Poison):
        await world.apply(event)


async def test_who_may_see_a_sheet(world: World, api: httpx.AsyncClient) -> None:
    one = new_id()
    await world.apply(world.admitted(one))

    async def seen_by() -> set[str]:
        answers = {
            name: (await api.get(f"/sheets/{one}", headers=as_(name))).status_code
            for name in ("applicant", "rival", "nobody", "reviewer", "stranger", "approver", "partner", "far-partner")
        }
        assert set(answers.values()) <= {200, 404}
        return {name for name, status in answers.items() if status == 200}

    assert await seen_by() == {"applicant", "partner"}
    await world.apply(world.progressed(one, 1, "cq.yubei", "", "cq", "miit"))
    assert await seen_by() == {"applicant", "partner", "reviewer", "approver"}
    # Another superior in the next round: the former authorities no longer see it.
    await world.apply(world.admitted(one, 2, superior="gd.guangzhou"))
    await world.apply(world.progressed(one, 2, "", "gd.guangzhou", "gd", "miit"))
    assert await seen_by() == {"applicant", "stranger", "approver", "far-partner"}


async def test_a_sheet_shows_what_each_line_was_computed_from(world: World, api: httpx.AsyncClient) -> None:
    await publish_set(world, api)
    one = new_id()
    await world.apply(world.admitted(one))
    await world.apply(world.marked(one, 1, {"green_design": "6"}))
    answer = (await api.get(f"/sheets/{one}", headers=as_("applicant"))).json()
    assert [item["revision"] for item in answer["items"]] == [1, 2]
    sheet = answer["items"][1]
    energy = sheet["lines"][0]
    assert [(i["code"], i["year"], i["value"]) for i in energy["inputs"]] == [
        ("energy_total", 2024, "7120.35"),
        ("energy_feedstock", 2024, "398.1"),
        ("output_value", 2024, "54120.9"),
    ]
    assert energy["branch"] == "between"
    assert len(sheet["lines"][9]["inputs"]) == 6
    assert sheet["dimensions"][3] == {"code": "green_products", "name": "产品绿色化", "weight": "16", "points": "6"}


async def test_a_sheet_can_be_recomputed_from_itself_alone(world: World, api: httpx.AsyncClient) -> None:
    await publish_set(world, api)
    one = new_id()
    facts = factory_facts() | {("water_reuse", 2024, "m3"): factory_facts()[("water_reuse", 2024, "m3")]}
    await world.apply(world.admitted(one, facts=facts))
    await world.apply(world.marked(one, 1, {"green_design": "6"}))
    sheet = (await api.get(f"/sheets/{one}", headers=as_("applicant"))).json()["items"][1]
    good = await api.post("/verify", json=sheet, headers=as_("rival"))
    assert good.json() == {"equal": True, "differences": []}, good.text
    sheet["lines"][0]["points"] = "7.5"
    sheet["total"] = "99"
    bad = (await api.post("/verify", json=sheet, headers=as_("rival"))).json()
    assert [d["pointer"] for d in bad["differences"]] == ["/lines/energy_intensity/points", "/total"]
    unknown = await api.post("/verify", json=sheet | {"ruleset_id": "nowhere"}, headers=as_("rival"))
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["pointer"] == "/ruleset_id"


@pytest.mark.rule("N25-avg")
async def test_the_average_of_listed_units_of_a_region(world: World, api: httpx.AsyncClient) -> None:
    await publish_set(world, api)
    list_id = "national:miit:factory"
    listed, better, elsewhere, unlisted = (new_id() for _ in range(4))
    points: dict[UUID, str] = {}
    for unit, superior, share in (
        (listed, "cq.yubei", "300"),
        (better, "cq", "900"),
        (elsewhere, "gd.guangzhou", "900"),
        (unlisted, "cq", "900"),
    ):
        one = new_id()
        facts = factory_facts() | {("renewable_self", 2024, "tce"): share}
        await world.apply(world.admitted(one, unit_id=unit, kind="benchmark", superior=superior, facts=facts))
        points[unit] = (await world.published(one))[-1][1].total
        if unit != unlisted:
            await world.apply(world.listed(unit, list_id))
    query = {"campaign_id": str(world.campaign_id), "category": "factory", "authority": "cq", "list_id": list_id}
    answer = (await api.get("/averages", params=query, headers=as_("reviewer"))).json()
    assert answer["count"] == 2
    assert float(answer["points"]) == pytest.approx((float(points[listed]) + float(points[better])) / 2)
    assert (await api.get("/averages", params=query, headers=as_("stranger"))).status_code == 404
    assert (await api.get("/averages", params=query, headers=as_("applicant"))).status_code == 403
    await world.apply(world.listed(better, list_id, listed=False))
    soon = (await api.get("/averages", params=query, headers=as_("reviewer"))).json()
    assert (soon["count"], soon["as_of"]) == (2, answer["as_of"]), "kept for a while, and says as of when"
    clock = world.parts.database.clock
    clock.set_offset(clock.offset + KEPT)
    later = (await api.get("/averages", params=query, headers=as_("reviewer"))).json()
    assert later["count"] == 1
    assert later["as_of"] > answer["as_of"]


@pytest.mark.rule("N25-A1")
async def test_a_sheet_says_which_products_conditions_and_years_are_behind_it(
    world: World, api: httpx.AsyncClient
) -> None:
    await publish_set(world, api)
    one = new_id()
    event = world.admitted(one, facts=factory_facts() | {("excl_accident", 0, ""): True})
    for key, value in (
        (("product_energy", 2024, "tce"), "103"),
        (("product_output", 2024, "t"), "1000"),
        (("product_limit", 0, ""), ("clinker_energy",)),
    ):
        row = event.message.facts.add()  # type: ignore[attr-defined]
        row.CopyFrom(fact(key, value))
        row.product = "熟料"
    await world.apply(event)
    ((_, scored),) = await world.published(one)
    assert (scored.lines[0].branch, scored.lines[0].points) == ("by_product", "4.571428571429")
    assert not scored.lines[0].HasField("lead")
    assert "no_accident" in {gate.code for gate in scored.open_gates}
    sheet = (await api.get(f"/sheets/{one}", headers=as_("applicant"))).json()["items"][0]
    assert sheet["derivations"][0]["products"][0]["standard"] == "GB 16780-2021"
    assert {gate["code"]: gate["state"] for gate in sheet["open_gates"]}["no_accident"] == "not_met"
    assert [at["year"] for at in sheet["history"][0]["years"]] == [2022, 2023, 2024]
    checked = await api.post("/verify", json=sheet, headers=as_("rival"))
    assert checked.json() == {"equal": True, "differences": []}, checked.text


@pytest.mark.rule("N25-53")
async def test_a_reviewer_may_rule_that_the_general_rules_apply(world: World, api: httpx.AsyncClient) -> None:
    general = await publish_set(world, api)
    levels = [{"indicator": "energy_intensity", "lead": "2.8", "baseline": "3.2", "assumption": "演示约定"}]
    cement = await publish_set(world, api, key_industry="cement", levels=levels)
    one = new_id()
    await world.apply(world.admitted(one, key_industry="cement"))
    await world.apply(world.marked(one, 1, {}, ruling="general"))
    assert [event.benchmark_set_id for _, event in await world.published(one)] == [cement, general]


@pytest.mark.rule("N23-SC")
@pytest.mark.parametrize(("industry", "ruleset"), [("3921", "supply-chain-electronics"), ("3411", "")])
async def test_the_general_rules_may_be_ruled_where_tables_go_by_class(
    world: World, industry: str, ruleset: str
) -> None:
    """A class alone sends a unit to electronics, or to machinery, which has no table; a ruling goes before."""
    base, one = "national/2023/n23", new_id()
    facts, _ = facts_of("national/2023/n23/supply-chain")
    await world.apply(world.admitted(one, category="supply_chain", base=base, industries=[industry], facts=facts))
    await world.apply(world.marked(one, 1, {}, ruling="general"))
    by_class, ruled = [event for _, event in await world.published(one)]
    assert by_class.ruleset_id == (f"{base}/{ruleset}" if ruleset else "")
    assert ruled.ruleset_id == f"{base}/supply-chain"
    await world.apply(world.marked(one, 1, {}, ruling="electronics"))
    assert (await world.published(one))[-1][1].ruleset_id == f"{base}/supply-chain-electronics"


@pytest.mark.rule("N25-bench")
async def test_a_listed_units_self_evaluation_is_scored_by_the_same_table(world: World, api: httpx.AsyncClient) -> None:
    await publish_set(world, api)
    applied, evaluated, filed = new_id(), new_id(), new_id()
    await world.apply(
        world.admitted(applied), world.admitted(evaluated, kind="benchmark"), world.admitted(filed, kind="dynamic_form")
    )
    found = {one: (await world.published(one))[-1][1] for one in (applied, evaluated, filed)}
    assert found[applied].total == found[evaluated].total != ""
    assert found[applied].ruleset_hash == found[evaluated].ruleset_hash
    assert not found[filed].HasField("total"), "the yearly form of the dynamic management is no self-evaluation"


@pytest.mark.rule("GD-16-std")
@pytest.mark.parametrize(
    ("category", "industry", "ruleset"),
    [
        ("factory", "3011", "factory"),
        ("supply_chain", "3921", "supply-chain-electronics"),
        ("supply_chain", "1713", "supply-chain"),
    ],
)
async def test_an_industry_with_a_standard_of_its_own_is_scored_by_it_and_others_by_the_general_one(
    world: World, category: str, industry: str, ruleset: str
) -> None:
    base, one = "unnamed-province/2024/rules", new_id()
    await world.apply(world.admitted(one, category=category, base=base, industries=[industry]))
    assert (await world.published(one))[-1][1].ruleset_id == f"{base}/{ruleset}"
