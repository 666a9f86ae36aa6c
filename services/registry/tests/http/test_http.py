"""The registry's API: who may do what, what is refused and how, and what anyone may read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from gf_chassis.clock import FixedClock
from gf_chassis.identity import InvalidToken, Principal
from gf_policy.uscc import complete
from gf_registry.api import create
from gf_registry.bootstrap import bootstrap
from gf_registry.settings import Settings
from services.registry.tests.db.support import FakeLaw, Station, Story, open_database
from services.registry.tests.db.test_editions import listed

pytestmark = pytest.mark.db
LIST = "provincial:gd:factory"
CODE = complete("91440606MA4TEXT1")
OTHER = complete("91440605MA4TEXT2")


class FakeVerifier:
    """Tokens are written `roles@authority` or `applicant@@code`."""

    async def verify(self, token: str) -> Principal:
        roles, _, rest = token.partition("@")
        if not rest:
            raise InvalidToken(token)
        authority, _, org = rest.partition("@")
        return Principal(token, token, frozenset(roles.split("+")), authority, org, "test", 4_000_000_000)


class World:
    def __init__(self, station: Station, client: httpx.AsyncClient, app: FastAPI) -> None:
        self.station = station
        self.app = app
        self.client = client

    async def call(self, method: str, path: str, token: str = "", **kwargs: Any) -> httpx.Response:
        headers = kwargs.pop("headers", {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return await self.client.request(method, f"/registry{path}", headers=headers, **kwargs)

    async def unit(self, code: str = CODE, name: str = "佛山某厂") -> Story:
        story = self.station.make()
        story.uscc, story.name = code, name
        await self.station.hear(story.unit_changed())
        return story


@pytest.fixture
async def world(service_database: Callable[..., Any]) -> AsyncIterator[World]:
    url = (await service_database("registry")).app_url
    settings = Settings(database_url=url, mode="standalone", events="journal")
    b = bootstrap(settings, clock=FixedClock(datetime.now(UTC)), law=FakeLaw())
    app = create(b, verifier=FakeVerifier())  # type: ignore[arg-type]
    database = open_database(url)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield World(Station(database), client, app)
    await database.close()
    await b.runtime.database.close()


IMPORT = {
    "year": 2024,
    "effective": "2024-12-01",
    "document": "粤工信函〔2024〕1号",
    "entries": [{"name": "佛山某厂", "uscc": CODE, "region": "440606"}, {"name": "=HYPERLINK(1)", "region": "440604"}],
}


async def imported(world: World) -> dict[str, Any]:
    answer = await world.call("POST", f"/v1/lists/{LIST}/imports", "registrar@gd", json=IMPORT)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


@pytest.mark.rule("CQ-list", "reg-lists")
async def test_import_search_and_export(world: World) -> None:
    edition = await imported(world)
    assert edition["counts"] == {"listed": 2, "added": 2, "removed": 0, "renamed": 0}
    page = (await world.call("GET", f"/v1/public/lists/{LIST}?limit=1")).json()
    assert (page["total"], page["items"][0]["name"]) == (2, "=HYPERLINK(1)")
    second = (await world.call("GET", f"/v1/public/lists/{LIST}?limit=1&cursor={page['next']}")).json()
    assert (second["items"][0]["name"], second["next"]) == ("佛山某厂", None)
    for query, total in [
        ("q=佛山", 1), (f"q={CODE}", 1), ("q=深圳", 0), ("region=440606", 1), ("region=44", 2), ("year=2024", 2),
        ("year=2023", 0), ("on=2024-11-30", 0), ("known_at=1", 0),
    ]:  # fmt: skip
        found = (await world.call("GET", f"/v1/public/lists/{LIST}?{query}")).json()
        assert found["total"] == total, query
    csv = (await world.call("GET", f"/v1/public/lists/{LIST}/export.csv")).content
    assert csv.startswith(b"\xef\xbb\xbf")
    assert "'=HYPERLINK(1)" in csv.decode()
    frozen = await world.call("GET", f"/v1/public/editions/{edition['edition_id']}")
    assert frozen.headers["etag"] == f'"{edition["digest"]}"'
    assert [e["number"] for e in (await world.call("GET", f"/v1/public/lists/{LIST}/editions")).json()["items"]] == [1]
    assert (await world.call("GET", "/v1/public/lists")).json()["items"][0]["listed"] == 2


async def test_pages(world: World) -> None:
    await imported(world)
    for path in ("/ui/", f"/ui/lists/{LIST}?q=&year=&on=&region="):
        page = await world.call("GET", path)
        assert page.status_code == 200, page.text
    assert "佛山某厂" in page.text
    assert "=HYPERLINK" in page.text
    unit = (await world.call("GET", f"/v1/public/lists/{LIST}?q=佛山")).json()["items"][0]["unit_id"]
    assert "在册" in (await world.call("GET", f"/ui/units/{unit}")).text
    assert (await world.call("GET", "/ui/lists/city:nowhere:factory")).status_code == 404


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"year": 1900}, "/year"),
        ({"effective": "2024-13-01"}, "/effective"),
        ({"document": ""}, "/document"),
        ({"entries": []}, "/entries"),
        ({"surprise": 1}, "/surprise"),
        ({"entries": [{"name": "甲", "uscc": CODE[:-1] + ("0" if CODE[-1] != "0" else "1")}]}, "/entries/0/uscc"),
        ({"entries": [{"name": "甲", "uscc": "short"}]}, "/entries/0/uscc"),
        ({"entries": [{"name": "甲\u0000"}]}, ""),
        ({"entries": [{"name": "甲", "unit_id": "01890000-0000-7000-8000-000000000000"}]}, "/entries/0/unit_id"),
    ],
)
async def test_bad_input_names_the_field(world: World, change: dict[str, Any], pointer: str) -> None:
    answer = await world.call("POST", f"/v1/lists/{LIST}/imports", "registrar@gd", json={**IMPORT, **change})
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert any(e["pointer"].startswith(pointer) for e in answer.json()["errors"])
    assert (await world.call("GET", f"/v1/public/lists/{LIST}")).status_code == 404


async def test_idempotent_import(world: World) -> None:
    headers = {"Idempotency-Key": "import-gd-2024"}
    first = await world.call("POST", f"/v1/lists/{LIST}/imports", "registrar@gd", json=IMPORT, headers=dict(headers))
    again = await world.call("POST", f"/v1/lists/{LIST}/imports", "registrar@gd", json=IMPORT, headers=dict(headers))
    assert first.json() == again.json()
    assert first.headers["event-position"].count("registry.standings/") == 2
    other = {**IMPORT, "year": 2023}
    refused = await world.call("POST", f"/v1/lists/{LIST}/imports", "registrar@gd", json=other, headers=dict(headers))
    assert refused.status_code == 422


@pytest.mark.parametrize("token", ["registrar@cq", "registrar@miit", "approver@gd", "applicant@@" + CODE, "steward@gd"])
async def test_others_cannot_touch_the_list(world: World, token: str) -> None:
    answer = await world.call("POST", f"/v1/lists/{LIST}/imports", token, json=IMPORT)
    assert answer.status_code == (403 if token.endswith("@gd") else 404)
    assert (await world.call("GET", f"/v1/lists/{LIST}/pending", token)).status_code in (403, 404)


async def test_nobody_without_a_token(world: World) -> None:
    assert (await world.call("POST", f"/v1/lists/{LIST}/imports", json=IMPORT)).status_code == 401


@pytest.mark.rule("GD-2")
async def test_an_authority_keeps_lists_of_its_own_level_only(world: World) -> None:
    answer = await world.call("POST", "/v1/lists/national:gd:factory/imports", "registrar@gd", json=IMPORT)
    assert answer.status_code == 404
    answer = await world.call("POST", "/v1/lists/state:gd:factory/imports", "registrar@gd", json=IMPORT)
    assert (answer.status_code, answer.json()["rule"]) == (422, "GD-2")


async def test_draft_and_publish_over_http(world: World) -> None:
    story = await world.unit()
    await world.station.hear(story.admitted())
    await world.station.hear(story.decided())
    path = "/v1/lists/national:miit:factory"
    draft = (await world.call(
        "POST", f"{path}/editions", "registrar@miit", json={"year": 2025, "document": "工信厅节函〔2026〕97号"}
    )).json()  # fmt: skip
    pending = await world.call("GET", f"{path}/pending", "registrar@miit")
    assert [i["name"] for i in pending.json()["items"]] == ["佛山某厂"]
    target = f"{path}/editions/{draft['edition_id']}/publish"
    assert (await world.call("POST", target, "registrar@miit")).status_code == 428
    assert (await world.call("POST", target, "registrar@miit", headers={"If-Match": '"99"'})).status_code == 412
    etag = {"If-Match": pending.headers["etag"]}
    published = await world.call("POST", target, "registrar@miit", headers=etag)
    assert published.status_code == 200, published.text
    assert published.json()["counts"]["listed"] == 1
    assert "registry.editions/national:miit:factory/1" in published.headers["event-position"]


@pytest.mark.rule("reg-lists")
async def test_what_waits_is_read_page_by_page(world: World) -> None:
    """Each page with the tag of the first: what was not seen from the first to the last is not published."""
    for name in "甲乙丙丁戊":
        await listed(world.station, name=f"{name}厂")
    path = "/v1/lists/national:miit:factory"

    async def page(cursor: str = "") -> tuple[Any, str]:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        answer = await world.call("GET", f"{path}/pending{query}", "registrar@miit")
        assert answer.status_code == 200, answer.text
        return answer.json(), answer.headers["etag"]

    first, tag = await page()
    names = [one["name"] for one in first["items"]]
    assert names == ["甲厂", "乙厂"]
    assert (first["numbers"], first["listed"]) == ({"listed": 5}, 5)
    second, _ = await page(first["next"])
    await listed(world.station, name="己厂")
    third, last_tag = await page(second["next"])
    names += [one["name"] for one in second["items"] + third["items"]]
    assert names == ["甲厂", "乙厂", "丙厂", "丁厂", "戊厂", "己厂"]
    assert (third["numbers"], third["next"]) == ({"listed": 6}, None)
    assert (tag, last_tag, third["position"]) == ('"5"', '"5"', 6)

    body = {"year": 2025, "document": "工信厅节函〔2026〕97号"}
    draft = (await world.call("POST", f"{path}/editions", "registrar@miit", json=body)).json()
    target = f"{path}/editions/{draft['edition_id']}/publish"
    stale = await world.call("POST", target, "registrar@miit", headers={"If-Match": last_tag})
    assert stale.status_code == 412
    for wrong in ("cursor=WzFd", "cursor=x", "limit=0", "limit=1000"):
        assert (await world.call("GET", f"{path}/pending?{wrong}", "registrar@miit")).status_code == 422, wrong


@pytest.mark.rule("GD-17", "GD-22")
async def test_bars_over_http(world: World) -> None:
    story = await world.unit()
    body = {
        "unit_id": str(story.unit_id), "ground": "accident", "source": "信用中国",
        "source_date": "2025-06-01", "reason": "行政处罚",
    }  # fmt: skip
    assert (await world.call("POST", "/v1/bars", "registrar@cq", json=body)).status_code == 404
    assert (await world.call("POST", "/v1/bars", "reviewer@gd", json=body)).status_code == 403
    missing = {**body, "unit_id": str(uuid4())}
    assert (await world.call("POST", "/v1/bars", "registrar@gd", json=missing)).status_code == 404
    unknown = await world.call("POST", "/v1/bars", "registrar@gd", json={**body, "ground": "x"})
    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/ground")
    made = await world.call("POST", "/v1/bars", "registrar@gd.foshan", json=body)
    assert (made.status_code, made.json()["until"]) == (201, "2028-06-01")
    standing = await world.call("GET", f"/v1/units/{story.unit_id}/standing", f"applicant@@{CODE}")
    assert standing.json()["bars"][0]["state"] == "in_force"
    assert standing.json()["history"][0]["type"] == "bar_changed"
    for token in (f"applicant@@{OTHER}", "registrar@cq", "reviewer@cq.yubei"):
        assert (await world.call("GET", f"/v1/units/{story.unit_id}/standing", token)).status_code == 404
    lifted = await world.call(
        "POST", f"/v1/bars/{made.json()['bar_id']}/lift", "registrar@gd", json={"reason": "已改正"}
    )
    assert lifted.json()["state"] == "lifted"


@pytest.mark.rule("GD-21-now")
async def test_adjustment_over_http(world: World) -> None:
    await imported(world)
    unit = (await world.call("GET", f"/v1/public/lists/{LIST}?q=佛山")).json()["items"][0]["unit_id"]
    body = {"unit_id": unit, "kind": "removal", "ground": "major_incident", "reason": "重大生产安全事故"}
    proposed = await world.call("POST", "/v1/adjustments", "registrar@gd", json=body)
    assert proposed.status_code == 201, proposed.text
    shown = await world.call("GET", f"/v1/adjustments/{proposed.json()['adjustment_id']}", "registrar@gd")
    assert (shown.headers["etag"], shown.json()["state"]) == ('"1"', "proposed")
    foreign = await world.call("GET", f"/v1/adjustments/{proposed.json()['adjustment_id']}", "registrar@cq")
    assert foreign.status_code == 404
    target = f"/v1/adjustments/{proposed.json()['adjustment_id']}/decide"
    decision = {"agreed": True, "reason": "核实"}
    same = await world.call("POST", target, "registrar@gd", json=decision, headers={"If-Match": '"1"'})
    assert (same.status_code, same.json()["code"]) == (403, "same_person")
    decided = await world.call("POST", target, "registrar+approver@gd", json=decision, headers={"If-Match": '"1"'})
    assert decided.json()["state"] == "effective"
    assert (await world.call("GET", f"/v1/public/lists/{LIST}?q=佛山&on=2099-01-01")).json()["total"] == 0
    public = (await world.call("GET", f"/v1/public/units/{unit}")).json()
    assert public["memberships"][0]["state"] == "removed"


@pytest.mark.rule("DM-A1")
async def test_statistics(world: World) -> None:
    await imported(world)
    national = {**IMPORT, "entries": IMPORT["entries"][:1]}  # type: ignore[index]
    path = "/v1/lists/national:miit:factory/imports"
    assert (await world.call("POST", path, "registrar@miit", json=national)).status_code == 201
    answer = (await world.call("GET", "/v1/public/statistics?authority=gd&on=2025-01-01")).json()
    (row,) = answer["rows"]
    assert (row["place"], row["national_and_provincial"], row["provincial_only"]) == ("4406", 1, 1)
    assert (await world.call("GET", "/v1/public/statistics?authority=gd&on=2024-01-01")).json()["rows"] == []
    assert (await world.call("GET", "/v1/public/statistics?authority=gd&by=3")).status_code == 422
    assert (await world.call("GET", "/v1/public/statistics?authority=atlantis")).status_code == 404


@pytest.mark.parametrize(
    "query", ["known_at=soon", "known_at=2025-01-01T00:00:00", "on=x", "cursor=zz", "limit=0", "q=%00"]
)
async def test_bad_queries(world: World, query: str) -> None:
    await imported(world)
    answer = await world.call("GET", f"/v1/public/lists/{LIST}?{query}")
    assert 400 <= answer.status_code < 500, answer.text


async def test_description(world: World) -> None:
    assert (await world.call("GET", "/openapi.json")).status_code == 200
