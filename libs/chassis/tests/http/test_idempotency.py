"""Fifty equal requests under one key: one effect, fifty equal answers."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from fastapi import Response
from sqlalchemy import text

from gf_chassis.database import Database
from gf_chassis.errors import Rejected
from gf_chassis.http import Router
from gf_chassis.idempotency import (
    Answer,
    Once,
    OnceKey,
    keep_answer,
    key_of,
    other_request,
    purge,
    request_hash,
    stored,
)
from gf_chassis.identity import CurrentPrincipal, Principal
from gf_chassis.journal import Entry, Published
from gf_chassis.json import ApiModel
from greenladder.intake.v1 import submissions_pb2 as submissions

from .conftest import Issuer, MakeApp, client_of


class Order(ApiModel):
    note: str
    refuse: bool = False


def make_router(database: Database) -> Router:
    router = Router()

    @router.post("/orders", status_code=201)
    async def order(body: Order, principal: CurrentPrincipal, once: OnceKey, response: Response) -> dict[str, Any]:
        result = await place(database, principal, once, body)
        once.headers(response)
        return result

    return router


async def place(database: Database, principal: Principal, once: Once, body: Order) -> dict[str, Any]:
    async with database.unit_of_work(principal.actor()) as uow:
        if first := await once.first(uow):
            return first
        if body.refuse:
            raise Rejected("refused", "不予受理。")
        key = str(uuid4())
        insert = text("insert into effect (note) values (:note) returning id")
        row = (await uow.session.execute(insert, {"note": body.note})).one()
        message = submissions.WithdrawalRequested(submission_id=key, round=1)
        uow.journal(Entry("order", key, "placed", published=Published("intake.submissions", key, 1, message)))
        result = {"id": row.id, "key": key}
        await once.keep(uow, result)
        await uow.commit()
        return result


async def effects(database: Database) -> int:
    async with database.reading() as session:
        return int((await session.execute(text("select count(*) from effect"))).scalar_one())


@pytest.mark.db
async def test_fifty_equal_requests_have_one_effect(database: Database, make_app: MakeApp, issuer: Issuer) -> None:
    async with client_of(make_app(make_router(database), database=database)) as client:
        for _ in range(3):
            before = await effects(database)
            headers = {**issuer.bearer(), "idempotency-key": f"order-{uuid4()}"}
            answers = await asyncio.gather(
                *(client.post("/intake/v1/orders", json={"note": "绿"}, headers=headers) for _ in range(50))
            )
            assert {answer.status_code for answer in answers} == {201}
            assert len({answer.text for answer in answers}) == 1
            assert len({answer.headers["event-position"] for answer in answers}) == 1
            assert answers[0].headers["event-position"] == f"intake.submissions/{answers[0].json()['key']}/1"
            assert sum("idempotent-replayed" in answer.headers for answer in answers) == 49
            assert await effects(database) == before + 1


@pytest.mark.db
async def test_keys_and_their_limits(database: Database, make_app: MakeApp, issuer: Issuer) -> None:
    async with client_of(make_app(make_router(database), database=database)) as client:

        async def post(note: str, key: str | None, **claims: Any) -> Any:
            headers = {**issuer.bearer(**claims), **({"idempotency-key": key} if key else {})}
            return await client.post("/intake/v1/orders", json={"note": note}, headers=headers)

        assert (await post("a", "key-00001")).status_code == 201
        reused = await post("b", "key-00001")
        assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")
        # Somebody else's key of the same name is another key.
        other = await post("b", "key-00001", sub="u2")
        assert (other.status_code, "idempotent-replayed" in other.headers) == (201, False)
        assert (await post("a", None)).status_code == 201
        for bad in ("short", "x" * 129, "with space in it"):
            assert (await post("a", bad)).json()["code"] == "malformed_idempotency_key"
        partner = {"gl_roles": ["partner"], "gl_authority": "cq", "sub": "system-1"}
        assert (await post("a", None, **partner)).json()["code"] == "idempotency_key_required"
        first = await post("a", "partner-key-1", **partner)
        # Two systems of one authority share the keys.
        again = await post("a", "partner-key-1", **{**partner, "sub": "system-2"})
        assert first.json() == again.json()


@pytest.mark.db
async def test_a_refused_request_leaves_the_key_free(database: Database, make_app: MakeApp, issuer: Issuer) -> None:
    async with client_of(make_app(make_router(database), database=database)) as client:
        headers = {**issuer.bearer(), "idempotency-key": "key-refused"}
        refused = await client.post("/intake/v1/orders", json={"note": "a", "refuse": True}, headers=headers)
        assert refused.json()["code"] == "refused"
        assert (await client.post("/intake/v1/orders", json={"note": "a"}, headers=headers)).status_code == 201


@pytest.mark.db
async def test_stored_answers_of_many_keys(database: Database) -> None:
    hash_ = request_hash("POST", "/x", b"{}")
    keys = [("s", f"bulk-{number:04}") for number in range(3)]
    async with database.unit_of_work() as uow:
        for scope, key in keys[:2]:
            once = Once(scope=scope, key=key, hash=hash_)
            assert await once.first(uow) is None
            await keep_answer(uow, once, Answer(201, b'{"n": 0}', {"Event-Position": "t/k/1"}))
        await uow.commit()
    async with database.unit_of_work() as uow:
        known = await stored(uow.session, keys)
        assert known.keys() == set(keys[:2])
        once = Once(scope="s", key="bulk-0000", hash=hash_)
        answer = once.replay(known["s", "bulk-0000"])
        assert (answer.status, answer.body, once.position, once.replayed) == (201, b'{"n": 0}', "t/k/1", True)
        with pytest.raises(Rejected) as caught:
            Once(scope="s", key="bulk-0000", hash=b"other").replay(known["s", "bulk-0000"])
        assert caught.value.code == other_request().code
        assert await purge(uow.session) == 0


def test_header() -> None:
    person = Principal("u", roles=frozenset({"applicant"}))
    assert key_of(None, person) is None
    with pytest.raises(Rejected):
        key_of(None, person, required=True)
    with pytest.raises(Rejected):
        key_of("中文的幂等键也不行", person)
    assert key_of("0199-abcd", person) == "0199-abcd"
