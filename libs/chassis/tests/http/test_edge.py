"""The edge of a service: every error is a problem document, bad input never gives a 5xx."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import Header, Query, Response
from sqlalchemy.exc import DBAPIError

from gf_chassis.errors import Conflict, FieldError, Rejected, Stale, Transient
from gf_chassis.http import (
    Cursor,
    Limit,
    PathId,
    Router,
    decode_cursor,
    encode_cursor,
    etag,
    if_match,
    int_if_match,
)
from gf_chassis.json import ApiModel, CleanText, ExactDecimal

from .conftest import JSON, Issuer, MakeApp, client_of, maker, verifier_of

router = Router()


class Thing(ApiModel):
    name: str
    count: int
    value: ExactDecimal | None = None
    day: date | None = None
    unit: UUID | None = None
    rows: list[Thing] = []


class DomainError(Exception):
    """As a service's domain would have it: no import of the chassis."""

    def __init__(self) -> None:
        super().__init__("x")
        self.code, self.detail, self.status = "bar_in_force", "单位在限制申报期内。", 422
        self.rule, self.article = "GD-17", "《办法》第十七条"
        self.errors = [FieldError("/unit", "barred", "限制申报期至 2027-01-01。")]


class Surprise(Exception):
    pass


class _DataError(Exception):
    sqlstate = "22003"


RAISED: dict[str, Exception] = {
    "domain": DomainError(),
    "conflict": Conflict("closed", "案卷已办结。", rule="N25-3"),
    "stale": Stale(current='"4"'),
    "transient": Transient("later", retry_after=7),
    "refused": ConnectionRefusedError(111, "no"),
    "surprise": Surprise("password=geheim"),
    "value": DBAPIError("select", {}, _DataError()),
    "missing_file": FileNotFoundError(2, "no such file"),
}


@router.post("/things", status_code=201)
async def make(thing: Thing) -> Thing:
    return thing


@router.get("/things/{thing_id}")
async def show(thing_id: PathId, limit: Limit = 50, cursor: Cursor = None, q: CleanText = "") -> dict[str, Any]:
    return {"id": str(thing_id), "limit": limit, "q": q}


@router.get("/raise/{what}")
async def fail(what: str) -> None:
    raise RAISED[what]


@router.get("/wrong")
async def wrong_answer() -> Thing:
    return {"name": 1}  # type: ignore[return-value]


@router.put("/versions")
async def put(response: Response, if_match_: Annotated[str | None, Header(alias="if-match")] = None) -> int:
    seen = int_if_match(if_match_)
    response.headers["ETag"] = etag(seen + 1)
    return seen


@router.get("/days")
async def days(day: Annotated[date, Query()]) -> str:
    return str(day)


@pytest.fixture(scope="module")
async def client(issuer: Issuer) -> AsyncIterator[httpx.AsyncClient]:
    """One service for all: making it takes longer than asking it, and no test changes it."""
    app = maker(verifier_of(issuer))(
        router, rejections=(DomainError,), large_body={r"/intake/v1/files/[^/]+": 5_000_000}
    )
    async with client_of(app) as client:
        yield client


def check_problem(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["type"] == f"/intake/problems/{body['code']}"
    assert any("\u4e00" <= char <= "\u9fff" for char in body["title"])
    assert any("\u4e00" <= char <= "\u9fff" for char in body["detail"])
    assert len(body["traceId"]) == 32
    if code:
        assert body["code"] == code
    return body


BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b"1",
    b'"text"',
    b'{"name": "a"}',
    b'{"name": "a", "count": "1"}',
    b'{"name": "a", "count": 1, "extra": 1}',
    b'{"name": "a", "count": 1, "count": 2}',
    b'{"name": "a", "count": 1e999999}',
    b'{"name": "a", "count": 99999999999}',
    b'{"name": "a", "count": 123456789012345678901234567890}',
    b'{"name": "\\u0000", "count": 1}',
    b'{"name": "\\ud83d", "count": 1}',
    b'{"name": "a", "count": 1, "value": NaN}',
    b'{"name": "a", "count": 1, "value": 1e999999}',
    b'{"name": "a", "count": 1, "value": "1e999999"}',
    b'{"name": "a", "count": 1, "value": "' + "１２".encode() + b'"}',
    b'{"name": "a", "count": 1, "day": "2025-02-30"}',
    b'{"name": "a", "count": 1, "day": "0000-00-00"}',
    b'{"name": "a", "count": 1, "day": 99999999999999999}',
    b'{"name": "a", "count": 1, "unit": "{x}"}',
    b'{"name": "a", "count": 1, "rows": {"0": 1}}',
    b'{"name": "a", "count": 1, "rows": [' + b"[" * 50 + b"]" * 50 + b"]}",
    b"\x00\x01\x02",
    b'{"name": "\xff", "count": 1}',
]


