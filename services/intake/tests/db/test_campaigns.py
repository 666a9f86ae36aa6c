"""Campaigns: opened under a policy in force, dates on the record, closed with control totals."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from services.intake.tests.samples import OPENING, POLICY, plain
from services.intake.tests.world import World, applicant, official, partner, uscc

pytestmark = pytest.mark.db
MIIT, CQ, GD = (official(authority, "steward") for authority in ("miit", "cq", "gd"))
BASE_CLOSE = datetime(2025, 11, 7, 16, 0, tzinfo=UTC)


@pytest.mark.rule("GD-32")
async def test_a_campaign_opens_only_under_a_policy_in_force(world: World) -> None:
    body = {"name": "c", "year": 2025, "policy": POLICY, "categories": ["factory"], "kinds": ["application"]}
    announced = await world.call(MIIT, "POST", "/campaigns", body)
    policy = world.intake.policies.book.policy(POLICY)
    if policy.valid_to is not None:
        world.pass_time(timedelta(days=(policy.valid_to - OPENING.date()).days + 1))
        refused = await world.call(
            MIIT, "POST", f"/campaigns/{announced.json()['id']}/open", {}, If_Match=announced.headers["etag"]
        )
        assert (refused.status_code, refused.json()["rule"]) == (422, "GD-32")
    path = f"/campaigns/{announced.json()['id']}/open"
    assert (await world.call(CQ, "POST", path, {}, If_Match='"1"')).status_code == 404
    assert (await world.call(applicant("x"), "POST", path, {}, If_Match='"1"')).status_code == 403
    renewed = await world.call(MIIT, "POST", path, {"renewal_document": "工信部延期〔2026〕1号"}, If_Match='"1"')
    assert renewed.json()["state"] == "open"
    twice = await world.call(MIIT, "POST", path, {}, If_Match=renewed.headers["etag"])
    assert twice.status_code == 409
    events = await world.published(announced.json()["id"])
    assert [number for number, _, _ in events] == [1, 2]
    windows = {(w.act, w.authority): w.closes_at.ToDatetime(tzinfo=UTC) for w in events[-1][2].windows}
    assert windows["submit", "miit"] == BASE_CLOSE
    assert windows["submit", "cq"] == BASE_CLOSE - timedelta(days=4)


@pytest.mark.rule("GD-3")
async def test_a_campaign_runs_only_what_its_policy_knows(world: World) -> None:
    body = {"name": "c", "year": 2025, "policy": POLICY, "categories": ["supply_chain"], "kinds": ["application"]}
    refused = await world.call(MIIT, "POST", "/campaigns", body)
    assert refused.json()["errors"][0]["pointer"] == "/categories/0"
    unknown = await world.call(MIIT, "POST", "/campaigns", body | {"policy": "no/such/policy"})
    assert unknown.status_code == 422


@pytest.mark.rule("N25-dates")
async def test_who_set_a_date_extends_it_and_lower_levels_only_tighten(world: World) -> None:
    campaign = await world.campaign()
    path = f"/campaigns/{campaign}/dates"

    def date(closes_at: datetime) -> dict[str, str]:
        return {"act": "submit", "closes_at": closes_at.isoformat(), "document": "渝经信〔2025〕9号"}

    later = await world.call(CQ, "POST", path, date(BASE_CLOSE + timedelta(seconds=1)))
    assert (later.status_code, later.json()["code"]) == (422, "date_not_allowed")
    assert (await world.call(GD, "POST", path, date(BASE_CLOSE + timedelta(days=1)))).status_code == 422
    extended = await world.call(CQ, "POST", path, date(BASE_CLOSE))
    assert extended.status_code == 201, extended.text
    assert extended.json()["dates"][0]["extends"] is True
    assert (await world.call(MIIT, "POST", path, date(BASE_CLOSE + timedelta(days=7)))).status_code == 201
    assert (await world.call(official("cq"), "POST", path, date(BASE_CLOSE))).status_code == 403
    extensions = (await world.published(campaign))[-1][2].extensions
    assert [(one.authority, one.document, one.person) for one in extensions] == [
        ("cq", "渝经信〔2025〕9号", CQ.subject),
        ("miit", "渝经信〔2025〕9号", MIIT.subject),
    ]
    # Both ways in go by the extended date of the unit's own line.
    unit = await world.unit()
    await world.listed(unit["id"])
    world.pass_time(BASE_CLOSE - world.intake.runtime.clock.now() - timedelta(seconds=30))
    call = {"campaign_id": campaign, "kind": "application", "unit_id": unit["id"], **plain()}
    admitted = await world.call(partner("cq"), "POST", "/partner/submissions", call)
    assert admitted.status_code == 201, admitted.text
    world.pass_time(timedelta(seconds=31))
    other = await world.unit()
    await world.listed(other["id"])
    late = await world.call(partner("cq"), "POST", "/partner/submissions", call | {"unit_id": other["id"]})
    assert late.json()["code"] == "window_closed"
    south = await world.unit("gd.guangzhou.huangpu", uscc=uscc("440112"))
    call = call | {"unit_id": south["id"]}
    assert (await world.call(partner("gd"), "POST", "/partner/submissions", call)).status_code == 201


@pytest.mark.rule("N25-dates")
async def test_the_same_date_again_only_tells_of_the_campaign_anew(world: World) -> None:
    """What docs/runbooks/upgrade.md asks for where a projection has not heard of the campaign's owner."""
    campaign = await world.campaign()
    before = (await world.published(campaign))[-1]
    body = {"act": "submit", "closes_at": BASE_CLOSE.isoformat(), "document": "工信厅节函〔2025〕390号"}
    again = await world.call(MIIT, "POST", f"/campaigns/{campaign}/dates", body)
    assert (again.status_code, again.json()["dates"][0]["extends"]) == (201, False)
    number, kind, told = (await world.published(campaign))[-1]
    assert (number, kind, told.owner) == (before[0] + 1, "CampaignChanged", "miit")
    assert told.windows == before[2].windows
    world.pass_time(BASE_CLOSE - world.intake.runtime.clock.now())
    await world.intake.close_campaigns(world.intake.runtime.clock.now())
    late = await world.call(MIIT, "POST", f"/campaigns/{campaign}/dates", body)
    assert (late.status_code, late.json()["code"]) == (409, "campaign_not_open")


