"""Bad input at every door: a clear 4xx that names the field, never a 5xx, and nothing stored half.

The walk takes its routes from the five OpenAPI documents and from the applications themselves, so a new route is
walked without being written down here. What may be seen without signing in is written down: `PUBLIC`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import jsonschema
import pytest
from starlette.requests import Request
from starlette.responses import Response

from gf_standalone.compose import Workers
from gf_standalone.demo import data
from gf_standalone.demo.acts import Desk, Steward
from gf_standalone.demo.story import EXTENDED_UNTIL, EXTENSION, NAME, POLICY, YEAR
from gf_standalone.people import Account
from gf_standalone.databases import SERVICES
from tests.support.edge import (
    Address,
    Fault,
    Operation,
    addresses,
    check,
    contents,
    fill,
    operations,
    pointers,
)
from tests.support.enterprises import Enterprise, enterprise
from tests.support.house import House, open_house
from tests.support.postgres import DatabaseFactory

pytestmark = [pytest.mark.e2e, pytest.mark.db]
Json = dict[str, Any]

#: What anybody may read without signing in. Everything else asks who is there.
PUBLIC = {
    "GET /{service}/docs",
    "GET /{service}/docs/{name}",
    "GET /{service}/openapi.json",
    "GET /{service}/healthz",
    "GET /{service}/readyz",
    "GET /{service}/metrics",
    "GET /{service}/ui/login",
    "GET /{service}/ui/callback",
    "GET /{service}/ui/signed-out",
    "GET /{service}/ui/static/{name}",
    "GET /review/v1/public/publicities",
    "GET /registry/ui/",
    "GET /registry/ui/lists/{list_id}",
    "GET /registry/ui/units/{unit_id}",
    "GET /registry/v1/public/lists",
    "GET /registry/v1/public/lists/{list_id}",
    "GET /registry/v1/public/lists/{list_id}/export.csv",
    "GET /registry/v1/public/lists/{list_id}/editions",
    "GET /registry/v1/public/editions/{edition_id}",
    "GET /registry/v1/public/units/{unit_id}",
    "GET /registry/v1/public/statistics",
}
LIST = "national:miit:factory"
DIGITS = "9" * 5000

#: Bodies that no operation takes, whatever it asks for.
BODIES: dict[str, bytes] = {
    "nothing": b"",
    "half": b'{"name": "',
    "words": "不是 JSON".encode(),
    "no UTF-8": b'{"name": "\xff\xfe"}',
    "NaN": b'{"x": NaN}',
    "Infinity": b'{"x": -Infinity}',
    "exponent": b'{"x": 1e999999}',
    "digits": b'{"x": ' + DIGITS.encode() + b"}",
    "fraction": b'{"x": 0.' + DIGITS.encode() + b"}",
    "over 64 bits": b'{"x": 9223372036854775808}',
    "NUL": b'{"x": "a\\u0000b"}',
    "NUL in a name": b'{"x\\u0000": 1}',
    "surrogate": b'{"x": "\\ud800"}',
    "twice": b'{"x": 1, "x": 2}',
    "deep": b'{"x": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
    "deep half": b'{"x": ' + b'{"x":' * 10_000,
    "huge": b'{"x": [' + b"0," * 100_000 + b"0]}",
    "unknown": b'{"no_such_field": 1}',
    "number": b"1",
    "list": b"[]",
    "text": b'"text"',
}
#: Values that fit hardly any field; those that a schema allows are tried apart (`test_extremes`).
VALUES: dict[str, Any] = {
    "null": None,
    "true": True,
    "fraction": 1.5,
    "negative": -1,
    "64 bits": 2**63 - 1,
    "32 bits": 2**31,
    "long": "长" * 20_000,
    "empty": "",
    "blank": " \t ",
    "object": {"a": 1},
    "list": [],
    "list of lists": [[[]]],
    "many": [0] * 5000,
    "NaN": "NaN",
    "Infinity": "-Infinity",
    "exponent": "1e999999",
    "digits": DIGITS,
    "full width": "１２３",
    "thousands": "1,000",
    "newline": "x\n",
    "markup": "<script>'\"; drop table journal; --{{7*7}}",
    "right to left": "a\u202eb",
    "first day": "0001-01-01",
    "last day": "9999-12-31",
    "before time": "0001-01-01T00:00:00+14:00",
    "after time": "9999-12-31T23:59:59-14:00",
    "nil": str(uuid.UUID(int=0)),
}
SEGMENTS: dict[str, str] = {
    "words": "no-such-thing",
    "zero": "0",
    "negative": "-1",
    "32 bits": "2147483648",
    "64 bits": "9223372036854775808",
    "digits": DIGITS,
    "full width": "１２３",
    "NUL": "a%00b",
    "surrogate": "%ED%A0%80",
    "newline": "a%0Ab",
    "no UTF-8": "%FF%FE",
    "dots": "..",
    "slashes": "..%2F..%2Fetc%2Fpasswd",
    "markup": "%27%3B%20drop%20table",
    "emoji": "😀",
    "colons": "::",
    "style sheet": "x" * 300 + ".css",
    "nil": str(uuid.UUID(int=0)),
    "unknown": "01999999-9999-7999-8999-999999999999",
}
QUERIES: dict[str, str] = {
    "empty": "",
    "words": "no-such-thing",
    "negative": "-1",
    "zero": "0",
    "64 bits": "9223372036854775808",
    "32 bits": "2147483648",
    "digits": DIGITS,
    "NaN": "NaN",
    "exponent": "1e999999",
    "full width": "１２３",
    "NUL": "%00",
    "surrogate": "%ED%A0%80",
    "newline": "a%0A",
    "like": "%25_%5C",
    "quote": "%27%22%3B--",
    "first day": "0001-01-01",
    "last day": "9999-12-31",
    "after time": "9999-12-31T23:59:59-14:00",
    "base64": "WzEsMiwzXQ",
    "base64 of dates": "WyI5OTk5LTEyLTMxVDIzOjU5OjU5LTE0OjAwIiwieCJd",
    "base64 of NUL": "WyIyMDI1LTAxLTAxVDAwOjAwOjAwKzAwOjAwIiwiXHUwMDAwIl0",
    "base64 of digits": "Wzk5OTk5OTk5OTk5OTk5OTk5OV0",
}
HEADERS: list[tuple[str, bytes]] = [
    *(("If-Match", value) for value in (b"", b"*", b'W/"1"', b'"1', b'""', b'"1", "2"', b'"x"', b'"-1"', b'"99999999999999999999"')),
    ("If-Match", f'"{DIGITS}"'.encode()),
    ("If-Match", '"１"'.encode()),
    ("If-Match", b'"1-99999999999999999999"'),
    ("If-Match", b'"\xff"'),
    *(("Idempotency-Key", value) for value in (b"short", b"with a blank", b"k" * 5000, "键键键键键键键键".encode(), b"\xff" * 9)),
    *(("Wait-For", value) for value in (b"", b"x", b"a/b/c", b"intake.units/x/-1", b"intake.units/x/0", b"\xff")),
    ("Wait-For", b"intake.units/x/" + DIGITS.encode()),
    ("Wait-For", b",".join([b"intake.units/x/1"] * 500)),
    ("Wait-For", b"no.such.topic/x/1"),
    *(("Authorization", value) for value in (b"", b"Bearer", b"Bearer x", b"Bearer a.b.c", b"Basic YTpi", b"Bearer \xff.\xff.\xff")),
    ("Authorization", b"Bearer " + b"x" * 20_000),
    *(("Content-Type", value) for value in (b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data", b"\xff")),
    ("traceparent", b"00-zz-zz-zz"),
    ("Content-Length", b"-1"),
]  # fmt: skip


@dataclass
class Edge:
    """The five applications without a network between, and something in them that belongs to somebody."""

    house: House
    http: httpx.AsyncClient
    campaign: str
    one: Enterprise
    other: Enterprise
    #: A submission on the desk of Shenzhen, and one whose publicity is drafted.
    submission: str
    proposed: str
    draft: str
    batch: str
    publicity: str
    case: Json
    known: dict[str, str]
    tokens: dict[str, str] = field(default_factory=dict)

    async def bearer(self, account: str) -> dict[str, str]:
        if account not in self.tokens:
            form = {"grant_type": "client_credentials", "client_id": account, "client_secret": "demo"}
            answer = await self.house.http.post("/auth/token", data=form)
            self.tokens[account] = answer.json()["access_token"]
        return {"Authorization": f"Bearer {self.tokens[account]}"}

    async def send(self, account: str, method: str, path: str, **arguments: Any) -> httpx.Response:
        said = {**(await self.bearer(account) if account else {}), **arguments.pop("headers", {})}
        return await self.http.request(method, path, headers=said, **arguments)

    async def call(self, account: str, operation: Operation, body: Any = None, **changes: Any) -> httpx.Response:
        """The operation with everything right but what is given."""
        values = {**self.known, **changes.pop("path", {})}
        headers = {"If-Match": f'"{self.case["etag"] if operation.service == "review" else 1}"'}
        if "partner" in operation.path:
            headers["Idempotency-Key"] = str(uuid.uuid4())
        if body is not None:
            headers["Content-Type"] = "application/json"
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers |= changes.pop("headers", {})
        query = {"name": "x.pdf"} if "name" in operation.names("query") else {}
        path = fill(operation.path, values)
        given = {"params": query} if query else {}
        return await self.send(account, operation.method, path, headers=headers, content=content, **given, **changes)

    async def contents(self, service: str) -> Any:
        return await contents(self.house.databases[service])

    def operations(self, service: str) -> list[Operation]:
        return [one for one in operations(self.house.services) if one.service == service]

    async def page_cookie(self, service: str, account: str) -> dict[str, str]:
        """A session of the pages, without the way through the issuer."""
        app: Any = self.house.services[service].app
        pages = app.state.pages
        who = self.house.accounts[account]
        person = {
            "sub": who.id, "name": who.name, "roles": sorted(who.roles), "authority": who.authority, "org": who.org,
        }  # fmt: skip
        response = Response()
        request = Request({"type": "http", "scheme": "http", "method": "GET", "path": "/", "headers": []})
        pages.login.cookies.write(request, response, "session", {"p": person, "csrf": "token"}, 600)
        name, _, value = response.headers["set-cookie"].partition(";")[0].partition("=")
        return {name: value}


#: Everything at once, below the ministry and for the enterprise: nothing is refused for want of a role.
EVERYBODY = "everybody"
STRANGERS = {
    "an-applicant": Account("an-applicant", "别家", ("applicant",), "别家", org="91500112MACKU6DA1Q"),
    "a-partner": Account("a-partner", "外省平台", ("partner",), "广东", authority="gd"),
    "an-official": Account("an-official", "外省", ("approver", "registrar", "steward"), "广东", authority="gd"),
    "a-neighbour": Account("a-neighbour", "邻市", ("reviewer",), "佛山", authority="gd.foshan"),
    "an-operator": Account("an-operator", "运维", ("ops",), "运维"),
    "nobody": Account("nobody", "无岗位", (), "无"),
}


@pytest.fixture(scope="module")
async def edge(database_factory: DatabaseFactory, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    async with open_house(database_factory, tmp_path_factory.mktemp("edge"), workers=False) as house:
        workers = Workers(house.services)
        try:
            made = await furnish(house)
        finally:
            await workers.stop()

        async def dispatch(scope: Any, receive: Any, send: Any) -> None:
            await house.services[scope["path"].split("/")[1]].app(scope, receive, send)

        transport = httpx.ASGITransport(dispatch, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=house.base_url) as http:
            yield Edge(house, http, **made)


async def furnish(house: House) -> Json:
    """A campaign, a unit on the way to the list, another on a desk, a draft, a batch, a publicity."""
    steward = Steward(house.speak("miit-lists"))
    campaign = await steward.open_campaign(NAME, YEAR, POLICY)
    await steward.publish_benchmarks(campaign, data.benchmarks())
    for act in ("submit", "decide:city"):
        await steward.extend(campaign, act, EXTENDED_UNTIL, EXTENSION)
    office = Desk(house.speak("sz-review"), house.speak("sz-approve"))
    ministry = Desk(house.speak("miit-review"), house.speak("miit-approve"))
    one = await enterprise(house, "shenzhen", "440306")
    other = await enterprise(house, "shenzhen", "440306")
    third = await enterprise(house, "shenzhen", "440306")
    proposed = await other.applicant.apply(other.unit_id, campaign)
    submission = await one.applicant.apply(one.unit_id, campaign)
    draft = (await third.applicant.draft(third.unit_id, campaign))["id"]
    await office.prepare(proposed)
    batch = await office.recommend([proposed], campaign, "第一批")
    await ministry.prepare(proposed)
    await ministry.decide(proposed, "pass", reason="审定通过")
    publicity = (await ministry.publicity(proposed))["publicity_id"]
    case = await office.case(submission)
    benchmark = (await house.speak("miit-lists").get("/scoring/v1/benchmark-sets"))["items"][0]["id"]
    evidence = (await one.client.get(f"/intake/v1/submissions/{submission}"))["evidence"][0]
    house.invite(
        Account(
            EVERYBODY,
            "全部岗位",
            ("applicant", "partner", "reviewer", "approver", "registrar", "steward", "ops"),
            "全部",
            authority="miit",
            org=one.applicant.unit["uscc"],
        )
    )
    for account in STRANGERS.values():
        house.invite(account)
    known = {
        "campaign_id": campaign,
        "unit_id": one.unit_id,
        "submission_id": submission,
        "recommendation_id": batch,
        "publicity_id": publicity,
        "set_id": benchmark,
        "evidence_id": evidence.get("id") or evidence["evidence_id"],
        "list_id": LIST,
        "stage_no": "2",
        "version": "1",
        "department": "ecology",
        "slot": "sealed_scan",
        "category": "factory",
        "kind": "application",
        "superior": "shenzhen",
        **{name: str(uuid.uuid4()) for name in ("document_id", "edition_id", "bar_id", "adjustment_id", "notice_id")},
        "group": "intake",
        "topic": "review.cases",
        "key": submission,
    }
    return {
        "campaign": campaign, "one": one, "other": other, "submission": submission, "proposed": proposed,
        "draft": draft, "batch": batch, "publicity": publicity, "case": case, "known": known,
    }  # fmt: skip


class Faults:
    """All that went wrong on a walk, shown together."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.calls = 0

    def see(self, answer: httpx.Response, what: str) -> httpx.Response:
        self.calls += 1
        try:
            check(answer, what)
        except Fault as fault:
            self.found.append(str(fault))
        return answer

    def expect(self, fine: bool, what: str) -> None:
        if not fine:
            self.found.append(what)

    def done(self, at_least: int = 1) -> None:
        assert not self.found, f"{len(self.found)} of {self.calls}:\n" + "\n".join(self.found[:60])
        assert self.calls >= at_least, "the walk went past everything"


