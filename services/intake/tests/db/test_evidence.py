"""Evidence: streamed, content-addressed, checked, served as attachments to those who may see it."""

import httpx
import pytest

from services.intake.tests.samples import PDF, jpeg, packed, pdf
from services.intake.tests.world import World, applicant, official

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
        content=pdf("private"),
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


async def test_a_preview_is_framed_by_ourselves_alone_and_sandboxed(world: World) -> None:
    campaign = await world.campaign()
    unit = await world.unit()
    draft = await world.draft(unit, campaign)
    who = applicant(unit["uscc"])
    shown = (await world.upload(who, draft["id"], "footprint_report")).json()
    async with world.browser(who) as browser:
        got = await browser.get(f"/intake/ui/evidence/{shown['id']}/view")
        assert (got.status_code, got.content) == (200, PDF)
        assert got.headers["content-type"] == "application/pdf"
        assert got.headers["content-disposition"].startswith("inline; ")
        assert got.headers["content-security-policy"].startswith("sandbox; default-src 'none'; ")
        assert "frame-ancestors 'self'" in got.headers["content-security-policy"]
        assert (got.headers["x-frame-options"], got.headers["x-content-type-options"]) == ("SAMEORIGIN", "nosniff")
        assert got.headers["cache-control"] == "private, no-store"
        # The download stays an attachment that nobody can frame.
        got = await browser.get(f"/intake/ui/evidence/{shown['id']}")
        assert got.headers["content-disposition"].startswith("attachment; ")
        assert got.headers["x-frame-options"] == "DENY"
        # What a browser cannot show safely is never inline.
        sheet = await world.http.put(
            f"/intake/v1/evidence/units/{unit['id']}",
            params={"name": "台账.xlsx"},
            content=packed("xl/workbook.xml"),
            headers=world.callers.bearer(who),
        )
        got = await browser.get(f"/intake/ui/evidence/{sheet.json()['id']}/view")
        assert got.headers["content-disposition"].startswith("attachment; ")
    for stranger in (applicant("another"), official("cq.yubei"), official("gd")):
        async with world.browser(stranger) as browser:
            assert (await browser.get(f"/intake/ui/evidence/{shown['id']}/view")).status_code == 404
    anonymous = await world.http.get(f"/intake/ui/evidence/{shown['id']}/view")
    assert (anonymous.status_code, anonymous.headers["location"].split("?")[0]) == (303, "/intake/ui/login")


async def test_name_type_and_slot_must_fit_the_content(world: World) -> None:
    campaign = await world.campaign()
    unit = await world.unit()
    draft = await world.draft(unit, campaign)
    headers = world.callers.bearer(applicant(unit["uscc"]))
    path = f"/intake/v1/evidence/submissions/{draft['id']}/footprint_report"

    async def put(name: str, content: bytes, declared: str = "application/octet-stream") -> httpx.Response:
        return await world.http.put(
            path, params={"name": name}, content=content, headers={**headers, "content-type": declared}
        )

    assert (await put("a.png", PDF)).json()["code"] == "name_disagrees"
    assert (await put("a.pdf", PDF, "text/html")).json()["code"] == "type_disagrees"
    assert (await put("a.xlsx", packed("xl/workbook.xml"))).json()["code"] == "type_not_for_slot"
    assert (await put("x" * 300 + ".pdf", PDF)).status_code == 422
    assert (await put("a\x00.pdf", PDF)).status_code == 422
    assert not await world.rows("select 1 from evidence")


@pytest.mark.rule("DM-export")
async def test_a_scan_of_another_content_is_refused(world: World) -> None:
    campaign = await world.campaign()
    unit = await world.unit()
    form = await world.verified(unit, await world.draft(unit, campaign))
    who = applicant(unit["uscc"])

    async def scan(printed_from: str) -> httpx.Response:
        return await world.http.put(
            f"/intake/v1/evidence/submissions/{form['id']}/sealed_scan",
            params={"name": "scan.pdf", "content_hash": printed_from},
            content=PDF,
            headers=world.callers.bearer(who),
        )

    refused = await scan("0" * 64)
    assert (refused.status_code, refused.json()["code"]) == (422, "printed_from_other_content")
    assert (await scan(form["content_hash"])).status_code == 201