@pytest.mark.parametrize("body", BODIES)
async def test_bad_bodies_get_a_4xx(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/intake/v1/things", content=body, headers=JSON)
    problem = check_problem(answer, answer.status_code)
    assert answer.status_code in (400, 422)
    assert problem["errors"]


async def test_a_good_body_comes_back(client: httpx.AsyncClient) -> None:
    unit = str(uuid4())
    body = b'{"name": " \xe7\xbb\xbf ", "count": 2, "value": 1.10, "day": "2025-10-20", "unit": "%b"}' % unit.encode()
    answer = await client.post("/intake/v1/things", content=body, headers=JSON)
    assert answer.status_code == 201
    assert answer.json()["name"] == "绿"
    assert answer.json()["value"] == "1.10"


async def test_validation_names_each_field(client: httpx.AsyncClient) -> None:
    body = {"count": 1, "rows": [{"name": "a", "count": "x"}], "o/p": 1}
    problem = check_problem(await client.post("/intake/v1/things", json=body), 422, "validation")
    assert {(error["pointer"], error["code"]) for error in problem["errors"]} == {
        ("/name", "required"),
        ("/rows/0/count", "int_type"),
        ("/o~1p", "unknown_field"),
    }
    assert all(any("\u4e00" <= c <= "\u9fff" for c in error["detail"]) for error in problem["errors"])


async def test_the_rejected_value_is_not_repeated(client: httpx.AsyncClient) -> None:
    answer = await client.post("/intake/v1/things", json={"name": "a", "count": "13800138000"})
    assert "13800138000" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/intake/v1/nothing", 404),
        ("GET", "/intake/v1/%00", 404),
        ("GET", "/intake/v1/things/not-an-id", 404),
        ("GET", "/intake/v1/things/{019a0000-0000-7000-8000-000000000000}", 404),
        ("GET", "/intake/v1/things/019a0000000070008000000000000000", 404),
        ("DELETE", "/intake/v1/things", 405),
        ("GET", "/intake/v1/things/01a1f000-0000-7000-8000-000000000001?limit=0", 422),
        ("GET", "/intake/v1/things/01a1f000-0000-7000-8000-000000000001?limit=999999999999999999999999", 422),
        ("GET", "/intake/v1/things/01a1f000-0000-7000-8000-000000000001?limit=%EF%BC%91", 422),
        ("GET", "/intake/v1/things/01a1f000-0000-7000-8000-000000000001?q=%00", 422),
        ("GET", "/intake/v1/things/01a1f000-0000-7000-8000-000000000001?q=%ED%A0%80", 200),
        ("GET", "/intake/v1/days?day=2025-13-01", 422),
        ("GET", "/intake/v1/days", 422),
    ],
)
async def test_addresses_and_parameters(client: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    answer = await client.request(method, path)
    if status >= 400:
        check_problem(answer, status)
    assert answer.status_code == status


async def test_wrong_content_type(client: httpx.AsyncClient) -> None:
    for headers in ({"content-type": "text/plain"}, {}, {"content-type": "application/x-www-form-urlencoded"}):
        answer = await client.post("/intake/v1/things", content=b'{"name": "a", "count": 1}', headers=headers)
        check_problem(answer, 415, "unsupported_media_type")
    answer = await client.post(
        "/intake/v1/things", content=b'{"name": "a", "count": 1}', headers={"content-type": "application/merge+json"}
    )
    assert answer.status_code == 201


async def test_body_limit_declared_and_streamed(client: httpx.AsyncClient) -> None:
    big = b'{"name": "' + b"x" * 3_000_000 + b'"}'
    check_problem(await client.post("/intake/v1/things", content=big, headers=JSON), 413, "body_too_large")

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(30):
            yield b"x" * 100_000

    answer = await client.post("/intake/v1/things", content=chunks(), headers=JSON)
    check_problem(answer, 413, "body_too_large")


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        ("domain", 422, "bar_in_force"),
        ("conflict", 409, "closed"),
        ("stale", 412, "stale"),
        ("transient", 503, "temporarily_unavailable"),
        ("refused", 503, "temporarily_unavailable"),
        ("surprise", 500, "internal"),
        ("missing_file", 500, "internal"),
        ("value", 422, "value_out_of_range"),
    ],
)
async def test_raised_errors(client: httpx.AsyncClient, what: str, status: int, code: str) -> None:
    answer = await client.get(f"/intake/v1/raise/{what}")
    problem = check_problem(answer, status, code)
    assert "geheim" not in answer.text
    if what == "domain":
        assert problem["rule"] == "GD-17"
        assert problem["article"] == "《办法》第十七条"
        assert problem["errors"] == [{"pointer": "/unit", "code": "barred", "detail": "限制申报期至 2027-01-01。"}]
    if what == "transient":
        assert answer.headers["retry-after"] == "7"
    if what == "stale":
        assert answer.headers["etag"] == '"4"'


async def test_an_answer_that_does_not_fit_its_schema_says_nothing_inside(client: httpx.AsyncClient) -> None:
    answer = await client.get("/intake/v1/wrong")
    check_problem(answer, 500, "internal")
    assert "count" not in answer.text


