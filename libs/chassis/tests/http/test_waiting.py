"""Read-your-write across services: a GET waits until this service has reached an event, two seconds at most."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from sqlalchemy import text

from gf_chassis.consumer import Subscription
from gf_chassis.database import Database
from gf_chassis.errors import Rejected
from gf_chassis.http import Router
from gf_chassis.runtime import ServiceRuntime
from gf_chassis.settings import ServiceSettings
from gf_chassis.waiting import PositionWaiter

from .conftest import MakeApp, client_of

router = Router()
SUBSCRIPTIONS = (
    Subscription("intake.cases", "process", ("review.cases",)),
    Subscription("intake.queue", "projection", ("review.cases",)),
)
MOVE = text(
    "insert into position (grp, topic, key, number, previous) values (:grp, 'review.cases', :key, :number, 0)"
    " on conflict (grp, topic, key) do update set number = excluded.number"
)


@router.get("/things")
async def things() -> str:
    return "ok"


@router.post("/things")
async def post() -> str:
    return "ok"


async def move(database: Database, group: str, key: str, number: int) -> None:
    async with database.unit_of_work() as uow:
        await uow.session.execute(MOVE, {"grp": group, "key": key, "number": number})
        await uow.commit()


def make_waiter(database: Any = None, seconds: float = 2.0) -> PositionWaiter:
    runtime = ServiceRuntime("intake", ServiceSettings(), database, None, SUBSCRIPTIONS)  # type: ignore[arg-type]
    return PositionWaiter(runtime, max_seconds=seconds)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "x",
        "review.cases",
        "review.cases/k",
        "review.cases/k/",
        "review.cases/k/0",
        "review.cases/k/-1",
        "review.cases/k/x",
        "review.cases/k/１",
        "review.cases/k/99999999999999",
        "/k/1",
        "review.cases//1",
        "no.such/k/1",
        "registry.editions/k/1",
        ",".join(["review.cases/k/1"] * 9),
    ],
)
def test_malformed_or_foreign(header: str) -> None:
    with pytest.raises(Rejected) as caught:
        make_waiter().parse(header)
    assert (caught.value.status, caught.value.errors[0].pointer) == (422, "header:/Wait-For")


def test_keys_with_colons() -> None:
    [position] = make_waiter().parse("review.cases/national:miit:factory/3")
    assert (position.key, position.number) == ("national:miit:factory", 3)


@pytest.mark.db
async def test_waits_for_every_group(database: Database, make_app: MakeApp) -> None:
    app = make_app(router, database=database, subscriptions=SUBSCRIPTIONS)
    async with client_of(app) as client:

        async def later() -> None:
            await asyncio.sleep(0.1)
            await move(database, "intake.cases", "k1", 4)
            await asyncio.sleep(0.1)
            await move(database, "intake.queue", "k1", 3)

        moving = asyncio.create_task(later())
        started = time.perf_counter()
        answer = await client.get("/intake/v1/things", headers={"wait-for": "review.cases/k1/3"})
        assert (answer.status_code, answer.headers["wait-for-reached"]) == (200, "true")
        assert time.perf_counter() - started > 0.2
        await moving
        answer = await client.get("/intake/v1/things")
        assert "wait-for-reached" not in answer.headers
        answer = await client.get("/intake/v1/things", headers={"wait-for": "x"})
        assert (answer.status_code, answer.json()["code"]) == (422, "malformed_wait_for")
        # Only reads wait.
        assert (await client.post("/intake/v1/things", headers={"wait-for": "x"})).status_code == 200


@pytest.mark.db
async def test_answers_anyway_when_the_time_is_over(database: Database, make_app: MakeApp) -> None:
    app = make_app(router, database=database, subscriptions=SUBSCRIPTIONS)
    app.state.waiter.max_seconds = 0.2
    async with client_of(app) as client:
        await move(database, "intake.cases", "k2", 9)
        answer = await client.get("/intake/v1/things", headers={"wait-for": "review.cases/k2/9"})
        assert (answer.status_code, answer.headers["wait-for-reached"]) == (200, "false")


@pytest.mark.db
async def test_own_events_are_there_once_written(database: Database) -> None:
    waiter = make_waiter(database, 0.1)
    asked = waiter.parse("intake.units/u1/1")
    assert not await waiter._poll(asked)
    async with database.unit_of_work() as uow:
        await uow.session.execute(
            text(
                "insert into journal (aggregate, aggregate_id, type, actor, authority, basis, reason, trace, data,"
                " topic, key, number, message_type, payload) values ('unit', 'u1', 'x', 'x', '', '', '', '', '{}',"
                " 'intake.units', 'u1', 1, 'x', '')"
            )
        )
        await uow.commit()
    assert await waiter._poll(asked)
