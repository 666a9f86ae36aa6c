"""Bad input at every door: a clear 4xx that names the field, never a 5xx, and nothing stored half.

The walk takes its routes from the five OpenAPI documents and from the applications themselves, so a new route is
walked without being written down here. What may be seen without signing in is written down: `PUBLIC`.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import jsonschema
import pytest
from starlette.requests import Request
from starlette.responses import Response

from gf_standalone.compose import Workers
from gf_standalone.databases import SERVICES
from gf_standalone.demo import data
from gf_standalone.demo.acts import Desk, Steward
from gf_standalone.demo.story import EXTENDED_UNTIL, EXTENSION, NAME, POLICY, YEAR
from gf_standalone.people import Account
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
    "GET /{service}/problems/{code}",
    "GET /{service}/ui",
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
    "GET /registry/v1/lists",
    "GET /registry/v1/lists/{list_id}",
    "GET /registry/v1/public/lists",
    "GET /registry/v1/public/lists/{list_id}",
    "GET /registry/v1/public/lists/{list_id}/export.{kind}",
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
#: What a field of text or a date may be allowed to hold.
EXTREME = ("digits", "newline", "markup", "right to left", "last day", "before time", "after time", "nil", "64 bits")
#: Enough for the fields of what lies inside a body.
FEWER = ("null", "true", "fraction", "32 bits", "long", "object", "list", "exponent", "full width", "after time")
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
HEADERS: dict[str, tuple[bytes, ...]] = {
    "If-Match": (
        b"",
        b"*",
        b'W/"1"',
        b'"1',
        b'""',
        b'"1", "2"',
        b'"x"',
        b'"-1"',
        b'"99999999999999999999"',
        b'"1-99999999999999999999"',
        f'"{DIGITS}"'.encode(),
        '"１"'.encode(),
        b'"\xff"',
    ),
    "Idempotency-Key": (b"short", b"with a blank", b"k" * 5000, "键键键键键键键键".encode(), b"\xff" * 9),
    "Wait-For": (
        b"",
        b"x",
        b"a/b/c",
        b"intake.units/x/-1",
        b"intake.units/x/0",
        b"intake.units/x/" + DIGITS.encode(),
        b",".join([b"intake.units/x/1"] * 500),
        b"no.such.topic/x/1",
        b"\xff",
    ),
    "Authorization": (
        b"",
        b"Bearer",
        b"Bearer x",
        b"Bearer a.b.c",
        b"Basic YTpi",
        b"Bearer \xff.\xff.\xff",
        b"Bearer " + b"x" * 20_000,
    ),
    "Content-Type": (b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data", b"\xff"),
    "traceparent": (b"00-zz-zz-zz",),
    "Content-Length": (b"-1", DIGITS.encode()),
}


#: Parameters of paths that are ids of ours.
IDS = {f"{name}_id" for name in (
    "unit", "campaign", "submission", "evidence", "document", "recommendation", "publicity", "set", "edition", "bar",
    "adjustment", "notice", "run",
)}  # fmt: skip


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
    known: dict[str, Any]
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
        headers = {
            "If-Match": f'"{self.case["etag"] if "/cases/{submission_id}" in operation.path else 1}"',
            "Idempotency-Key": str(uuid.uuid4()),
        }
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
        "code": "energy_total",
        "year": 2024,
        "unit": "tce",
        "product": "",
        **{
            name: str(uuid.uuid4())
            for name in (
                "document_id",
                "edition_id",
                "bar_id",
                "adjustment_id",
                "notice_id",
                "run_id",
            )
        },
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
    found = set()
    for one in walked:
        path = fill(one.path, edge.known)
        for body in ({}, {"content": b"{}", "headers": {"Content-Type": "application/json"}}):
            answer = faults.see(await edge.send("", one.method, path, **body), str(one))
            if answer.status_code != 401 and not _leads_to_sign_in(answer):
                found.add(_written_as(one))
    faults.done(200)
    assert found == PUBLIC


def _leads_to_sign_in(answer: httpx.Response) -> bool:
    service = answer.request.url.path.split("/")[1]
    return answer.status_code == 303 and answer.headers["location"].startswith(f"/{service}/ui/login")


def _written_as(one: Address) -> str:
    """As it stands in `PUBLIC`: what all services have is written once."""
    general = re.sub(r"^/\w+/", "/{service}/", one.path)
    return f"{one.method} {general}" if f"{one.method} {general}" in PUBLIC else str(one)


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
            if answer.status_code < 400 and not _may_be_empty(operation, name):
                faults.expect(False, f"{what}: {answer.status_code}")
        for kind in (b"text/plain", b"application/x-www-form-urlencoded", b"text/json"):
            answer = await edge.call(EVERYBODY, operation, b"{}", headers={"Content-Type": kind})
            faults.see(answer, f"{operation} {kind!r}")
            faults.expect(answer.status_code == 415, f"{operation} {kind!r}: {answer.status_code}")
    assert await edge.contents(service) == before
    faults.done()


def _may_be_empty(operation: Operation, name: str) -> bool:
    return name == "nothing" and not operation.spec["requestBody"].get("required", False)


def _refused(operation: Operation, answer: httpx.Response) -> tuple[int, list[str]]:
    """Status and pointers; a bulk call answers line by line."""
    if answer.status_code == 200 and operation.path.endswith("/bulk"):
        line = answer.json()["items"][0]
        found = [f"/items/0{one['pointer']}" for one in line.get("problem", {}).get("errors", [])]
        return line["status"], found
    return answer.status_code, pointers(answer)


def mutations(operation: Operation, sample: Any, inside: tuple[str, ...] = FEWER) -> Iterator[tuple[str, str, Any]]:
    """The sample with one place changed: its pointer, what was put there, and the whole."""
    for pointer, put in _places(sample, ""):
        for name in VALUES if pointer.count("/") == 1 else inside:
            yield pointer, name, put(VALUES[name])
    if isinstance(sample, dict):
        yield "/no_such_field", "unknown field", {**sample, "no_such_field": 1}


def _as_read(body: Any) -> Any:
    """Blanks around a text are taken off before it is looked at."""
    if isinstance(body, dict):
        return {key: _as_read(one) for key, one in body.items()}
    if isinstance(body, list):
        return [_as_read(one) for one in body]
    return body.strip() if isinstance(body, str) else body


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
            if validator.is_valid(_as_read(body)):
                continue
            what = f"{operation} {pointer} {name}"
            answer = faults.see(await edge.call(EVERYBODY, operation, body), what)
            status, named = _refused(operation, answer)
            if status not in (400, 413, 422):
                faults.expect(False, f"{what}: {status} {answer.text[:200]}")
            elif status != 413:
                faults.expect(any(one.startswith(pointer) for one in named), f"{what}: names {named}")
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
                faults.expect(answer.status_code >= 400 or parameter not in IDS, f"{what}: {answer.status_code}")
                if parameter in IDS and name not in ("nil", "unknown"):
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
        for parameter in operation.names("query"):
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
        for name, value in [(name, one) for name, values in HEADERS.items() for one in values]:
            if not _listens(operation, name):
                continue
            # A body that is refused in the end: the header is looked at first, and nothing comes of it anyway.
            account = "nobody" if operation.method != "GET" else EVERYBODY
            what = f"{operation} {name}: {value[:40]!r}"
            answer = faults.see(await edge.call(account, operation, body, headers={name: value}), what)
            if name == "Authorization":
                public = f"{operation}" in PUBLIC
                faults.expect(public or answer.status_code == 401, f"{what}: {answer.status_code}")
    assert await edge.contents(service) == before
    faults.done()


def _listens(operation: Operation, header: str) -> bool:
    """Whether the operation makes anything of the header."""
    match header:
        case "If-Match":
            return "if-match" in [name.lower() for name in operation.names("header")]
        case "Idempotency-Key":
            return operation.method == "POST"
        case "Wait-For":
            return operation.method == "GET"
        case "Content-Type":
            return operation.schema is not None
    return True


# --- what belongs to somebody else ----------------------------------------------------------------------------------


async def asked_about(edge: Edge, account: str, operation: Operation, known: Json) -> tuple[int, str, str]:
    """Status, code and words of the answer."""
    body: Any = operation.sample(known) if operation.schema is not None else None
    if isinstance(body, dict) and "uscc" in body and "unit_id" in body:
        del body["uscc"]
    if body is None and operation.method in ("PUT", "POST"):
        body = data.pdf("stranger")
    answer = await edge.call(account, operation, body, path=known)
    if answer.status_code == 200 and operation.path.endswith("/bulk"):
        return _first_line(answer)
    if "application/problem+json" not in answer.headers.get("content-type", ""):
        return answer.status_code, "", answer.text[:200]
    said = answer.json()
    return answer.status_code, said["code"], said["detail"]


def _first_line(answer: httpx.Response) -> tuple[int, str, str]:
    """A bulk call answers line by line."""
    line = answer.json()["items"][0]
    return line["status"], line["problem"]["code"], line["problem"]["detail"]


@pytest.mark.rule("used-by")
@pytest.mark.parametrize("stranger", STRANGERS)
async def test_to_a_stranger_what_is_there_is_not_there(edge: Edge, stranger: str) -> None:
    """An id of somebody else answers exactly like an id that nobody ever gave."""
    faults = Faults()
    owned = ("unit_id", "submission_id", "recommendation_id", "publicity_id", "evidence_id")
    nowhere = {**edge.known, **{name: str(uuid.uuid4()) for name in owned}}
    before = {service: await edge.contents(service) for service in SERVICES}
    for operation in operations(edge.house.services):
        names = set(operation.path_names)
        if operation.schema is not None:
            names |= set(re.findall(r'"(\w+_id)"', json.dumps(operation.sample(edge.known))))
        if not names & set(owned) or str(operation) in PUBLIC:
            continue
        faults.calls += 1
        real = await asked_about(edge, stranger, operation, edge.known)
        unknown = await asked_about(edge, stranger, operation, nowhere)
        faults.expect(real[0] >= 400, f"{operation}: {real}")
        faults.expect(real == unknown, f"{operation} tells them apart: {real} {unknown}")
        if operation.path_names and not {"submission_id", "unit_id"}.isdisjoint(operation.path_names):
            faults.expect(real[0] in (403, 404, 422), f"{operation}: {real}")
    faults.done(10)
    for service in SERVICES:
        assert await edge.contents(service) == before[service]


@pytest.mark.parametrize("stranger", STRANGERS)
async def test_lists_leave_out_what_is_not_theirs(edge: Edge, stranger: str) -> None:
    for path in (
        "/intake/v1/units",
        "/intake/v1/submissions",
        "/review/v1/cases?view=all",
        "/review/v1/recommendations",
        "/review/v1/publicities",
        "/notify/v1/inbox",
    ):
        answer = check(await edge.send(stranger, "GET", path), path)
        if answer.status_code == 200:
            for secret in (edge.one.unit_id, edge.submission, edge.proposed, edge.batch, edge.publicity, edge.one.name):
                assert secret not in answer.text, path


# --- pages ------------------------------------------------------------------------------------------------------------

#: Hidden and open fields of the pages' forms.
FIELDS = (
    *(
        "seen",
        "key",
        "reason",
        "article",
        "ground",
        "text",
        "title",
        "campaign_id",
        "submission_id",
        "item",
        "indicator",
    ),
    *("pointer", "pointer_note", "points:x", "ok:x", "department", "asked_on", "answered_on", "agrees", "upheld"),
    *("opinion", "state", "grade", "note", "kind", "number", "term", "days", "file"),
)
ACTS = (
    *("findings", "marks", "consult", "consult-answer", "expert", "reason", "document", "pass", "return", "refuse"),
    *("cancel", "add", "remove", "seal", "send", "dissolve", "open", "objection", "ruling", "no-such-act"),
)
#: Addresses that a page's query may name; a wrong cursor would hide the others, so it comes alone.
ASKED = (
    ("view", "category", "campaign_id", "key", "q", "region", "year", "state", "next", "code"),
    ("on",),
    ("cursor",),
)
FORM_VALUES = (
    "",
    "x",
    "-1",
    "NaN",
    "1e999999",
    DIGITS,
    "１２３",
    "2-1",
    "0001-01-01",
    "9999-12-31",
    "<script>",
    "[[]]",
)


def pages_of(edge: Edge, service: str, method: str) -> list[str]:
    return [
        one.path
        for one in addresses(edge.house.services)
        if one.method == method and re.match(rf"^/{service}/(ui|ops)(/|$)", one.path)
    ]


@SERVICE
async def test_pages_at_addresses_that_lead_nowhere(edge: Edge, service: str) -> None:
    faults = Faults()
    headers = _cookie(await edge.page_cookie(service, EVERYBODY))
    known = {**edge.known, "name": "base.css"}
    for path in pages_of(edge, service, "GET"):
        faults.see(await edge.send("", "GET", fill(path, known), headers=headers), f"GET {path}")
        for parameter in re.findall(r"{(\w+)}", path):
            for name, segment in SEGMENTS.items():
                at = fill(path, {**known, parameter: segment})
                faults.see(await edge.send("", "GET", at, headers=headers), f"GET {path} {parameter} {name}")
        for asked in ASKED:
            if path.endswith(("/static/{name}", "/signed-out", "/callback")):
                continue
            for name in ("digits", "NUL", "newline", "quote", "last day", "base64 of dates", "base64 of digits"):
                value = QUERIES[name]
                at = f"{fill(path, known)}?{'&'.join(f'{one}={value}' for one in asked)}"
                faults.see(await edge.send("", "GET", at, headers=headers), f"GET {path} {asked} {name}")
    faults.done(5)


@SERVICE
async def test_forms_that_say_nothing(edge: Edge, service: str) -> None:
    faults = Faults()
    cookies = await edge.page_cookie(service, EVERYBODY)
    for path in pages_of(edge, service, "POST"):
        if path.endswith("/logout"):
            continue
        for act in ACTS if path.endswith("/{act}") else ("",):
            at = fill(path, {**edge.known, "act": act, "stage_no": "4"})
            what = f"POST {path} {act}"
            answer = await edge.send("", "POST", at, headers=_cookie(cookies), data={"reason": "x"})
            faults.see(answer, f"{what} without token")
            # What was typed goes back to the browser that sent it: nothing is written, so no token is asked for.
            wanted = 412 if path.endswith("/restore") else 403
            faults.expect(answer.status_code == wanted, f"{what} without token: {answer.status_code}")
            for value in FORM_VALUES:
                form = {"csrf_token": "token", **dict.fromkeys(FIELDS, value)}
                for sent in (form, {**form, "seen": edge.case["etag"]}):
                    answer = await edge.send("", "POST", at, headers=_cookie(cookies), data=sent)
                    faults.see(answer, f"{what} {value[:20]!r}")
            answer = await edge.send(
                "", "POST", at, headers={**_cookie(cookies), "Content-Type": "application/x-www-form-urlencoded"},
                content=b"csrf_token=token&reason=%00&text=%ED%A0%80&x=%FF",
            )  # fmt: skip
            faults.see(answer, f"{what} NUL")
    if pages_of(edge, service, "POST"):
        faults.done()


def _cookie(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}


# --- the named cases --------------------------------------------------------------------------------------------------


def problem(answer: httpx.Response, status: int, *, rule: str = "", pointer: str = "", article: str = "") -> Json:
    check(answer, str(answer.request.url))
    assert answer.status_code == status, answer.text
    said: Json = answer.json()
    rules = {said.get("rule", ""), *(one.get("rule", "") for one in said.get("errors", []))}
    assert not rule or rule in rules, said
    assert not pointer or pointer in pointers(answer), said
    assert article in said.get("article", ""), said
    return said


async def put_content(edge: Edge, account: str, content: Json) -> httpx.Response:
    path = f"/intake/v1/submissions/{edge.draft}"
    now = (await edge.send(account, "GET", path)).headers["etag"]
    return await edge.send(account, "POST", f"{path}/verify", json=content, headers={"If-Match": now})


@pytest.fixture
async def drafter(edge: Edge) -> str:
    """The account whose draft waits, not yet verified."""
    accounts = [name for name in edge.house.accounts if name.startswith("test-")]
    for account in accounts:
        if (await edge.send(account, "GET", f"/intake/v1/submissions/{edge.draft}")).status_code == 200:
            return account
    raise LookupError(edge.draft)


async def test_an_unknown_fact_is_named(edge: Edge, drafter: str) -> None:
    content = data.content(data.units()["sz"])
    content["values"].insert(3, {"code": "no_such_fact", "value": "1"})
    before = await edge.contents("intake")
    said = problem(await put_content(edge, drafter, content), 422, pointer="/values/3/code")
    assert said["rule"], said
    assert await edge.contents("intake") == before


async def test_a_number_out_of_range_is_named(edge: Edge, drafter: str) -> None:
    for value in ("NaN", "1e999999", DIGITS, "１２３", "-5", "1,000"):
        content = data.content(data.units()["sz"])
        index = next(i for i, row in enumerate(content["values"]) if row["code"] == "energy_total")
        content["values"][index]["value"] = value
        problem(await put_content(edge, drafter, content), 422, pointer=f"/values/{index}/value")


async def test_an_unknown_indicator_is_named(edge: Edge) -> None:
    case = check(await edge.send("sz-review", "GET", f"/review/v1/cases/{edge.submission}"), "case")
    before = await edge.contents("review")
    answer = await edge.send(
        "sz-review", "POST", f"/review/v1/cases/{edge.submission}/stages/2/marks",
        json={"marks": [{"indicator": "no_such_indicator", "points": "1", "reason": "x"}]},
        headers={"If-Match": case.headers["etag"]},
    )  # fmt: skip
    said = problem(answer, 422, pointer="/marks/0/indicator")
    assert said.get("rule"), said
    assert await edge.contents("review") == before


@pytest.mark.parametrize("code", ["91500112MA6YY0UJ0H", "9150", "９１500112MA6YY0UJ0G", "91500112ma6yy0uj0g"])
async def test_an_invalid_code_of_an_enterprise_is_named(edge: Edge, code: str) -> None:
    unit = data.units()["sz"]
    body = {name: unit[name] for name in ("name", "industries", "region")}
    sent = {**body, "category": "factory", "superior": "shenzhen", "uscc": code}
    before = await edge.contents("intake")
    said = problem(await edge.send("sz-review", "POST", "/intake/v1/units", json=sent), 422, pointer="/uscc")
    assert said.get("rule"), said
    assert await edge.contents("intake") == before


async def test_a_form_that_was_not_verified_is_not_admitted(edge: Edge, drafter: str) -> None:
    path = f"/intake/v1/submissions/{edge.draft}"
    seen = (await edge.send(drafter, "GET", path)).headers["etag"]
    before = await edge.contents("intake")
    said = problem(await edge.send(drafter, "POST", f"{path}/submit", headers={"If-Match": seen}), 409)
    assert said["code"] == "not_verified"
    assert said.get("rule"), said
    assert await edge.contents("intake") == before


async def test_a_decision_out_of_order(edge: Edge) -> None:
    """The ministry's turn has not come; nothing of the case's order is told by a 500 or by silence."""
    before = await edge.contents("review")
    answer = await edge.send(
        "miit-approve", "POST", f"/review/v1/cases/{edge.submission}/stages/4/pass",
        json={"reason": "提前"}, headers={"If-Match": f'"{edge.case["etag"]}"'},
    )  # fmt: skip
    assert answer.status_code in (404, 409)
    said = problem(answer, answer.status_code, rule="DM-state" if answer.status_code == 409 else "")
    assert said["detail"]
    assert await edge.contents("review") == before


async def test_guards_that_are_not_met_are_named(edge: Edge) -> None:
    case = check(await edge.send("sz-review", "GET", f"/review/v1/cases/{edge.submission}"), "case")
    before = await edge.contents("review")
    answer = await edge.send(
        "sz-approve", "POST", f"/review/v1/cases/{edge.submission}/stages/2/pass",
        json={"reason": ""}, headers={"If-Match": case.headers["etag"]},
    )  # fmt: skip
    said = problem(answer, 422)
    assert said["code"] == "guard_not_met"
    assert said.get("rule"), said
    assert said.get("errors"), said
    assert all(one["pointer"] and one.get("rule") for one in said["errors"]), said
    assert await edge.contents("review") == before


async def test_a_campaign_that_is_over(edge: Edge, drafter: str) -> None:
    """Last of the named cases: the clock does not go back."""
    await edge.house.speak(drafter).get(f"/intake/v1/submissions/{edge.draft}")
    verified = await put_content(edge, drafter, data.content(data.units()["sz"]))
    check(verified, "verify")
    edge.house.clock.move_to(datetime(2026, 3, 1, tzinfo=UTC))
    path = f"/intake/v1/submissions/{edge.draft}"
    seen = (await edge.send(drafter, "GET", path)).headers["etag"]
    said = problem(await edge.send(drafter, "POST", f"{path}/submit", headers={"If-Match": seen}), 422)
    assert said["code"] in ("window_closed", "admission_refused", "campaign_not_open"), said
    assert said.get("rule"), said
    assert said.get("article"), said


# --- what a schema allows, and nobody means -----------------------------------------------------------------------


@SERVICE
async def test_extremes(edge: Edge, service: str) -> None:
    """The last walk: some of it may be accepted, none of it may break anything."""
    faults = Faults()
    for operation in edge.operations(service):
        if operation.schema is None:
            continue
        validator = jsonschema.Draft202012Validator(operation.validator_schema())
        for pointer, name, body in mutations(operation, operation.sample(edge.known), EXTREME):
            if name in EXTREME and validator.is_valid(_as_read(body)):
                faults.see(await edge.call(EVERYBODY, operation, body), f"{operation} {pointer} {name}")
    faults.done()
