"""After 上报: withdrawal, return, terms, closing, other superiors; the races that intake decides, in both orders."""

import asyncio
from datetime import timedelta

import pytest

from services.intake.tests.samples import OPENING, content
from services.intake.tests.world import World, applicant, official

pytestmark = pytest.mark.db
STEWARD = official("miit", "steward")


@pytest.mark.rule("DM-withdraw")
async def test_a_withdrawal_waits_for_the_answer_and_opens_the_next_round(world: World) -> None:
    campaign = await world.campaign()
    unit, form = await world.submitted(campaign)
    who = applicant(unit["uscc"])

    asking = asyncio.create_task(
        world.call(who, "POST", f"/submissions/{form['id']}/withdraw", {"reason": "数据有误"}, key="withdraw-1")
    )
    await world.until("select 1 from submission where state = 'withdrawing'")
    frozen = await world.call(
        who, "PUT", f"/submissions/{form['id']}/content", content(), If_Match=f'"{form["version"] + 1}"'
    )
    assert frozen.status_code == 409
    await world.answered(form["id"], granted=True)
    answer = await asking
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["round"]) == ("draft", 2)
    assert [kind for _, kind, _ in await world.published(form["id"])] == ["SubmissionAdmitted", "WithdrawalRequested"]

    # The content stays; verified, sealed and submitted again it is the next round.
    read = await world.call(who, "GET", f"/submissions/{form['id']}")
    assert read.json()["content"] == content()
    again = await world.verified(unit, read.json())
    submitted = await world.submit(unit, again)
    assert submitted.status_code == 200, submitted.text
    number, kind, message = (await world.published(form["id"]))[-1]
    assert (number, kind, message.round) == (3, "SubmissionAdmitted", 2)
    # The same key asks for the same thing: its first answer again, no second withdrawal.
    repeated = await world.call(
        who, "POST", f"/submissions/{form['id']}/withdraw", {"reason": "数据有误"}, key="withdraw-1"
    )
    assert repeated.headers["idempotent-replayed"] == "true"
    assert (await world.rows("select state from submission"))[0][0] == "submitted"


@pytest.mark.rule("DM-withdraw")
async def test_without_an_answer_in_time_the_address_to_ask_is_given(world: World) -> None:
    campaign = await world.campaign()
    unit, form = await world.submitted(campaign)
    who = applicant(unit["uscc"])
    answer = await world.call(who, "POST", f"/submissions/{form['id']}/withdraw", {"reason": ""})
    assert answer.status_code == 202
    assert answer.json()["state"] == "withdrawing"
    await world.answered(form["id"], granted=False)
    status = await world.call(who, "GET", answer.headers["location"].removeprefix("/intake/v1"))
    assert status.json()["state"] == "submitted"


@pytest.mark.rule("DM-superior")
async def test_a_wrong_superior_is_corrected_by_withdrawing(world: World) -> None:
    campaign = await world.campaign()
    unit, form = await world.submitted(campaign)
    await world.under_review(form["id"])
    who, old, new = applicant(unit["uscc"]), official("cq.yubei"), official("cq.liangjiang")
    changed = {name: unit[name] for name in ("name", "uscc", "industries", "region")} | {"superior": "cq.liangjiang"}

    frozen = await world.call(who, "PUT", f"/units/{unit['id']}/profile", changed, If_Match='"1"')
    assert (frozen.status_code, frozen.json()["rule"]) == (409, "DM-superior")
    assert (await world.call(old, "GET", f"/submissions/{form['id']}")).status_code == 200

    await world.call(who, "POST", f"/submissions/{form['id']}/withdraw", {"reason": "主管部门选错"})
    await world.answered(form["id"], granted=True)
    moved = await world.call(who, "PUT", f"/units/{unit['id']}/profile", changed, If_Match='"1"')
    assert moved.status_code == 200, moved.text
    draft = (await world.call(who, "GET", f"/submissions/{form['id']}")).json()
    submitted = await world.submit(unit, await world.verified(unit, draft))
    assert submitted.json()["superior"] == "cq.liangjiang"
    # At once, before review has said anything about the new round.
    assert (await world.call(old, "GET", f"/submissions/{form['id']}")).status_code == 404
    await world.progressed(
        form["id"], 2, (1, "county", "cq.liangjiang", "in_review"), (3, "province", "cq", "not_started")
    )
    assert (await world.call(old, "GET", f"/submissions/{form['id']}")).status_code == 404
    assert (await world.call(new, "GET", f"/submissions/{form['id']}")).status_code == 200


