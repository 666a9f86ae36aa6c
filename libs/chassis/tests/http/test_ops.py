"""Held events for operations: who may see them, redrive in order, skip by two people."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import text

from gf_chassis.consumer import Event, Subscription
from gf_chassis.database import Database, UnitOfWork
from gf_chassis.errors import Poison
from gf_chassis.identity import Principal
from gf_chassis.login import Session
from greenladder.review.v1 import cases_pb2 as cases

from .conftest import Issuer, MakeApp, client_of

pytestmark = pytest.mark.db

GROUP, TOPIC = "intake.cases", "review.cases"
OPS = {"gl_roles": ["ops"]}
broken = True


async def handler(uow: UnitOfWork, event: Event) -> None:
    if broken:
        raise Poison("不认识的状态")
    await uow.session.execute(text("insert into effect (note) values (:note)"), {"note": f"{event.key}:{event.number}"})


SUBSCRIPTION = Subscription(GROUP, "process", (TOPIC,), {cases.WithdrawalAnswered: handler})
HELD = text(
    "insert into held_event (grp, topic, key, number, type, headers, payload, reason, error)"
    " values (:grp, :topic, :key, :number, :type, cast(:headers as jsonb), :payload, :reason, :error)"
)
POSITION = text(
    "insert into position (grp, topic, key, number, previous, state) values (:grp, :topic, :key, 0, 0, 'held')"
)


async def hold(database: Database, key: str, *numbers: int, payload: bytes | None = None) -> None:
    async with database.unit_of_work() as uow:
        await uow.session.execute(POSITION, {"grp": GROUP, "topic": TOPIC, "key": key})
        for number in numbers:
            message = cases.WithdrawalAnswered(submission_id=key, round=number, granted=True, reason="同意<撤回>")
            row = {
                "grp": GROUP,
                "topic": TOPIC,
                "key": key,
                "number": number,
                "type": message.DESCRIPTOR.full_name,
                "headers": '{"time": "2025-10-20T01:00:00+00:00"}',
                "payload": message.SerializeToString() if payload is None else payload,
                "reason": "poison" if number == numbers[0] else "behind",
                "error": "不认识的状态" if number == numbers[0] else "",
            }
            await uow.session.execute(HELD, row)
        await uow.commit()


async def effects(database: Database) -> list[str]:
    async with database.reading() as session:
        return list((await session.execute(text("select note from effect order by id"))).scalars())


@pytest.fixture
def app(database: Database, make_app: MakeApp) -> Any:
    global broken
    broken = True
    return make_app(database=database, subscriptions=(SUBSCRIPTION,))


async def test_only_operations_may_look(app: Any, issuer: Issuer) -> None:
    async with client_of(app) as client:
        assert (await client.get("/intake/v1/ops/held")).status_code == 401
        refused = await client.get("/intake/v1/ops/held", headers=issuer.bearer())
        assert (refused.status_code, refused.json()["code"]) == (403, "role_required")
        fine = await client.get("/intake/v1/ops/held", headers=issuer.bearer(**OPS))
        assert fine.json() == {"items": [], "next": None}
        assert (
            await client.get(f"/intake/v1/ops/held/{GROUP}/{TOPIC}/x", headers=issuer.bearer(**OPS))
        ).status_code == 404


async def test_list_show_and_redrive(app: Any, database: Database, issuer: Issuer) -> None:
    global broken
    for key in ("k1", "k2", "k3"):
        await hold(database, key, 1, 2)
    await hold(database, "k4", 1, payload=b"\xff\xff")
    headers = issuer.bearer(**OPS)
    async with client_of(app) as client:
        first = (await client.get("/intake/v1/ops/held?limit=3", headers=headers)).json()
        assert [(item["key"], item["number"], item["waiting"]) for item in first["items"]] == [
            ("k1", 1, 2),
            ("k2", 1, 2),
            ("k3", 1, 2),
        ]
        rest = (await client.get(f"/intake/v1/ops/held?limit=3&cursor={first['next']}", headers=headers)).json()
        assert ([item["key"] for item in rest["items"]], rest["next"]) == (["k4"], None)
        shown = (await client.get(f"/intake/v1/ops/held/{GROUP}/{TOPIC}/k1", headers=headers)).json()
        assert shown["events"][0]["content"]["reason"] == "同意<撤回>"
        junk = (await client.get(f"/intake/v1/ops/held/{GROUP}/{TOPIC}/k4", headers=headers)).json()
        assert (junk["events"][0]["content"], junk["events"][0]["payload"]) == (None, "//8=")

        again = await client.post(f"/intake/v1/ops/held/{GROUP}/{TOPIC}/k1/redrive", headers=headers)
        assert again.json()["applied"] == 0
        assert again.json()["left"] == 2
        broken = False
        done = await client.post(f"/intake/v1/ops/held/{GROUP}/{TOPIC}/k1/redrive", headers=headers)
        assert done.json() == {"applied": 2, "left": 0, "error": ""}
        assert await effects(database) == ["k1:1", "k1:2"]
        none = await client.post(f"/intake/v1/ops/held/{GROUP}/{TOPIC}/k1/redrive", headers=headers)
        assert none.status_code == 404


async def test_skipping_takes_two_people(app: Any, database: Database, issuer: Issuer) -> None:
    global broken
    await hold(database, "k1", 1, 2)
    address = f"/intake/v1/ops/held/{GROUP}/{TOPIC}/k1/skip"
    async with client_of(app) as client:

        async def skip(person: str, number: int = 1, note: str = "记录有误，经核实") -> Any:
            body = {"number": number, "note": note}
            return await client.post(address, json=body, headers=issuer.bearer(**OPS, sub=person))

        assert (await skip("u1", note="短")).status_code == 422
        assert (await skip("u1", 2)).status_code == 409
        assert (await skip("u1")).json() == {"state": "asked"}
        assert (await skip("u1")).json()["code"] == "second_person_needed"
        broken = False
        assert (await skip("u2")).json() == {"state": "skipped"}
        assert await effects(database) == ["k1:2"]
        async with database.reading() as session:
            lines = (await session.execute(text("select type, actor from journal order by id"))).all()
        assert [tuple(line) for line in lines][:2] == [("skip_asked", "u1"), ("skipped", "u2")]


async def test_the_page(app: Any, database: Database, issuer: Issuer) -> None:
    await hold(database, "national:miit:factory", 1, 2)
    person = Principal("u1", name="李运维", roles=frozenset({"ops"}))
    login = app.state.pages.login
    async with client_of(app) as client:
        assert (
            (await client.get("/intake/ops/held")).headers["location"].startswith("/intake/ui/login?next=/intake/ops")
        )
        login.session = lambda _: Session(person, "token", 2**40)
        page = BeautifulSoup((await client.get("/intake/ops/held")).text, "html.parser")
        link = page.select_one("td a")["href"]  # type: ignore[index]
        shown = await client.get(str(link))
        assert "同意&lt;撤回&gt;" in shown.text
        form = BeautifulSoup(shown.text, "html.parser").select("main form")[1]
        assert form["action"] == f"{link}/skip"
        data = {"csrf_token": "token", "number": "1", "note": "记录有误，经核实"}
        assert (await client.post(f"{link}/skip", data={**data, "csrf_token": ""})).status_code == 403
        assert (await client.post(f"{link}/skip", data=data)).status_code == 303
        assert "已申请跳过，须由另一人确认" in (await client.get(str(link))).text
        assert (await client.post(f"{link}/redrive", data=data)).status_code == 303
        assert "剩余 2 条" in (await client.get(str(link))).text
        login.session = lambda _: Session(Principal("u3", roles=frozenset({"reviewer"})), "token", 2**40)
        assert (await client.get("/intake/ops/held")).status_code == 403
