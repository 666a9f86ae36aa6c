"""Provincial systems: one call, many at once, keys, the region wall (used-by)."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from sqlalchemy import text

from services.intake.tests.samples import content, pdf, plain
from services.intake.tests.world import World, applicant, partner, uscc

pytestmark = [pytest.mark.db, pytest.mark.rule("used-by")]
CQ = partner("cq")


async def ready(world: World) -> tuple[str, dict[str, Any]]:
    campaign = await world.campaign()
    unit = await world.unit()
    await world.listed(unit["id"])
    return campaign, unit


def body(campaign: str, unit: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"campaign_id": campaign, "kind": "application", "unit_id": unit["id"], **plain(), **more}


async def send(world: World, message: Any, key: str = "call-0001", who: Any = CQ) -> httpx.Response:
    return await world.call(who, "POST", "/partner/submissions", message, key=key)


async def test_one_call_creates_verifies_and_submits(world: World) -> None:
    campaign, unit = await ready(world)
    answer = await send(world, body(campaign, unit))
    assert answer.status_code == 201, answer.text
    view = answer.json()
    assert view["state"] == "submitted"
    assert answer.headers["event-position"] == f"intake.submissions/{view['id']}/1"
    ((_, kind, message),) = await world.published(view["id"])
    assert kind == "SubmissionAdmitted"
    assert message.number == view["number"]
    # The same rows as step by step: readable, withdrawable.
    read = await world.call(CQ, "GET", f"/submissions/{view['id']}")
    assert read.json()["content"]["values"] == plain()["values"]
    assert [one["round"] for one in read.json()["rounds"]] == [1]
    asked = await world.call(CQ, "POST", f"/submissions/{view['id']}/withdraw", {"reason": "填错"})
    assert asked.status_code == 202


async def test_a_unit_can_be_named_by_its_code(world: World) -> None:
    campaign, unit = await ready(world)
    message = body(campaign, unit, uscc=unit["uscc"], category="factory")
    del message["unit_id"]
    assert (await send(world, message)).status_code == 201
    wrong = await send(world, message | {"uscc": "123456789123456789"}, "call-0002")
    assert wrong.status_code == 422
    assert wrong.json()["code"] == "invalid_uscc"
    assert wrong.json()["errors"][0]["pointer"] == "/uscc"


async def test_fifty_equal_calls_have_one_effect_and_one_answer(world: World) -> None:
    campaign, unit = await ready(world)
    message = body(campaign, unit)
    answers = await asyncio.gather(*(send(world, message) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert len(await world.rows("select id from submission")) == 1
    assert len(await world.rows("select id from journal where type = 'Submitted'")) == 1
    again = await send(world, message)
    assert again.content == answers[0].content
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["event-position"] == answers[0].headers["event-position"]


async def test_two_processes_and_one_key_have_one_effect(world: World) -> None:
    """A second flusher in another process: the loser waits for the winner's commit and gives its answer."""
    from gf_intake.usecases.submit_for_partner import SubmitForPartner

    campaign, unit = await ready(world)
    message = body(campaign, unit)
    first = send(world, message)
    other = SubmitForPartner(world.intake.database, world.intake.policies)
    calls: list[Any] = []
    original = world.intake.submit_for_partner._flush

    async def both(group: Any) -> Any:
        calls.append(group)
        mine, theirs = await asyncio.gather(original(group), other._flush(group))
        assert [one.body for one in mine] == [one.body for one in theirs]
        return mine

    world.intake.submit_for_partner.batcher._flush = both
    assert (await first).status_code == 201
    assert calls
    assert len(await world.rows("select id from submission")) == 1


async def test_the_same_key_with_another_body_is_refused(world: World) -> None:
    campaign, unit = await ready(world)
    await send(world, body(campaign, unit))
    other = await send(world, body(campaign, unit, note="另一份"))
    assert other.status_code == 422
    assert other.json()["code"] == "idempotency_key_reused"
    # Both in one group as well.
    second = await world.unit()
    await world.listed(second["id"])
    a, b = await asyncio.gather(
        send(world, body(campaign, second), "call-0009"), send(world, body(campaign, second, note="x"), "call-0009")
    )
    assert sorted([a.status_code, b.status_code]) == [201, 422]


async def test_a_key_used_for_other_units_costs_its_neighbours_one_more_try(world: World) -> None:
    """A mistake of a partner: the database refuses the group; the others are admitted together, not one by one."""
    campaign, unit = await ready(world)
    await send(world, body(campaign, unit))
    others = [await world.unit() for _ in range(3)]
    for other in others:
        await world.listed(other["id"])
    usecase, groups = world.intake.submit_for_partner, []
    honest = type(usecase)._admit

    async def counted(self: Any, group: Any) -> Any:
        groups.append(len(group))
        return await honest(self, group)

    type(usecase)._admit = counted
    try:
        keys = ("call-0001", "call-0002", "call-0003")
        answers = await asyncio.gather(
            *(send(world, body(campaign, one), key) for one, key in zip(others, keys, strict=True))
        )
    finally:
        type(usecase)._admit = honest
    assert [answer.status_code for answer in answers] == [422, 201, 201]
    assert answers[0].json()["code"] == "idempotency_key_reused"
    assert groups == [3, 2]


