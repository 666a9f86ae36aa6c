"""Pure ASGI middlewares: request context, access log, metrics, limits, security headers, the last net for errors."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from opentelemetry import context as otel_context
from prometheus_client import Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gf_chassis import crashpoints, problems, tracing
from gf_chassis.errors import NotFound, Rejected
from gf_chassis.metrics import METRICS

log = structlog.get_logger("gf_chassis.access")

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
#: Probes are neither logged nor counted as load.
QUIET = ("/healthz", "/readyz", "/metrics")

#: Nothing from elsewhere, nothing inline; forms only to ourselves (the sign-in redirect is a GET).
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
#: Swagger UI sets styles on elements.
CSP_DOCS = CSP.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")

Answer = Callable[[Scope, BaseException], Response]


class RequestContext:
    """Outermost: request id, trace context, log fields, metrics, security headers; the last net for errors."""

    def __init__(self, app: ASGIApp, *, service: str, error_answer: Answer) -> None:
        self.app = app
        self.error_answer = error_answer
        self._account = Account(service)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = request_id_of(headers.get("x-request-id", ""))
        token = otel_context.attach(tracing.enter(headers.get("traceparent")))
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 500

        async def outward(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if scope["method"] not in ("GET", "HEAD") and status < 400:
                    crashpoints.reach("http.after_commit_before_answer")
                secure(MutableHeaders(scope=message), request_id)
            await send(message)

        try:
            await self._guarded(scope, receive, outward)
        finally:
            if not scope["path"].endswith(QUIET):
                self._account(scope["method"], route_template(scope), status, time.perf_counter() - started)
            structlog.contextvars.clear_contextvars()
            otel_context.detach(token)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def watch(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watch)
        except Exception as error:
            if begun:
                raise
            await self.error_answer(scope, error)(scope, receive, send)


class Account:
    """Counts and logs each answer."""

    def __init__(self, service: str) -> None:
        self.service = service
        self._meters: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def __call__(self, method: str, route: str, status: int, seconds: float) -> None:
        key = (method, route, status)
        if (meters := self._meters.get(key)) is None:
            # Finding a child by its labels takes a lock and builds strings; there are few routes and answers.
            meters = (
                METRICS.http_requests.labels(self.service, method, route, str(status)),
                METRICS.http_seconds.labels(self.service, route),
            )
            self._meters[key] = meters
        meters[0].inc()
        meters[1].observe(seconds)
        log.info("request", method=method, route=route, status=status, ms=round(seconds * 1000, 1))


def request_id_of(given: str) -> str:
    """The caller's request id where it is one, else a new one."""
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def route_template(scope: Scope) -> str:
    """The route's path with its parameters unfilled; ids stay out of logs and metrics."""
    route = scope.get("route")
    template = getattr(route, "path_format", None) or getattr(route, "path", None)
    effective = scope.get("fastapi", {})
    if isinstance(effective, dict) and (found := effective.get("effective_route_context")) is not None:
        template = getattr(found, "path_format", None) or getattr(found, "path", template)
    return str(template) if template else "unmatched"


#: On every answer that does not set its own.
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": CSP,
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def secure(headers: MutableHeaders, request_id: str) -> None:
    """Request id and security headers."""
    headers["X-Request-ID"] = request_id
    for name, value in SECURITY.items():
        headers.setdefault(name, value)


class Admission:
    """Refuses early: too many requests in flight (503), too large a body (413), a NUL in the path (404)."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        service: str,
        max_in_flight: int,
        max_body_bytes: int,
        large_body: Mapping[str, int],
    ) -> None:
        self.app = app
        self.service = service
        self.max_in_flight = max_in_flight
        self.max_body_bytes = max_body_bytes
        #: Patterns of paths that take larger bodies (streamed evidence), with their limit.
        self.large_body = [(re.compile(pattern), size) for pattern, size in large_body.items()]
        self.in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"].endswith(QUIET):
            await self.app(scope, receive, send)
            return
        self._check(scope)
        self.in_flight += 1
        METRICS.http_in_flight.labels(self.service).set(self.in_flight)
        try:
            await self.app(scope, self._counted(scope, receive), send)
        finally:
            self.in_flight -= 1
            METRICS.http_in_flight.labels(self.service).set(self.in_flight)

    def _check(self, scope: Scope) -> None:
        if self.in_flight >= self.max_in_flight:
            METRICS.http_shed.labels(self.service).inc()
            raise overloaded()
        if _unprintable(scope["path"]):
            raise NotFound
        declared = Headers(scope=scope).get("content-length")
        if declared is not None and declared.isascii() and declared.isdigit():
            limit = self.limit(scope)
            if int(declared[:19]) > limit:
                raise BodyTooLarge(limit)

    def limit(self, scope: Scope) -> int:
        for pattern, size in self.large_body:
            if pattern.match(scope["path"]):
                return size
        return self.max_body_bytes

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        limit = self.limit(scope)
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > limit:
                    raise BodyTooLarge(limit)
            return message

        return counted


def overloaded() -> Rejected:
    """More requests are in flight than are taken (当前请求过多); nothing was done."""
    return Rejected(
        "overloaded", "当前请求过多，请稍后重试；本次请求未被处理。", status=503, headers={"Retry-After": "2"}
    )


class BodyTooLarge(Rejected):
    """More bytes came than the limit (请求内容过大)."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__("body_too_large", _size_detail(limit))


def _unprintable(path: str) -> bool:
    return not path.isprintable() or any("\ud800" <= char <= "\udfff" for char in path)


def _size_detail(limit: int) -> str:
    size = f"{limit // (1024 * 1024)} MB" if limit >= 1024 * 1024 else f"{limit // 1024} KB"
    return f"请求内容超过上限 {size}。"


def unhandled(scope: Scope, error: BaseException) -> dict[str, Any]:
    """The problem of an unknown error: logged with its stack, answered without internals."""
    structlog.get_logger("gf_chassis.http").error(
        "unhandled error", exc_info=error, method=scope["method"], route=route_template(scope)
    )
    return problems.problem(
        500,
        "internal",
        "服务内部出现错误，已记录。请稍后再试，或将 traceId 告知运维人员。",
        trace_id=tracing.trace_id(),
    )
