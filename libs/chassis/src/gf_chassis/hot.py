"""A hot route 热路径: one POST address answered before the framework, for the one call that comes by the thousand.

It keeps what the framework's way keeps: request id and trace, identity, limits of load and size, idempotency key,
problem documents, security headers, access log and metrics. What it leaves out is what this address does not use:
sessions, parameters, dependencies, a stack of wrapped callables. Other methods and the OpenAPI description of the
address stay with the framework's own route, whose handler is never reached.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gf_chassis import crashpoints, middleware, tracing
from gf_chassis.errors import Rejected
from gf_chassis.idempotency import Answer, Once, key_of, request_hash
from gf_chassis.identity import Identity, Principal
from gf_chassis.metrics import METRICS

if TYPE_CHECKING:
    from gf_chassis.http import Answers

#: Status, headers, body.
_Whole = tuple[int, list[tuple[bytes, bytes]], bytes]
_SECURITY = [(name.lower().encode(), value.encode()) for name, value in middleware.SECURITY.items()]


@dataclass(frozen=True, slots=True)
class HotCall:
    """A request of a hot route: who asks, under which key, with which body (raw JSON)."""

    principal: Principal
    once: Once
    body: bytes


@dataclass(frozen=True, slots=True)
class Hot:
    """What a service says of a hot route. Who lacks the role gets 404."""

    role: str
    handle: Callable[[HotCall], Awaitable[Answer]]
    #: Requests in flight; above, 503 before anything is read. Twice a batch: one is written while the next is full.
    max_in_flight: int


class HotRoute:
    """The ASGI application of one hot route. The key is required, the body JSON."""

    def __init__(
        self, service: str, path: str, hot: Hot, *, max_body_bytes: int, identity: Identity, answers: Answers
    ) -> None:
        self.service = service
        self.path = path
        self.hot = hot
        self.in_flight = 0
        self._max_body = max_body_bytes
        self._identity = identity
        self._answers = answers
        self._account = middleware.Account(service)
        self._refusal: _Whole | None = None
        self._shed_counters = (METRICS.http_shed.labels(service), METRICS.rejected.labels(service, "overloaded"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["route"] = self  # its path is the name under which things are logged
        if self.in_flight >= self.hot.max_in_flight:
            await self._shed(scope, send)
            return
        # Of a header that comes twice the first holds, as with the framework.
        headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        request_id = middleware.request_id_of(_text(headers, b"x-request-id"))
        started = time.perf_counter()
        span = tracing.begin(_text(headers, b"traceparent"), f"POST {self.path}")
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 500
        try:
            status, raw, body = await self._guarded(scope, headers, receive, request_id)
            if status < 400:
                crashpoints.reach("http.after_commit_before_answer")
            await send({"type": "http.response.start", "status": status, "headers": raw})
            await send({"type": "http.response.body", "body": body})
        finally:
            self._account("POST", self.path, status, time.perf_counter() - started)
            structlog.contextvars.clear_contextvars()
            tracing.end(span, status)

    async def _shed(self, scope: Scope, send: Send) -> None:
        """Refuse at once. What refusing costs is taken from those who are answered: one document serves all."""
        started = time.perf_counter()
        if self._refusal is None:
            self._refusal = _refused(self._answers.overloaded(scope, tracing.NO_TRACE), "")
        status, raw, body = self._refusal
        given: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        request_id = middleware.request_id_of(_text(given, b"x-request-id"))
        trace_id = tracing.trace_id_of(_text(given, b"traceparent"))
        for counter in self._shed_counters:
            counter.inc()
        headers = [(b"x-request-id", request_id.encode()), *raw]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        # In the document that all share stands the trace id of nobody.
        whole = body.replace(tracing.NO_TRACE.encode(), trace_id.encode())
        await send({"type": "http.response.body", "body": whole})
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            self._account("POST", self.path, status, time.perf_counter() - started)

    async def _guarded(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, request_id: str) -> _Whole:
        """The answer; every error becomes a problem document."""
        self.in_flight += 1
        try:
            call = await self._call(headers, receive)
            answer = await self.hot.handle(call)
        except Exception as error:
            return _refused(self._answers.of(scope, error), request_id)
        finally:
            self.in_flight -= 1
        return answer.status, _headers(answer, call.once, request_id), answer.body

    async def _call(self, headers: dict[bytes, bytes], receive: Receive) -> HotCall:
        principal = await self._identity.bearer(_text(headers, b"authorization"))
        principal.require(self.hot.role, own=False)
        kind = headers.get(b"content-type", b"")
        if kind != b"application/json" and kind.partition(b";")[0].strip().lower() != b"application/json":
            raise Rejected("unsupported_media_type", "请求头 Content-Type 应为 application/json。", status=415)
        declared = headers.get(b"content-length", b"")
        if declared.isdigit() and int(declared[:19]) > self._max_body:
            raise middleware.BodyTooLarge(self._max_body)
        body = await self._body(receive)
        given = headers.get(b"idempotency-key")
        key = key_of(None if given is None else given.decode("latin-1"), principal, required=True)
        once = Once(principal.scope, key, request_hash("POST", self.path, body), self.service)
        return HotCall(principal, once, body)

    async def _body(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        taken = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            part: bytes = message.get("body", b"")
            taken += len(part)
            if taken > self._max_body:
                raise middleware.BodyTooLarge(self._max_body)
            parts.append(part)
            if not message.get("more_body", False):
                return parts[0] if len(parts) == 1 else b"".join(parts)


class _Gone(Rejected):
    """The caller went away before its request was whole; nobody reads this answer (请求未传完)."""

    status = 400

    def __init__(self) -> None:
        super().__init__("bad_request", "请求格式有误，无法读取。")


def _text(headers: dict[bytes, bytes], name: bytes) -> str:
    return headers.get(name, b"").decode("latin-1")


def _headers(answer: Answer, once: Once, request_id: str) -> list[tuple[bytes, bytes]]:
    raw = [
        (b"content-length", str(len(answer.body)).encode()),
        (b"content-type", b"application/json"),
        (b"x-request-id", request_id.encode()),
        *_SECURITY,
    ]
    raw += [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    if once.replayed:
        raw.append((b"idempotent-replayed", b"true"))
    return raw


def _refused(response: Response, request_id: str) -> _Whole:
    """Without a request id the header is left for each answer to add."""
    headers = MutableHeaders(raw=response.raw_headers)
    middleware.secure(headers, request_id)
    if not request_id:
        del headers["X-Request-ID"]
    return response.status_code, headers.raw, bytes(response.body)