async def test_a_repetition_gets_the_first_answer_when_its_place_is_free_again(world: World) -> None:
    """The draft it made was deleted meanwhile, so nothing but the key tells that it is a repetition."""
    campaign, unit = await ready(world)
    first = await send(world, body(campaign, unit))
    async with world.intake.database.unit_of_work() as uow:
        await uow.session.execute(text("update submission set state = 'deleted'"))
        await uow.commit()
    again = await send(world, body(campaign, unit))
    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["idempotent-replayed"] == "true"
    assert len(await world.rows("select id from submission")) == 1


async def test_another_key_for_the_same_form_is_refused(world: World) -> None:
    campaign, unit = await ready(world)
    a, b = await asyncio.gather(
        send(world, body(campaign, unit), "call-0001"), send(world, body(campaign, unit), "call-0002")
    )
    assert sorted([a.status_code, b.status_code]) == [201, 409]
    late = await send(world, body(campaign, unit), "call-0003")
    assert late.json()["code"] == "submission_exists"
    assert len(await world.rows("select id from submission")) == 1


async def test_without_a_key_the_call_is_refused(world: World) -> None:
    campaign, unit = await ready(world)
    answer = await world.http.post(
        "/intake/v1/partner/submissions", json=body(campaign, unit), headers=world.callers.bearer(CQ)
    )
    assert answer.status_code == 400
    assert answer.json()["code"] == "idempotency_key_required"


async def test_units_of_another_region_do_not_exist(world: World) -> None:
    campaign, unit = await ready(world)
    for who in (partner("gd"), partner("cq.liangjiang"), applicant(unit["uscc"])):
        answer = await send(world, body(campaign, unit), who=who)
        assert answer.status_code == 404, who
    unknown = await send(world, body(campaign, unit) | {"unit_id": campaign})
    assert unknown.status_code == 404
    assert not await world.rows("select id from submission")


async def test_one_bad_call_does_not_hold_up_its_neighbours(world: World) -> None:
    campaign, unit = await ready(world)
    barred, unlisted = await world.unit(), await world.unit()
    await world.listed(barred["id"])
    await world.barred(barred["id"])
    answers = await asyncio.gather(
        *(send(world, body(campaign, one), f"call-{index:04d}") for index, one in enumerate((unit, barred, unlisted)))
    )
    assert [answer.status_code for answer in answers] == [201, 422, 422]
    assert [one["code"] for one in answers[1].json()["errors"]] == ["barred"]
    assert answers[2].json()["rule"] == "CQ-pre"
    assert len(await world.rows("select id from submission")) == 1


async def test_a_group_the_database_refuses_is_admitted_one_by_one(world: World) -> None:
    """Another process took a unit's place after the facts were read: only that call is refused."""
    campaign, unit = await ready(world)
    other = await world.unit()
    await world.listed(other["id"])
    usecase = world.intake.submit_for_partner
    from gf_intake.adapters import bulk

    honest = bulk.facts_for

    async def blind(*args: Any) -> Any:
        facts = await honest(*args)
        facts.submissions.clear()
        return facts

    await world.draft(unit, campaign)
    bulk.facts_for = blind
    try:
        answers = await asyncio.gather(
            send(world, body(campaign, unit), "call-0001"), send(world, body(campaign, other), "call-0002")
        )
    finally:
        bulk.facts_for = honest
    assert usecase is world.intake.submit_for_partner
    assert [answer.status_code for answer in answers] == [409, 201]


async def test_a_changed_profile_is_noticed_in_the_transaction(world: World) -> None:
    """After a change of superior the new route's rules hold."""
    campaign, unit = await ready(world)
    changed = {name: unit[name] for name in ("name", "uscc", "industries", "region")} | {"superior": "cq.liangjiang"}
    moved = await world.call(applicant(unit["uscc"]), "PUT", f"/units/{unit['id']}/profile", changed, If_Match='"1"')
    assert moved.status_code == 200, moved.text
    answer = await send(world, body(campaign, unit), "call-0002")
    assert answer.status_code == 201, answer.text
    assert answer.json()["superior"] == "cq.liangjiang"


