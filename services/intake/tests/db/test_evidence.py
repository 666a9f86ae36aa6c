"""Evidence: streamed, content-addressed, checked, served as attachments to those who may see it."""

import pytest

from services.intake.tests.world import PDF, World, applicant, jpeg, official, packed

pytestmark = [pytest.mark.db, pytest.mark.rule("N25-evid")]


async def test_a_file_lies_under_its_hash_and_comes_back_as_an_attachment(world: World) -> None:
    campaign = await world.campaign()
    unit = await world.unit()
    draft = await world.draft(unit, campaign)
    who = applicant(unit["uscc"])
    name = '../../碳足迹"报告\\.pdf'
    stored = await world.http.put(
        f"/intake/v1/evidence/submissions/{draft['id']}/footprint_report",
        params={"name": name},
        content=PDF,
        headers=world.callers.bearer(who),
    )
    assert stored.status_code == 201, stored.text
    view = stored.json()
    assert (view["media_type"], view["size_bytes"], view["name"]) == ("application/pdf", len(PDF), name)
    assert (world.evidence / view["sha256"][:2] / view["sha256"]).read_bytes() == PDF
    got = await world.call(who, "GET", f"/evidence/{view['id']}")
    assert got.content == PDF
    assert got.headers["content-disposition"].startswith("attachment; ")
    assert "/" not in got.headers["content-disposition"].replace("%2F", "")
    assert got.headers["x-content-type-options"] == "nosniff"
    # The same file again is the same evidence.
    again = await world.http.put(
        f"/intake/v1/evidence/submissions/{draft['id']}/footprint_report",
        params={"name": name},
        content=PDF,
        headers=world.callers.bearer(who),
    )
    assert again.json()["id"] == view["id"]
    assert len(await world.rows("select 1 from attachment where removed_at is null")) == 1
    path = f"/evidence/submissions/{draft['id']}/footprint_report/{view['id']}"
    assert (await world.call(who, "DELETE", path)).status_code == 204
    assert (await world.call(who, "DELETE", path)).status_code == 404


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "empty"),
        (b"<script>alert(1)</script>", 422, "media_type"),
        (packed("a.txt"), 422, "media_type"),
        (PDF[:30], 422, "damaged"),
        (PDF + b"x" * (64 * 1024) + b"%%EOF", 413, None),
    ],
)
async def test_what_is_no_evidence_is_refused_and_not_kept(
    world: World, data: bytes, status: int, code: str | None
) -> None:
    unit = await world.unit()
    answer = await world.http.put(
        f"/intake/v1/evidence/units/{unit['id']}",
        params={"name": "x.pdf"},
        content=data,
        headers=world.callers.bearer(applicant(unit["uscc"])),
    )
    assert answer.status_code == status, answer.text
    assert code is None or answer.json()["code"] == code
    assert not [path for path in world.evidence.rglob("*") if path.is_file()]
    assert not await world.rows("select 1 from evidence")


async def test_a_slot_must_exist_and_a_submitted_form_takes_nothing(world: World) -> None:
    campaign = await world.campaign()
    unit, form = await world.ready(campaign)
    who = applicant(unit["uscc"])
    assert (await world.upload(who, form["id"], "no_such_slot")).json()["code"] == "unknown_slot"
    assert (await world.submit(unit, form)).status_code == 200
    late = await world.upload(who, form["id"], "footprint_report", jpeg())
    assert (late.status_code, late.json()["code"]) == (409, "illegal_transition")


@pytest.mark.rule("DM-export")
async def test_a_scan_needs_a_verified_form_to_be_printed_from(world: World) -> None:
    campaign = await world.campaign()
    unit = await world.unit()
    draft = await world.draft(unit, campaign)
    refused = await world.upload(applicant(unit["uscc"]), draft["id"], "sealed_scan")
    assert (refused.status_code, refused.json()["rule"]) == (409, "DM-export")


async def test_reviewers_read_what_their_round_carried_and_no_more(world: World) -> None:
    campaign = await world.campaign()
    unit, form = await world.submitted(campaign)
    who = applicant(unit["uscc"])
    read = (await world.call(who, "GET", f"/submissions/{form['id']}")).json()
    carried = read["evidence"][0]["id"]
    other = await world.http.put(
        f"/intake/v1/evidence/units/{unit['id']}",
        params={"name": "private.pdf"},
        content=PDF + b" %%EOF",
        headers=world.callers.bearer(who),
    )
    county = official("cq.yubei")
    assert (await world.call(county, "GET", f"/evidence/{carried}")).status_code == 404
    await world.under_review(form["id"])
    assert (await world.call(county, "GET", f"/evidence/{carried}")).status_code == 200
    assert (await world.call(county, "GET", f"/evidence/{other.json()['id']}")).status_code == 404
    for stranger in (official("cq.liangjiang"), official("gd"), applicant("someone")):
        assert (await world.call(stranger, "GET", f"/evidence/{carried}")).status_code == 404
    # What is added to the form after it was withdrawn is not theirs to see.
    await world.call(who, "POST", f"/submissions/{form['id']}/withdraw", {"reason": ""})
    await world.answered(form["id"], granted=True)
    added = await world.upload(who, form["id"], "footprint_report", jpeg())
    assert added.status_code == 201
    assert (await world.call(county, "GET", f"/evidence/{added.json()['id']}")).status_code == 404