async def test_if_match(client: httpx.AsyncClient) -> None:
    check_problem(await client.put("/intake/v1/versions"), 428, "precondition_required")
    for header in ("3", '"', '""', "*", 'W/"3"', '"3", "4"'):
        check_problem(await client.put("/intake/v1/versions", headers={"if-match": header}), 422, "malformed_if_match")
    check_problem(await client.put("/intake/v1/versions", headers={"if-match": '"x"'}), 412, "stale")
    answer = await client.put("/intake/v1/versions", headers={"if-match": '"3"'})
    assert (answer.json(), answer.headers["etag"]) == (3, '"4"')
    assert if_match('"abc"') == "abc"


def test_cursor() -> None:
    now = datetime.now(UTC)
    key = uuid4()
    cursor = encode_cursor(now.isoformat(), str(key), 7, "1.50")
    assert decode_cursor(cursor, datetime, UUID, int, Decimal) == (now, key, 7, Decimal("1.50"))
    assert decode_cursor(None, int) is None
    for bad in ("x", "!!!", encode_cursor("a"), encode_cursor(1, 2), "A" * 400):
        with pytest.raises(Rejected) as caught:
            decode_cursor(bad, int)
        assert caught.value.status == 422
    for value, kind in (
        (99, UUID),
        (99, datetime),
        ("2025-10-01T00:00:00", datetime),
        ("0001-01-01T00:00+14:00", datetime),
    ):
        with pytest.raises(Rejected):
            decode_cursor(encode_cursor(value), kind)


async def test_headers_of_every_answer(client: httpx.AsyncClient) -> None:
    for path in ("/intake/healthz", "/intake/v1/nothing", "/intake/v1/raise/surprise", "/intake/openapi.json"):
        answer = await client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert len(answer.headers["x-request-id"]) == 16
    answer = await client.get("/intake/healthz", headers={"x-request-id": "partner-request-1"})
    assert answer.headers["x-request-id"] == "partner-request-1"
    answer = await client.get("/intake/healthz", headers={"x-request-id": "evil\tid"})
    assert answer.headers["x-request-id"] != "evil\tid"


async def test_the_trace_of_the_caller_is_kept(client: httpx.AsyncClient) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = await client.get("/intake/v1/nothing", headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"})
    assert answer.json()["traceId"] == trace
    answer = await client.get("/intake/v1/nothing", headers={"traceparent": "00-zz"})
    assert answer.json()["traceId"] != trace


async def test_too_many_in_flight_are_refused_early(make_app: MakeApp) -> None:
    slow = Router()
    release = asyncio.Event()

    @slow.get("/slow")
    async def wait() -> str:
        await release.wait()
        return "done"

    async with client_of(make_app(slow, settings={"max_in_flight": 2})) as client:
        first = [asyncio.create_task(client.get("/intake/v1/slow")) for _ in range(2)]
        await asyncio.sleep(0.05)
        answer = await client.get("/intake/v1/slow")
        check_problem(answer, 503, "overloaded")
        assert answer.headers["retry-after"] == "2"
        assert (await client.get("/intake/healthz")).status_code == 200
        release.set()
        assert [answer.status_code for answer in await asyncio.gather(*first)] == [200, 200]
        assert (await client.get("/intake/v1/slow")).status_code == 200


async def test_description_and_pages_need_no_other_host(client: httpx.AsyncClient) -> None:
    schema = (await client.get("/intake/openapi.json")).json()
    assert schema["components"]["schemas"]["Problem"]["properties"]["errors"]
    answers = schema["paths"]["/intake/v1/things"]["post"]["responses"]
    assert "application/problem+json" in answers["422"]["content"]
    page = await client.get("/intake/docs")
    assert "http" not in page.text.replace("https", "http").split("<body>")[1]
    assert page.status_code == 200
    for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
        assert f"/intake/docs/{name}" in page.text
        assert (await client.get(f"/intake/docs/{name}")).status_code == 200
    check_problem(await client.get("/intake/docs/..%2Fweb.py"), 404)


async def test_the_type_of_a_problem_is_a_page(client: httpx.AsyncClient) -> None:
    problem = (await client.get("/intake/v1/nothing")).json()
    page = await client.get(problem["type"])
    assert (page.status_code, "不在您的权限范围内" in page.text) == (200, True)
    assert (await client.get("/intake/problems/bar_in_force")).status_code == 200
    assert (await client.get("/intake/problems/%3Cscript%3E")).status_code == 404


async def test_metrics_name_routes_not_ids(client: httpx.AsyncClient) -> None:
    identifier = str(uuid4())
    await client.get(f"/intake/v1/things/{identifier}")
    text = (await client.get("/intake/metrics")).text
    assert 'route="/intake/v1/things/{thing_id}"' in text
    assert identifier not in text


async def test_draining_is_not_ready(make_app: MakeApp) -> None:
    app = make_app(router)
    async with client_of(app) as client:
        app.state.runtime.draining = True
        assert (await client.get("/intake/readyz")).status_code == 503
        assert (await client.get("/intake/healthz")).status_code == 200