SERVICE = pytest.mark.parametrize("service", SERVICES)


@pytest.mark.rule("used-by")
async def test_only_what_is_written_down_is_open_to_anybody(edge: Edge) -> None:
    faults = Faults()
    described = {Address(one.method, one.path) for one in operations(edge.house.services)}
    walked = addresses(edge.house.services)
    assert described <= set(walked)
    open_to_all = set()
    for one in walked:
        path = fill(one.path, edge.known)
        for body in ({}, {"content": b"{}", "headers": {"Content-Type": "application/json"}}):
            answer = faults.see(await edge.send("", one.method, path, **body), str(one))
            service = one.path.split("/")[1]
            if answer.status_code == 303 and answer.headers["location"].startswith(f"/{service}/ui/login"):
                continue
            if answer.status_code != 401:
                open_to_all.add(str(one).replace(f"/{service}/", "/{service}/", 1))
                open_to_all.add(str(one))
    written = {one for one in open_to_all if one in PUBLIC}
    faults.done(200)
    assert {one for one in open_to_all if "{service}" not in one and _public(one) not in PUBLIC} == set()
    assert PUBLIC <= written, "written down as open, but it is not"


def _public(one: str) -> str:
    method, path = one.split(" ")
    service = path.split("/")[1]
    general = f"{method} {path.replace(f'/{service}/', '/{service}/', 1)}"
    return general if general in PUBLIC else one


