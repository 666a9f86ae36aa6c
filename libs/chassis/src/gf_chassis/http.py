"""The HTTP application of a service: ``create_app`` and what routes need (routers, version conditions, positions)."""

from __future__ import annotations

import contextlib
import functools
import gc
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import structlog
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError, ResponseValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from gf_chassis import docs, failures, health, middleware, ops, problems, tracing
from gf_chassis.certificates import trust
from gf_chassis.errors import NotFound, Rejected, Transient
from gf_chassis.hot import Hot, HotRoute
from gf_chassis.identity import Identity, KeyCache, TokenVerifier, fetch_keys
from gf_chassis.metrics import METRICS
from gf_chassis.routing import (
    BodyRefused,
    Cursor,
    Limit,
    PathId,
    Router,
    decode_cursor,
    encode_cursor,
    etag,
    if_match,
    int_if_match,
    position_headers,
)
from gf_chassis.runtime import ServiceRuntime
from gf_chassis.waiting import PositionWaiter
from gf_chassis.web import Pages, add_pages

if TYPE_CHECKING:
    pass

__all__ = [
    "Cursor",
    "Limit",
    "PathId",
    "ProblemBody",
    "Router",
    "create_app",
    "decode_cursor",
    "encode_cursor",
    "etag",
    "if_match",
    "int_if_match",
    "position_headers",
    "tune_gc",
]

log = structlog.get_logger(__name__)


class ProblemField(BaseModel):
    """What is wrong with one field."""

    pointer: str = Field(description="JSON Pointer；查询参数为 query:/…，请求头为 header:/…")
    code: str
    detail: str
    rule: str | None = None


class ProblemBody(BaseModel):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    rule: str | None = Field(default=None, description="规则编号")
    article: str | None = Field(default=None, description="依据的文件条款")
    errors: list[ProblemField] = []
    traceId: str = ""


_PROBLEM_SCHEMA = "#/components/schemas/Problem"
_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": text,
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for status, text in (
        ("4XX", "请求被拒绝，原因见 problem 文档"),
        (422, "内容未通过检查"),
        (503, "暂时不可用，稍后重试"),
    )
}


@functools.cache
def _tls(ca_file: Path | None) -> ssl.SSLContext:
    """One for all services of a process: each would read the authorities' certificates anew, in 40 ms."""
    return trust(httpx.create_ssl_context(trust_env=False), ca_file)


def create_app(
    service: str,
    runtime: ServiceRuntime,
    routers: Sequence[APIRouter],
    *,
    rejections: tuple[type[Exception], ...] = (),
    ui: Sequence[APIRouter] = (),
    title: str = "",
    description: str = "",
    large_body: Mapping[str, int] | None = None,
    pages: Pages | None = None,
    verifier: TokenVerifier | None = None,
    hot: Mapping[str, Hot] | None = None,
) -> FastAPI:
    """The application: API under ``/<service>/v1``, pages (``ui`` routers) under ``/<service>/ui``.

    ``rejections`` are the service's own domain errors. ``large_body`` maps patterns of paths
    (``/intake/v1/units/[^/]+/evidence``) to a larger limit of bytes, for streamed uploads. ``pages`` brings the
    templates of the service's own pages. ``verifier`` replaces the one that asks the issuer (tests). ``hot`` maps paths
    to what answers their POST before the framework; each is also described by a route of its router.
    """
    settings = runtime.settings
    app = _Application(
        title=title or f"GreenLadder 绿梯 {service}",
        description=description,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"/{service}/openapi.json",
        lifespan=_lifespan,
        telemetry={"operation_spans": False, "logs": False, "metrics": False, "exclude": _quiet},
        responses=_RESPONSES,
        redirect_slashes=False,
    )
    app.state.service = service
    app.state.runtime = runtime
    app.state.http_client = httpx.AsyncClient(
        timeout=httpx.Timeout(5.0), follow_redirects=False, trust_env=False, verify=_tls(settings.ca_file)
    )
    app.state.identity = Identity(verifier or _verifier(app), service)
    app.state.waiter = PositionWaiter(runtime)
    runtime.app = app
    for router in routers:
        app.include_router(router, prefix=f"/{service}/v1")
    add_pages(app, pages or Pages(service))
    for router in ui:
        app.include_router(router, prefix=f"/{service}/ui", include_in_schema=False)
    app.include_router(ops.api_router(runtime), prefix=f"/{service}/v1")
    app.include_router(ops.page_router(runtime), prefix=f"/{service}", include_in_schema=False)
    app.include_router(health.health_router(service, runtime))
    docs.add_docs(app, service)
    _describe(app)
    answers = Answers(app, rejections)
    _add_handlers(app, answers)
    for path, what in (hot or {}).items():
        app.hot[path] = HotRoute(
            service,
            path,
            what,
            max_body_bytes=settings.max_body_bytes,
            identity=app.state.identity,
            answers=answers,
        )
    app.add_middleware(
        middleware.Admission,
        service=service,
        max_in_flight=settings.max_in_flight,
        max_body_bytes=settings.max_body_bytes,
        large_body=large_body or {},
    )
    app.add_middleware(middleware.RequestContext, service=service, error_answer=answers.unhandled)
    return app


