"""The standalone programme's own pages: index, readiness, clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

import httpx
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gf_standalone.timepiece import SHANGHAI, DemoClock, WrongTime

SERVICE_NAMES = {
    "intake": "申报",
    "scoring": "评价打分",
    "review": "审核推荐",
    "registry": "名单管理",
    "notify": "通知",
}


def environment() -> Environment:
    made = Environment(
        loader=PackageLoader("gf_standalone"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    made.globals["service_names"] = SERVICE_NAMES
    return made


class PageHeaders:
    """Nothing from elsewhere, nothing inline. The sign-in form may lead back to either name of this machine."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self.app = app
        own = f"'self' http://127.0.0.1:{port} http://localhost:{port}"
        self._headers = [
            (b"content-security-policy", f"default-src 'none'; style-src 'self'; form-action {own}; "
             "frame-ancestors 'none'; base-uri 'none'".encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
        ]  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def outward(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", []), *self._headers]
            await send(message)

        await self.app(scope, receive, outward)


def headers(port: int) -> list[Middleware]:
    return [Middleware(PageHeaders, port=port)]


class Readiness:
    """Ready when every service is and the demo story has been told."""

    def __init__(self, services: Mapping[str, ASGIApp], story: Callable[[], str]) -> None:
        self._services = services
        self._story = story

    async def look(self) -> tuple[bool, dict[str, Any]]:
        answers = await asyncio.gather(*(self._ask(name, app) for name, app in self._services.items()))
        story = self._story()
        ready = all(good for _, good, _ in answers) and story == "done"
        return ready, {
            "ready": ready,
            "services": {name: ("ready" if good else said) for name, good, said in answers},
            "demo": story,
        }

    async def _ask(self, name: str, app: ASGIApp) -> tuple[str, bool, Any]:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answer = await client.get(f"/{name}/readyz")
        if answer.status_code == 200:
            return name, True, None
        try:
            return name, False, answer.json()
        except ValueError:
            return name, False, answer.status_code


def own_app(pages: Environment, clock: DemoClock, readiness: Readiness, port: int) -> Starlette:
    async def index(request: Request) -> Response:
        _, state = await readiness.look()
        return HTMLResponse(pages.get_template("index.html").render(state=state, now=clock.now()))

    async def healthz(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(request: Request) -> Response:
        ready, state = await readiness.look()
        return JSONResponse(state, 200 if ready else 503)

    async def clock_page(request: Request) -> Response:
        if request.method == "GET":
            if "text/html" not in request.headers.get("accept", ""):
                return JSONResponse({"now": clock.now().isoformat()})
            return HTMLResponse(pages.get_template("clock.html").render(now=clock.now(), message=""))
        is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        try:
            wanted = dict(await request.form()) if is_form else await request.json()
            moved = clock.move_to(_instant(wanted, clock.now()))
        except (WrongTime, ValueError) as error:
            said = str(error) if isinstance(error, WrongTime) else "请求内容无法读取。"
            if is_form:
                page = pages.get_template("clock.html").render(now=clock.now(), message=said)
                return HTMLResponse(page, 422)
            problem = {"title": "时钟未调整", "status": 422, "detail": said, "code": "wrong_time"}
            return JSONResponse(problem, 422, media_type="application/problem+json")
        return RedirectResponse("/clock", 303) if is_form else JSONResponse({"now": moved.isoformat()})

    async def style(request: Request) -> Response:
        common = (files("gf_chassis") / "static" / "base.css").read_text(encoding="utf-8")
        text = common + pages.get_template("style.css").render()
        return Response(text, media_type="text/css", headers={"Cache-Control": "max-age=300"})

    return Starlette(
        routes=[
            Route("/", index),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/clock", clock_page, methods=["GET", "POST"]),
            Route("/static/standalone.css", style),
        ],
        middleware=headers(port),
    )


def _instant(wanted: Any, now: datetime) -> datetime:
    """`{"to": "2025-11-21T09:00:00+08:00"}`, `{"days": 3}` or `{"hours": 2}`."""
    if not isinstance(wanted, dict):
        raise WrongTime("请给出 to（时刻）、days（天数）或 hours（小时数）。")
    try:
        if wanted.get("to"):
            to = datetime.fromisoformat(str(wanted["to"]))
            return to if to.tzinfo else to.replace(tzinfo=SHANGHAI)
        days, hours = int(wanted.get("days") or 0), int(wanted.get("hours") or 0)
        if not (0 <= days <= 3660 and 0 <= hours <= 87840) or days + hours == 0:
            raise WrongTime("days 与 hours 须为正整数；时钟只能向前调整。")
        return now + timedelta(days=days, hours=hours)
    except (ValueError, OverflowError):
        raise WrongTime("时刻的写法如 2025-11-21T09:00:00+08:00；天数与小时数为整数。") from None