async def test_a_closed_campaign_sends_its_control_totals(world: World) -> None:
    campaign = await world.campaign()
    forms = [await world.submitted(campaign), await world.submitted(campaign)]
    await world.intake.close_campaigns(world.intake.runtime.clock.now())
    assert (await world.published(campaign))[-1][1] == "CampaignChanged"
    world.pass_time(timedelta(days=30))
    await asyncio.gather(*(world.intake.close_campaigns(world.intake.runtime.clock.now()) for _ in range(3)))
    events = await world.published(campaign)
    assert [kind for _, kind, _ in events[-2:]] == ["CampaignChanged", "CampaignClosed"]
    assert len([kind for _, kind, _ in events if kind == "CampaignClosed"]) == 1
    (total,) = events[-1][2].totals
    lines = "\n".join(sorted(f"{form['id']}:1" for _, form in forms))
    assert (total.kind, total.authority, total.admitted) == ("application", "cq.yubei", 2)
    assert total.digest == hashlib.sha256(lines.encode()).hexdigest()
    unit = await world.unit()
    body = {"unit_id": unit["id"], "campaign_id": campaign, "kind": "application"}
    late = await world.call(applicant(unit["uscc"]), "POST", "/submissions", body)
    assert late.json()["code"] == "campaign_not_open"


@pytest.mark.rule("N25-dates")
@pytest.mark.parametrize("first", ["admission", "closing"])
async def test_admission_and_closing_in_either_order(world: World, first: str) -> None:
    """The closing waits for an admission in flight and counts it; an admission that comes after finds it closed."""
    from gf_intake.adapters.repository import Repository

    campaign = await world.campaign()
    unit, form = await world.ready(campaign)
    if first == "closing":
        world.pass_time(timedelta(days=30))
        await world.intake.close_campaigns(world.intake.runtime.clock.now())
        assert (await world.submit(unit, form)).json()["code"] == "campaign_not_open"
        return
    async with world.intake.database.unit_of_work() as holding:
        await Repository(holding.session).campaign(_id(campaign), share=True)
        admitted = await world.submit(unit, form)  # shares the campaign with others
        assert admitted.status_code == 200
        world.pass_time(timedelta(days=30))
        closing = asyncio.create_task(world.intake.close_campaigns(world.intake.runtime.clock.now()))
        await asyncio.sleep(0.2)
        assert not closing.done()
    await closing
    (total,) = (await world.published(campaign))[-1][2].totals
    assert total.admitted == 1


async def test_the_tick_holds_up_no_admission_of_a_running_campaign(world: World) -> None:
    """It waits for nobody while nothing is over: whoever waits for the lock would have admissions wait behind it."""
    from gf_intake.adapters.repository import Repository

    campaign = await world.campaign()
    async with world.intake.database.unit_of_work() as admitting:
        await Repository(admitting.session).campaign(_id(campaign), share=True)
        await asyncio.wait_for(world.intake.close_campaigns(world.intake.runtime.clock.now()), 5)


def _id(text: str) -> object:
    from uuid import UUID

    return UUID(text)


async def test_the_form_describes_itself(world: World) -> None:
    campaign = await world.campaign()
    who = applicant("x")
    form = (await world.call(who, "GET", f"/forms/{campaign}/factory/application?superior=cq.yubei")).json()
    rows = {row["code"]: row for section in form["sections"] for row in section["rows"]}
    assert rows["energy_total"]["units"]["kgce"] == "0.001"
    assert rows["energy_total"]["years"] == [2022, 2023, 2024]
    assert {slot["code"] for slot in form["evidence_slots"]} >= {"sealed_scan", "footprint_report"}
    assert form["preconditions"][0]["rule"] == "CQ-pre"
    assert len(form["exclusions"]) == 6
    checked = await world.call(who, "POST", f"/forms/{campaign}/factory/application/check", {"values": []})
    assert checked.json()["errors"]
    assert (await world.call(who, "GET", f"/forms/{campaign}/park/application")).status_code == 404
