"""The hot route keeps what the framework's way keeps."""

import asyncio
from typing import Any

import httpx
import orjson
import pytest
from fastapi import FastAPI

from gf_chassis.errors import FieldError, Rejected, Transient
from gf_chassis.hot import Hot, HotCall
from gf_chassis.idempotency import Answer, request_hash
from gf_chassis.metrics import METRICS
from gf_chassis.middleware import SECURITY
from libs.chassis.tests.http.conftest import Issuer, client_of, maker, verifier_of
from libs.chassis.tests.http.test_edge import check_problem

PATH = "/intake/v1/hot"


class OwnError(Exception):
    """A domain's own error, known by its type."""

    status, code, detail, rule = 409, "own", "本行业不受理。", "GD-1"


class Handler:
    """Answers what it is told to; remembers what it was asked."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self.calls: list[HotCall] = []
        self.result: Answer | Exception = Answer(201, b'{"id": 1}', {"Event-Position": "t/k/1"})
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, call: HotCall) -> Answer:
        self.calls.append(call)
        await self.go.wait()
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


HANDLER = Handler()


@pytest.fixture
def handler() -> Handler:
    HANDLER.reset()
    return HANDLER


@pytest.fixture(scope="module")
def app(issuer: Issuer) -> FastAPI:
    """One for all: making it takes longer than a test. Nobody is in it between two tests."""
    return maker(verifier_of(issuer))(
        hot={PATH: Hot("partner", HANDLER, 2)}, rejections=(OwnError,), settings={"max_body_bytes": 1024}
    )


@pytest.fixture
async def client(app: FastAPI, handler: Handler) -> Any:
    async with client_of(app) as client:
        yield client


def headers(issuer: Issuer, **more: str) -> dict[str, str]:
    return {
        **issuer.bearer(gl_roles=["partner"], gl_authority="cq"),
        "content-type": "application/json",
        "idempotency-key": "key-00000001",
        **more,
    }


async def test_an_answer_with_all_its_headers(client: httpx.AsyncClient, issuer: Issuer, handler: Handler) -> None:
    before = METRICS.http_requests.labels("intake", "POST", PATH, "201")._value.get()
    answer = await client.post(PATH, content=b'{"a":1}', headers=headers(issuer, **{"x-request-id": "request-01"}))
    assert (answer.status_code, answer.json()) == (201, {"id": 1})
    assert answer.headers["event-position"] == "t/k/1"
    assert answer.headers["x-request-id"] == "request-01"
    assert {name: answer.headers[name] for name in SECURITY} == SECURITY
    assert METRICS.http_requests.labels("intake", "POST", PATH, "201")._value.get() == before + 1
    call = handler.calls[0]
    assert call.body == b'{"a":1}'
    assert (call.once.scope, call.once.key) == ("authority:cq", "key-00000001")
    assert call.once.hash == request_hash("POST", PATH, b'{"a":1}')


async def test_a_replay_says_so(client: httpx.AsyncClient, issuer: Issuer, handler: Handler) -> None:
    first = await client.post(PATH, content=b"{}", headers=headers(issuer))
    assert "idempotent-replayed" not in first.headers
    handler.go.clear()
    again = asyncio.create_task(client.post(PATH, content=b"{}", headers=headers(issuer)))
    await asyncio.sleep(0.01)
    handler.calls[-1].once.replayed = True
    handler.go.set()
    assert (await again).headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"authorization": ""}, 401, "unauthenticated"),
        ({"authorization": "Bearer a.b.c"}, 401, "invalid_token"),
        ({"content-type": "text/plain"}, 415, "unsupported_media_type"),
        ({"idempotency-key": "short"}, 400, "malformed_idempotency_key"),
        ({"idempotency-key": None}, 400, "idempotency_key_required"),
    ],
)
async def test_bad_heads_are_refused(
    client: httpx.AsyncClient, issuer: Issuer, handler: Handler, changed: dict[str, Any], status: int, code: str
) -> None:
    sent = {name: value for name, value in (headers(issuer) | changed).items() if value is not None}
    check_problem(await client.post(PATH, content=b"{}", headers=sent), status, code)
    assert not handler.calls


async def test_another_role_finds_nothing(client: httpx.AsyncClient, issuer: Issuer, handler: Handler) -> None:
    sent = headers(issuer) | issuer.bearer(gl_roles=["applicant"], gl_org="9150")
    check_problem(await client.post(PATH, content=b"{}", headers=sent), 404, "not_found")
    assert not handler.calls


async def test_too_large_a_body_is_refused_declared_or_not(
    client: httpx.AsyncClient, issuer: Issuer, handler: Handler
) -> None:
    check_problem(await client.post(PATH, content=b"x" * 1025, headers=headers(issuer)), 413, "body_too_large")

    async def chunks() -> Any:
        for _ in range(5):
            yield b"x" * 300

    check_problem(await client.post(PATH, content=chunks(), headers=headers(issuer)), 413, "body_too_large")
    assert not handler.calls


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Rejected("own_code", "不行。", errors=[FieldError("/a", "x", "y")]), 422, "own_code"),
        (OwnError(), 409, "own"),
        (Transient("busy", retry_after=7), 503, "temporarily_unavailable"),
        (ConnectionResetError("gone"), 503, "temporarily_unavailable"),
        (KeyError("a secret"), 500, "internal"),
    ],
)
async def test_errors_become_problem_documents(
    client: httpx.AsyncClient, issuer: Issuer, handler: Handler, error: Exception, status: int, code: str
) -> None:
    handler.result = error
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    sent = headers(issuer, traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    answer = await client.post(PATH, content=b"{}", headers=sent)
    check_problem(answer, status, code)
    assert answer.json()["traceId"] == trace
    assert {name: answer.headers[name] for name in SECURITY} == SECURITY
    assert "secret" not in answer.text
    if status == 503:
        assert int(answer.headers["retry-after"]) >= 1


async def test_above_its_limit_it_refuses_before_it_looks_and_others_go_on(
    client: httpx.AsyncClient, issuer: Issuer, handler: Handler
) -> None:
    handler.go.clear()
    first = [asyncio.create_task(client.post(PATH, content=b"{}", headers=headers(issuer))) for _ in range(2)]
    await asyncio.sleep(0.05)
    # Nothing is asked of who is refused: neither a token nor a body that can be read.
    answer = await client.post(PATH, content=b"no json")
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    named = {"X-Request-ID": "mine-0001", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
    again = await client.post(PATH, content=b"no json", headers=named)
    for refused in (answer, again):
        check_problem(refused, 503, "overloaded")
        assert refused.headers["retry-after"] == "2"
        assert {name: refused.headers[name] for name in SECURITY} == SECURITY
    assert len(answer.headers["x-request-id"]) == 16
    assert again.headers.get_list("x-request-id") == ["mine-0001"]
    assert again.json()["traceId"] == trace != answer.json()["traceId"]
    assert len(handler.calls) == 2
    assert (await client.get("/intake/healthz")).status_code == 200
    assert (await client.get("/intake/openapi.json")).status_code == 200
    handler.go.set()
    assert [one.status_code for one in await asyncio.gather(*first)] == [201, 201]
    assert (await client.post(PATH, content=b"{}", headers=headers(issuer))).status_code == 201


async def test_other_methods_are_the_frameworks(client: httpx.AsyncClient, handler: Handler) -> None:
    check_problem(await client.get(PATH), 404, "not_found")
    assert orjson.loads((await client.get("/intake/openapi.json")).content)["paths"]
    assert not handler.calls