class _Application(FastAPI):
    """FastAPI, with hot routes answered before its middlewares."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.hot: dict[str, ASGIApp] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        hot = self.hot.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        await (hot(scope, receive, send) if hot is not None else super().__call__(scope, receive, send))


def _quiet(scope: Any) -> bool:
    return str(scope.get("path", "")).endswith(middleware.QUIET)


def _verifier(app: FastAPI) -> TokenVerifier:
    settings = app.state.runtime.settings
    fetch = fetch_keys(settings, app.state.http_client)
    return TokenVerifier(issuer=settings.issuer, audience=settings.audience, keys=KeyCache(fetch))


def _describe(app: FastAPI) -> None:
    """Name the problem document and the bearer token in the OpenAPI description."""
    plain = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = plain()
            components = schema.setdefault("components", {})
            schemas = components.setdefault("schemas", {})
            problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(problem.pop("$defs", {}))
            schemas["Problem"] = problem
            components["securitySchemes"] = {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "统一身份的访问令牌",
                }
            }
            schema["security"] = [{"bearer": []}]
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    runtime: ServiceRuntime = app.state.runtime
    for step in runtime.on_start:
        await step()
    try:
        yield
    finally:
        runtime.draining = True
        for step in reversed(runtime.on_stop):
            await step()
        await app.state.http_client.aclose()


def tune_gc() -> None:
    """After start-up: what is loaded by now stays, so the collector need not look at it again (p99 / 3)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class Answers:
    """Every error becomes a problem document; for pages (``/ui``, ``/ops``) a page that says the same."""

    def __init__(self, app: FastAPI, rejections: tuple[type[Exception], ...] = ()) -> None:
        self.app = app
        self.service: str = app.state.service
        self.rejections: tuple[type[Exception], ...] = (Rejected, *rejections)

    def respond(self, scope: Scope, body: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
        body["type"] = f"/{self.service}{body['type']}"
        pages: Pages = self.app.state.pages
        if pages.owns(scope["path"]):
            return pages.problem(Request(scope), body, headers)
        return problems.respond(body, headers)

    async def rejected(self, request: Request, error: Exception) -> Response:
        return self.refusal(request.scope, error)

    def of(self, scope: Scope, error: BaseException) -> Response:
        """For what is raised outside the framework's own handlers."""
        return self.refusal(scope, error) if isinstance(error, self.rejections) else self.unhandled(scope, error)

    def refusal(self, scope: Scope, error: BaseException) -> Response:
        code = str(getattr(error, "code", "rejected"))
        status = int(getattr(error, "status", 422))
        METRICS.rejected.labels(self.service, code).inc()
        log.info("rejected", code=code, status=status, rule=getattr(error, "rule", None))
        return self._document(scope, error, code, status)

    def overloaded(self, scope: Scope, trace_id: str) -> Response:
        """What is answered over the limit of requests in flight; who answers counts it."""
        error = middleware.overloaded()
        return self._document(scope, error, error.code, error.status, trace_id)

    def _document(self, scope: Scope, error: BaseException, code: str, status: int, trace_id: str = "") -> Response:
        body = problems.problem(
            status,
            code,
            str(getattr(error, "detail", "") or "请求未能完成。"),
            title=getattr(error, "title", None),
            rule=getattr(error, "rule", None),
            article=getattr(error, "article", None),
            errors=tuple(getattr(error, "errors", ()) or ()),
            trace_id=trace_id or tracing.trace_id(),
        )
        return self.respond(scope, body, getattr(error, "headers", None))

    async def validation(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        found = problems.validation_errors(error)
        # An address with an impossible parameter does not exist.
        if any(item.pointer.startswith("path:") for item in found):
            return await self.rejected(request, NotFound())
        return await self.rejected(
            request, Rejected("validation", f"有 {len(found)} 处内容未通过检查，请按提示修改。", errors=found)
        )

    async def http(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if isinstance(error, BodyRefused):
            return await self.rejected(request, error.rejected)
        if isinstance(error.__cause__, Rejected):
            # Raised while the body was read (too large): FastAPI wraps what is not its own.
            return await self.rejected(request, error.__cause__)
        code, detail = _HTTP_TEXTS.get(error.status_code, ("http_error", "请求未能完成。"))
        body = problems.problem(error.status_code, code, detail, trace_id=tracing.trace_id())
        return self.respond(request.scope, body, dict(error.headers or {}))

    async def failure(self, request: Request, error: Exception) -> Response:
        return self.unhandled(request.scope, error)

    def unhandled(self, scope: Scope, error: BaseException) -> Response:
        if isinstance(error, Rejected):
            return self.refusal(scope, error)
        if failures.is_transient(error):
            METRICS.transient_errors.labels(self.service, "http").inc()
            log.warning("transient error", error=type(error).__name__, sqlstate=failures.sqlstate(error))
            wait = getattr(error, "retry_after", 2)
            body = problems.problem(
                503, "temporarily_unavailable", "系统暂时无法处理，请稍后重试；可使用相同的 Idempotency-Key 重复提交。",
                trace_id=tracing.trace_id(),
            )  # fmt: skip
            return self.respond(scope, body, {"Retry-After": str(wait)})
        if failures.is_bad_data(error):
            log.warning("value refused by the database", sqlstate=failures.sqlstate(error), exc_info=error)
            body = problems.problem(
                422,
                "value_out_of_range",
                "有内容超出可以保存的范围，请检查数字的大小与文本。",
                trace_id=tracing.trace_id(),
            )
            return self.respond(scope, body)
        return self.respond(scope, middleware.unhandled(scope, error))


_HTTP_TEXTS = {
    400: ("bad_request", "请求格式有误，无法读取。"),
    404: ("not_found", "没有找到所请求的内容，或您无权查看。"),
    405: ("method_not_allowed", "此地址不支持该请求方法，可用的方法见响应头 Allow。"),
    406: ("not_acceptable", "无法提供所要求的格式。"),
    413: ("body_too_large", "请求内容超过上限。"),
    415: ("unsupported_media_type", "不支持的内容类型。"),
}


def _add_handlers(app: FastAPI, answers: Answers) -> None:
    for kind in answers.rejections:
        app.add_exception_handler(kind, answers.rejected)
    app.add_exception_handler(RequestValidationError, answers.validation)
    app.add_exception_handler(HTTPException, answers.http)
    failure_kinds: tuple[type[Exception], ...] = (
        Transient,
        SQLAlchemyError,
        OSError,
        TimeoutError,
        ResponseValidationError,
    )
    for failure in failure_kinds:
        app.add_exception_handler(failure, answers.failure)