@pytest.mark.rule("N25-evid")
async def test_evidence_is_uploaded_first_and_named_in_the_call(world: World) -> None:
    campaign, unit = await ready(world)
    message = body(campaign, unit) | content()
    missing = await send(world, message)
    assert missing.status_code == 422
    assert {one["code"] for one in missing.json()["errors"]} >= {"evidence_missing"} or missing.json()["errors"]
    refs = []
    for slot in ("advanced_technology", "retrofit_projects", "green_design_report", "footprint_report"):
        stored = await world.http.put(
            f"/intake/v1/evidence/units/{unit['id']}",
            params={"name": f"{slot}.pdf"},
            content=pdf(slot),
            headers=world.callers.bearer(CQ),
        )
        assert stored.status_code == 201, stored.text
        refs.append({"slot": slot, "evidence_id": stored.json()["id"]})
    answer = await send(world, message | {"evidence": refs})
    assert answer.status_code == 201, answer.text
    ((_, _, event),) = await world.published(answer.json()["id"])
    assert [ref.slot for ref in event.evidence] == [ref["slot"] for ref in refs]
    # Another unit's evidence is not one's own.
    other = await world.unit()
    await world.listed(other["id"])
    foreign = await send(world, body(campaign, other) | content() | {"evidence": refs}, "call-0002")
    assert foreign.status_code == 422
    assert foreign.json()["errors"][0]["pointer"] == "/evidence/0"


async def test_many_at_once_each_with_its_own_result(world: World) -> None:
    campaign, unit = await ready(world)
    second = await world.unit()
    await world.listed(second["id"])
    stranger = await world.unit("gd.guangzhou.huangpu", uscc=uscc("440112"))
    batch = {
        "items": [
            body(campaign, unit),
            body(campaign, stranger),
            body(campaign, second) | {"values": [{"code": "nonsense", "value": "1"}]},
            body(campaign, second),
        ]
    }
    answer = await world.call(CQ, "POST", "/partner/submissions/bulk", batch, key="bulk-0001")
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [one["status"] for one in items] == [201, 404, 422, 201]
    assert items[2]["problem"]["errors"][0]["pointer"] == "/values/0/code"
    again = await world.call(CQ, "POST", "/partner/submissions/bulk", batch, key="bulk-0001")
    assert [one.get("submission", {}).get("id") for one in again.json()["items"]] == [
        one.get("submission", {}).get("id") for one in items
    ]
    assert len(await world.rows("select id from submission")) == 2


@pytest.mark.rule("N25-dates")
async def test_after_the_deadline_the_rule_and_the_date_are_named(world: World) -> None:
    campaign, unit = await ready(world)
    world.pass_time(timedelta(days=30))
    answer = await send(world, body(campaign, unit))
    assert answer.status_code == 409
    assert answer.json()["code"] == "window_closed"
    assert answer.json()["rule"] == "N25-dates"
    assert "2025年11月04日 00:00" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("raw", "status", "code"),
    [
        (b"{", 400, "malformed_json"),
        (b'{"kind": NaN}', 400, "not_a_number"),
        (b'{"kind": 1e999999}', 422, "validation"),
        (b'{"kind": ' + b"9" * 5000 + b"}", 400, "number_out_of_range"),
        (b'{"kind": "a", "kind": "b"}', 400, "duplicate_key"),
        (b'{"note": "\\u0000"}', 400, "bad_character"),
        (b'{"note": "\\ud800"}', 400, "bad_character"),
        (b"[]", 422, "validation"),
        (b'{"surprise": 1}', 422, "validation"),
        (b"\xff\xfe", 400, "malformed_json"),
    ],
)
async def test_what_is_no_request_gets_a_clear_answer(world: World, raw: bytes, status: int, code: str) -> None:
    answer = await world.http.post(
        "/intake/v1/partner/submissions",
        content=raw,
        headers=world.callers.bearer(CQ) | {"Idempotency-Key": "call-0001", "content-type": "application/json"},
    )
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["errors"]


@pytest.mark.parametrize("value", ["1e999999", "NaN", "１２", "9" * 5000, True, [], {}, "-0.0000000000001"])
async def test_values_that_are_no_numbers_name_their_place(world: World, value: Any) -> None:
    campaign, unit = await ready(world)
    form = plain()
    place = next(i for i, one in enumerate(form["values"]) if one["code"] == "energy_total")
    form["values"][place]["value"] = value
    answer = await send(world, body(campaign, unit) | form)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/values/{place}/value"
    assert not await world.rows("select id from submission")


async def test_json_numbers_are_taken_exactly_or_not_at_all(world: World) -> None:
    campaign, unit = await ready(world)
    form = plain()
    place = next(i for i, one in enumerate(form["values"]) if one["code"] == "land_area")

    async def put(number: bytes, key: str) -> httpx.Response:
        form["values"][place]["value"] = "@"
        raw = orjson.dumps(body(campaign, unit) | form).replace(b'"@"', number)
        headers = world.callers.bearer(CQ) | {"Idempotency-Key": key, "content-type": "application/json"}
        return await world.http.post("/intake/v1/partner/submissions", content=raw, headers=headers)

    for number in (b"1e999999", b"1E-400", b"9" * 30):
        refused = await put(number, "call-0001")
        assert refused.status_code in (400, 422), number
        assert not await world.rows("select id from submission")
    taken = await put(b"52000.123456789012", "call-0002")
    assert taken.status_code == 201, taken.text
    ((_, _, message),) = await world.published(taken.json()["id"])
    assert {fact.decimal for fact in message.facts if fact.code == "land_area"} == {"52000.123456789012"}