@pytest.mark.rule("return")
@pytest.mark.rule("N25-dates")
async def test_a_correction_is_bound_by_its_term_not_by_the_window(world: World) -> None:
    campaign = await world.campaign()
    unit, form = await world.submitted(campaign)
    who = applicant(unit["uscc"])
    term = OPENING + timedelta(days=40)
    await world.returned(form["id"], term)
    read = (await world.call(who, "GET", f"/submissions/{form['id']}")).json()
    assert read["correction"]["findings"][0]["pointer"] == "/values/3/value"
    world.pass_time(timedelta(days=39))  # the window of the campaign is over
    submitted = await world.submit(unit, await world.verified(unit, read))
    assert submitted.status_code == 200, submitted.text
    await world.intake.drop_overdue(world.intake.runtime.clock.now())
    assert (await world.rows("select state from submission"))[0][0] == "submitted"


@pytest.mark.rule("return")
async def test_what_does_not_come_back_in_its_term_is_dropped(world: World) -> None:
    campaign = await world.campaign()
    unit, form = await world.submitted(campaign)
    await world.returned(form["id"], OPENING + timedelta(days=10))
    draft = (await world.call(applicant(unit["uscc"]), "GET", f"/submissions/{form['id']}")).json()
    verified = await world.verified(unit, draft)
    world.pass_time(timedelta(days=10))
    # Before the tick has come round the term is over all the same.
    late = await world.submit(unit, verified)
    assert (late.status_code, late.json()["code"]) == (409, "term_over")
    await world.intake.drop_overdue(world.intake.runtime.clock.now())
    await world.intake.drop_overdue(world.intake.runtime.clock.now())
    events = await world.published(form["id"])
    assert [kind for _, kind, _ in events] == ["SubmissionAdmitted", "SubmissionDropped"]
    assert events[-1][2].round == 2


@pytest.mark.rule("return")
async def test_correction_and_term_at_the_same_time_only_one_wins(world: World) -> None:
    """Both under the row's lock: whoever comes first, the other finds it decided."""
    campaign = await world.campaign()
    for index in range(4):
        unit, form = await world.submitted(campaign)
        await world.returned(form["id"], world.intake.runtime.clock.now() + timedelta(milliseconds=400))
        draft = (await world.call(applicant(unit["uscc"]), "GET", f"/submissions/{form['id']}")).json()
        verified = await world.verified(unit, draft)
        await asyncio.sleep(0.4 - 0.1 * index if index else 0.4)
        submitted, _ = await asyncio.gather(
            world.submit(unit, verified), world.intake.drop_overdue(world.intake.runtime.clock.now())
        )
        kinds = [kind for _, kind, _ in await world.published(form["id"])]
        if submitted.status_code == 200:
            assert kinds == ["SubmissionAdmitted", "SubmissionAdmitted"]
        else:
            await asyncio.sleep(0.4)
            await world.intake.drop_overdue(world.intake.runtime.clock.now())
            assert (await world.published(form["id"]))[-1][1] == "SubmissionDropped"


async def test_giving_up_is_told_and_final(world: World) -> None:
    campaign = await world.campaign()
    unit, form = await world.submitted(campaign)
    who = applicant(unit["uscc"])
    await world.call(who, "POST", f"/submissions/{form['id']}/withdraw", {"reason": ""})
    await world.answered(form["id"], granted=True)
    gone = await world.call(who, "POST", f"/submissions/{form['id']}/drop", {"reason": "不再申报"})
    assert (gone.status_code, gone.json()["state"]) == (200, "dropped")
    assert (await world.published(form["id"]))[-1][1] == "SubmissionDropped"
    body = {"unit_id": unit["id"], "campaign_id": campaign, "kind": "application"}
    assert (await world.call(who, "POST", "/submissions", body)).json()["code"] == "submission_exists"