@SERVICE
async def test_bodies_that_nobody_takes(edge: Edge, service: str) -> None:
    faults = Faults()
    before = await edge.contents(service)
    for operation in edge.operations(service):
        if operation.schema is None:
            continue
        for name, body in BODIES.items():
            what = f"{operation} body {name}"
            answer = faults.see(await edge.call(EVERYBODY, operation, body), what)
            faults.expect(answer.status_code >= 400 or _may_be_empty(operation, name), f"{what}: {answer.status_code}")
        for kind in (b"text/plain", b"application/x-www-form-urlencoded", b"text/json"):
            answer = await edge.call(EVERYBODY, operation, b"{}", headers={"Content-Type": kind})
            faults.see(answer, f"{operation} {kind!r}")
            faults.expect(answer.status_code == 415, f"{operation} {kind!r}: {answer.status_code}")
    assert await edge.contents(service) == before
    faults.done()


def _may_be_empty(operation: Operation, name: str) -> bool:
    return name == "nothing" and not operation.spec["requestBody"].get("required", False)


def mutations(operation: Operation, sample: Any) -> Iterator[tuple[str, str, Any]]:
    """The sample with one place changed: its pointer, what was put there, and the whole."""
    for pointer, put in _places(sample, ""):
        for name, value in VALUES.items():
            yield pointer, name, put(value)
    if isinstance(sample, dict):
        yield "/no_such_field", "unknown field", {**sample, "no_such_field": 1}


