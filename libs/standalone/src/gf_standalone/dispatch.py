"""One port for everything: the first part of the path says which application answers."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gf_standalone.settings import LOOPBACK


class Dispatcher:
    """Each application keeps its own prefix, so the addresses are those of the other modes."""

    def __init__(self, applications: Mapping[str, ASGIApp], rest: ASGIApp) -> None:
        self._applications = dict(applications)
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        refusal = _foreign(scope)
        if refusal:
            await PlainTextResponse(refusal, 403)(scope, receive, send)
            return
        first = scope["path"].lstrip("/").partition("/")[0]
        await self._applications.get(first, self._rest)(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            async with self.running():
                await send({"type": "lifespan.startup.complete"})
                await receive()
        except BaseException as error:
            await send({"type": "lifespan.startup.failed", "message": repr(error)})
            raise
        await send({"type": "lifespan.shutdown.complete"})

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Every application started, and stopped again in the reverse order."""
        async with contextlib.AsyncExitStack() as stack:
            for application in self._applications.values():
                router: Any = getattr(application, "router", None)
                if router is not None:
                    await stack.enter_async_context(router.lifespan_context(application))
            yield


def _foreign(scope: Scope) -> str:
    """Accounts here have no password, so no other site may drive a browser against us (DNS rebinding, forms)."""
    headers = Headers(scope=scope)
    if _host(headers.get("host", "")) not in LOOPBACK:
        return "演示程序只接受本机地址的访问（127.0.0.1 或 localhost）。"
    if scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return ""
    origin = headers.get("origin", "")
    if origin and (origin == "null" or _host(origin.partition("://")[2]) not in LOOPBACK):
        return "演示程序不接受来自其他网站的操作。"
    return ""


def _host(value: str) -> str:
    if value.startswith("["):
        return value.partition("]")[0] + "]"
    return value.partition(":")[0].lower()