@pytest.mark.rule("GD-22")
async def test_a_cancelled_case_closes_the_form_also_while_it_is_back(world: World) -> None:
    campaign = await world.campaign()
    _, form = await world.submitted(campaign)
    await world.returned(form["id"], OPENING + timedelta(days=10))
    await world.closed(form["id"], "cancelled", round_=1)
    assert (await world.rows("select state, outcome from submission"))[0] == ("closed", "cancelled")
    second = await world.submitted(campaign)
    await world.closed(second[1]["id"], "approved")
    await world.returned(second[1]["id"], OPENING + timedelta(days=10))  # of an older state: no effect
    assert (await world.rows("select state from submission where id = :id", id=second[1]["id"]))[0][0] == "closed"


@pytest.mark.rule("DM-del")
async def test_a_deleted_form_is_gone_and_another_can_be_begun(world: World) -> None:
    campaign = await world.campaign()
    unit = await world.unit()
    draft = await world.draft(unit, campaign)
    who = applicant(unit["uscc"])
    assert (await world.call(who, "DELETE", f"/submissions/{draft['id']}", If_Match='"9"')).status_code == 412
    assert (await world.call(who, "DELETE", f"/submissions/{draft['id']}")).status_code == 428
    assert (await world.call(who, "DELETE", f"/submissions/{draft['id']}", If_Match='"1"')).status_code == 204
    assert (await world.call(who, "GET", f"/submissions/{draft['id']}")).status_code == 404
    assert (await world.call(who, "DELETE", f"/submissions/{draft['id']}", If_Match='"2"')).status_code == 404
    await world.draft(unit, campaign)
    _, form = await world.submitted(campaign)
    owner = (await world.rows("select unit_id from submission where id = :id", id=form["id"]))[0][0]
    uscc = (await world.rows("select uscc from unit where id = :id", id=owner))[0][0]
    kept = await world.call(applicant(uscc), "DELETE", f"/submissions/{form['id']}", If_Match=f'"{form["version"]}"')
    assert (kept.status_code, kept.json()["rule"]) == (409, "DM-del")


@pytest.mark.rule("DM-list")
async def test_the_applicants_list_has_a_column_per_level(world: World) -> None:
    campaign = await world.campaign()
    unit, form = await world.submitted(campaign)
    await world.under_review(form["id"], county="passed")
    listed = (await world.call(applicant(unit["uscc"]), "GET", "/submissions")).json()["items"]
    assert len(listed) == 1
    row = listed[0]
    assert (row["unit_name"], row["year"], row["label"]) == (unit["name"], 2025, "上级主管部门审核中")
    assert row["actions"] == ["withdraw", "view"]
    assert row["admitted_at"]
    assert [(one["level"], one["authority"], one["state"]) for one in row["levels"]] == [
        ("county", "cq.yubei", "passed"),
        ("city", "", "not_applicable"),
        ("province", "cq", "not_started"),
        ("ministry", "miit", "not_started"),
    ]


@pytest.mark.rule("DM-warn")
async def test_errors_block_and_warnings_travel_with_their_notes(world: World) -> None:
    campaign = await world.campaign()
    unit = await world.unit()
    await world.listed(unit["id"])
    draft = await world.draft(unit, campaign)
    who = applicant(unit["uscc"])
    wrong = await world.call(
        who,
        "POST",
        f"/submissions/{draft['id']}/verify",
        content(energy_total="-5", land_area="viele"),
        If_Match='"1"',
    )
    assert (wrong.status_code, wrong.json()["code"]) == (422, "form_invalid")
    assert len(wrong.json()["errors"]) >= 2
    assert not await world.rows("select version from form_version")
    odd = content(ammonia_generated="0.1")
    for one in odd["values"]:
        if one["code"] in ("ammonia_generated", "ammonia_discharged"):
            one["note"] = "台账口径不同"
    verified = await world.verified(unit, draft, odd)
    assert verified["warnings"]
    await world.with_evidence(unit, verified)
    submitted = await world.submit(unit, verified)
    assert submitted.status_code == 200, submitted.text
    ((_, _, message),) = await world.published(draft["id"])
    assert message.warnings
    assert message.warnings[0].note == "台账口径不同"


