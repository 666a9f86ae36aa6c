"""From the draft to the admission, step by step over HTTP."""

import pytest

from services.intake.tests.samples import content
from services.intake.tests.world import World, applicant

pytestmark = pytest.mark.db


@pytest.mark.rule("N25-self")
async def test_a_factory_fills_verifies_and_submits(world: World) -> None:
    campaign = await world.campaign()
    unit, admitted = await world.submitted(campaign)

    assert admitted["state"] == "submitted"
    assert admitted["number"].startswith("application-2025-cq.yubei-")
    ((number, kind, message),) = await world.published(admitted["id"])
    assert (number, kind) == (1, "SubmissionAdmitted")
    assert message.unit.superior_authority == "cq.yubei"
    assert message.unit.uscc == unit["uscc"]
    assert message.content_hash == admitted["content_hash"]
    facts = {(fact.code, fact.year): fact for fact in message.facts}
    assert facts["energy_total", 2024].decimal == "5740"
    assert list(facts["ecms_functions", 0].codes.codes)[:2] == ["query", "intensity"]
    assert facts["excl_accident", 0].flag is False
    assert {ref.slot for ref in message.evidence} >= {"sealed_scan", "footprint_report"}
    assert [ref.id for ref in message.policies] == ["national/2025/n25", "cq/2025/n25"]


@pytest.mark.rule("DM-draft")
async def test_a_draft_is_saved_any_number_of_times_but_only_a_verified_form_is_submitted(world: World) -> None:
    campaign = await world.campaign()
    unit = await world.unit()
    draft = await world.draft(unit, campaign)
    who = applicant(unit["uscc"])
    for index in range(3):
        form = {"values": [{"code": "land_area", "value": str(index), "unit": "m2"}]}
        saved = await world.call(
            who, "PUT", f"/submissions/{draft['id']}/content", form, If_Match=f'"{draft["version"]}"'
        )
        assert saved.status_code == 200, saved.text
        draft = saved.json()
    assert draft["state"] == "draft"
    assert draft["form_version"] == 3
    versions = await world.rows("select version, content from form_version order by version")
    assert [version for version, _ in versions] == [1, 2, 3]

    refused = await world.submit(unit, draft)
    assert refused.status_code == 409
    assert refused.json()["code"] == "not_verified"
    assert refused.json()["rule"] == "DM-draft"

    assert (await world.verified(unit, draft, content()))["label"] == "填写中(已通过验证)"