def _places(node: Any, at: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for key, child in node.items():
            yield f"{at}/{key}", lambda value, key=key: {**node, key: value}
            for pointer, put in _places(child, f"{at}/{key}"):
                yield pointer, lambda value, key=key, put=put: {**node, key: put(value)}
    elif isinstance(node, list) and node:
        for pointer, put in _places(node[0], f"{at}/0"):
            yield pointer, lambda value, put=put: [put(value), *node[1:]]


@SERVICE
async def test_a_wrong_field_is_named(edge: Edge, service: str) -> None:
    """Whatever the OpenAPI document forbids is refused with a pointer to it; nothing is stored."""
    faults = Faults()
    before = await edge.contents(service)
    for operation in edge.operations(service):
        if operation.schema is None:
            continue
        validator = jsonschema.Draft202012Validator(operation.validator_schema())
        sample = operation.sample(edge.known)
        assert validator.is_valid(sample), (str(operation), sample)
        for pointer, name, body in mutations(operation, sample):
            if validator.is_valid(body):
                continue
            what = f"{operation} {pointer} {name}"
            answer = faults.see(await edge.call(EVERYBODY, operation, body), what)
            if answer.status_code not in (400, 413, 422):
                faults.expect(False, f"{what}: {answer.status_code} {answer.text[:200]}")
            elif answer.status_code != 413:
                named = pointers(answer)
                faults.expect(any(one.startswith(pointer) for one in named), f"{what}: names {named[:5]}")
    assert await edge.contents(service) == before
    faults.done(5)


@SERVICE
async def test_paths_that_lead_nowhere(edge: Edge, service: str) -> None:
    faults = Faults()
    before = await edge.contents(service)
    for operation in edge.operations(service):
        body = operation.sample(edge.known) if operation.schema is not None else None
        for parameter in operation.path_names:
            for name, segment in SEGMENTS.items():
                what = f"{operation} {parameter} {name}"
                answer = faults.see(await edge.call(EVERYBODY, operation, body, path={parameter: segment}), what)
                if parameter.endswith("_id") and parameter != "list_id":
                    faults.expect(answer.status_code in (404, 405), f"{what}: {answer.status_code}")
    assert await edge.contents(service) == before
    faults.done()


@SERVICE
async def test_queries_that_ask_for_nothing(edge: Edge, service: str) -> None:
    faults = Faults()
    for operation in edge.operations(service):
        if operation.method != "GET":
            continue
        path = fill(operation.path, edge.known)
        for parameter in [*operation.names("query"), "no_such_parameter"]:
            for name, value in QUERIES.items():
                what = f"{operation} ?{parameter} {name}"
                answer = faults.see(await edge.send(EVERYBODY, "GET", f"{path}?{parameter}={value}"), what)
                bad = parameter == "limit" and name not in ("empty",)
                bad |= parameter == "cursor" and name != "empty"
                if bad and answer.status_code < 400:
                    faults.expect(False, f"{what}: {answer.status_code}")
                if bad and answer.status_code == 422:
                    faults.expect(f"query:/{parameter}" in pointers(answer), f"{what}: names {pointers(answer)}")
    faults.done()


@SERVICE
async def test_headers_that_say_nothing(edge: Edge, service: str) -> None:
    faults = Faults()
    before = await edge.contents(service)
    for operation in edge.operations(service):
        body = operation.sample(edge.known) if operation.schema is not None else None
        for name, value in HEADERS:
            # A body that is refused in the end: the header is looked at first, and nothing comes of it anyway.
            account = "nobody" if operation.method != "GET" else EVERYBODY
            what = f"{operation} {name}: {value[:40]!r}"
            answer = faults.see(await edge.call(account, operation, body, headers={name: value}), what)
            if name == "Authorization":
                public = f"{operation}" in PUBLIC
                faults.expect(public or answer.status_code == 401, f"{what}: {answer.status_code}")
    assert await edge.contents(service) == before
    faults.done()