@pytest.mark.rule("DM-units")
async def test_values_are_converted_to_the_forms_unit(world: World) -> None:
    campaign = await world.campaign()
    unit = await world.unit()
    await world.listed(unit["id"])
    form = content()
    for one in form["values"]:
        if one["code"] == "energy_total":
            one["value"], one["unit"] = str(int(one["value"]) * 1000), "kgce"
        if one["code"] == "output_value":
            one["value"], one["unit"] = str(int(one["value"]) * 10), "千元"
    verified = await world.verified(unit, await world.draft(unit, campaign), form)
    await world.with_evidence(unit, verified)
    assert (await world.submit(unit, verified)).status_code == 200
    ((_, _, message),) = await world.published(verified["id"])
    facts = {(fact.code, fact.year): (fact.decimal, fact.unit) for fact in message.facts}
    assert facts["energy_total", 2024] == ("5740", "tce")
    assert facts["output_value", 2024] == ("66800", "万元")


@pytest.mark.rule("DM-export")
async def test_a_changed_content_voids_the_sealed_scan(world: World) -> None:
    campaign = await world.campaign()
    unit, form = await world.ready(campaign)
    changed = await world.verified(unit, form, content(land_area="52001"))
    refused = await world.submit(unit, changed)
    assert refused.status_code == 422
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/evidence/sealed_scan"]
    assert "作废" in refused.json()["detail"]
    answer = await world.upload(applicant(unit["uscc"]), form["id"], "sealed_scan")
    assert answer.status_code == 201
    assert (await world.submit(unit, changed)).status_code == 200


@pytest.mark.rule("GD-17")
@pytest.mark.rule("CQ-pre")
@pytest.mark.rule("GD-17-gates")
async def test_every_ground_of_a_refusal_is_named_and_nothing_is_stored(world: World) -> None:
    campaign = await world.campaign()
    unit = await world.unit()
    await world.barred(unit["id"])
    verified = await world.verified(
        unit, await world.draft(unit, campaign), content(excl_accident=True, excl_dishonest=True)
    )
    refused = await world.submit(unit, verified)
    assert refused.status_code == 422
    found = {(one["code"], one["pointer"]) for one in refused.json()["errors"]}
    assert {
        ("excluded", "/facts/excl_accident"),
        ("excluded", "/facts/excl_dishonest"),
        ("barred", "/unit_id"),
        ("municipal_listed", "/unit_id"),
        ("evidence_missing", "/evidence/footprint_report"),
    } <= found
    assert not await world.published(verified["id"])
    assert not await world.rows("select 1 from submission_round")
    # A bar that was lifted is none, in whichever order list and bar became known.
    await world.barred(unit["id"], "LIFTED")
    await world.listed(unit["id"])
    fixed = await world.verified(unit, verified)
    await world.with_evidence(unit, fixed)
    assert (await world.submit(unit, fixed)).status_code == 200


@pytest.mark.rule("GD-17-gates")
async def test_a_bar_may_be_known_before_or_after_the_admission(world: World) -> None:
    """Known before: refused here. Known after: review stops the open case; intake admits nothing new."""
    campaign = await world.campaign()
    unit, form = await world.submitted(campaign)
    await world.barred(unit["id"])
    assert (await world.rows("select state from submission"))[0][0] == "submitted"
    await world.call(applicant(unit["uscc"]), "POST", f"/submissions/{form['id']}/withdraw", {"reason": ""})
    await world.answered(form["id"], granted=True)
    draft = (await world.call(applicant(unit["uscc"]), "GET", f"/submissions/{form['id']}")).json()
    refused = await world.submit(unit, await world.verified(unit, draft))
    assert [one["code"] for one in refused.json()["errors"]] == ["barred"]


@pytest.mark.rule("CQ-pre")
async def test_a_refusal_ends_the_membership_it_names_and_no_other(world: World) -> None:
    unit = await world.unit()
    await world.listed(unit["id"])
    await world.listing_refused(unit["id"], "another")
    assert (await world.rows("select state from membership"))[0][0] == "listed"
    await world.listing_refused(unit["id"], f"m-{unit['id']}")
    assert (await world.rows("select state from membership"))[0][0] == "refused"
