"""Pages (网页): templates, sign-in, form tokens, messages, problem pages. Used by a service's UI and by the ops page.

A service with pages of its own::

    here = Path(__file__).parent
    pages = Pages("review", title="审核工作台", templates=here / "templates", nav=[Link("待办", "/review/ui/")])
    create_app("review", runtime, routers, ui=[router], pages=pages)

    @router.get("/cases/{submission_id}")
    async def show(request: Request, person: PagePrincipal, submission_id: PathId) -> Response:
        return render(request, "case.html", case=...)

    @router.post("/cases/{submission_id}/approve")
    async def approve(request: Request, person: PagePrincipal, form: CheckedForm, submission_id: PathId) -> Response:
        ...
        return act_answer(request, f"/review/ui/cases/{submission_id}", done="已通过")

Templates extend ``base.html`` and import ``macros.html``; every form starts with ``{{ m.csrf() }}``. No inline script,
no inline style: the content security policy forbids both.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

import jinja2
import orjson
from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.datastructures import FormData
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response

from gf_chassis import problems
from gf_chassis.clock import SHANGHAI
from gf_chassis.errors import Forbidden, NotFound, Unauthenticated
from gf_chassis.identity import ROLE_NAMES, Principal
from gf_chassis.login import Login, Session
from gf_chassis.problems import MEANINGS

_CODE = re.compile(r"[a-z0-9_]{1,60}", re.ASCII)
_HERE = Path(__file__).parent
_MEDIA = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".png": "image/png"}
#: The pages of the house (各系统): service, label, and the roles that work there; none: open to all.
HOUSE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("intake", "申报填报", ("applicant", "steward")),
    ("review", "审核工作台", ("reviewer", "approver")),
    ("scoring", "评价打分", ("applicant", "reviewer", "approver", "registrar", "steward")),
    ("registry", "绿色制造名单", ()),
    ("notify", "收件箱", ("applicant", "reviewer", "approver", "registrar", "steward")),
)


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the navigation."""

    label: str
    href: str
    #: Shown to people with one of these roles; to all when empty.
    roles: tuple[str, ...] = ()


@dataclass
class Pages:
    """What the pages of one service share."""

    service: str
    title: str = ""
    templates: Path | None = None
    static: Path | None = None
    nav: Sequence[Link] = ()
    filters: Mapping[str, Any] = field(default_factory=dict)
    #: Where a person works, as the page's head shows it (the authority's name).
    place: Callable[[Principal], str] = lambda person: person.authority or ""
    login: Login = field(init=False)
    environment: jinja2.Environment = field(init=False)

    def __post_init__(self) -> None:
        folders = [folder for folder in (self.templates, _HERE / "templates") if folder is not None]
        self.environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folders),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.environment.filters.update(
            {"when": when, "until": until, "day": day, "pretty": pretty, "points": points, **self.filters}
        )
        self.environment.globals["role_names"] = ROLE_NAMES

    def owns(self, path: str) -> bool:
        """Whether errors at this address are shown as pages."""
        return path.startswith((f"/{self.service}/ui", f"/{self.service}/ops/"))

    def render(self, request: Request, template: str, status: int = 200, /, **values: Any) -> Response:
        session = self.login.session(request)
        flash = self.login.cookies.read(request, "flash")
        links = [link for link in self.nav if not link.roles or (session and session.principal.has(*link.roles))]
        person = session.principal if session else None
        text = self.environment.get_template(template).render(
            request_path=request.url.path,
            service=self.service,
            site_title=self.title or self.service,
            nav=links,
            nav_here=_current(request.url.path, links),
            house=_house(self.service, person),
            person=person,
            # A dependency that has looked it up says it for this request.
            place=getattr(request.state, "place", "") or (self.place(person) if person else ""),
            session_ends=session.expires_at if session else 0,
            csrf_token=session.csrf if session else "",
            flash=flash,
            static=f"/{self.service}/ui/static",
            **values,
        )
        response = HTMLResponse(text, status)
        if flash is not None:
            self.login.cookies.clear(response, "flash")
        return response

    def problem(self, request: Request, body: Mapping[str, Any], headers: Mapping[str, str] | None) -> Response:
        """A problem document as a page; without a session a page that is asked for leads to the sign-in.

        A form that base.js sent gets the document itself and shows it where the person is typing.
        """
        if wants_json(request):
            return problems.respond(dict(body), dict(headers or {}))
        if body["status"] == 401 and request.method == "GET":
            then = quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""), safe="/")
            return RedirectResponse(f"/{self.service}/ui/login?next={then}", 303)
        full = {"rule": "", "article": "", "errors": [], "traceId": "", **body}
        response = self.render(request, "problem.html", body["status"], problem=full)
        for name, value in (headers or {}).items():
            response.headers[name] = value
        return response

    def asset(self, name: str) -> Response:
        if len(name) > 100:
            raise NotFound  # the file system would refuse the question
        for folder in (self.static, _HERE / "static"):
            path = folder / name if folder is not None else None
            if path is not None and path.suffix in _MEDIA and path.is_file():
                return FileResponse(
                    path, media_type=_MEDIA[path.suffix], headers={"Cache-Control": "public, max-age=300"}
                )
        raise NotFound


def add_pages(app: FastAPI, pages: Pages) -> None:
    """Mount sign-in, sign-out and static files of a service's pages."""
    state = app.state
    pages.login = Login(pages.service, state.runtime.settings, state.http_client, state.identity.verifier)
    state.pages = pages
    router = APIRouter(prefix=f"/{pages.service}/ui", include_in_schema=False)

    @router.get("")
    async def home() -> Response:
        return RedirectResponse(f"/{pages.service}/ui/", 308)

    @router.get("/login")
    async def login(request: Request, next: str = "") -> Response:
        return await pages.login.begin(request, next)

    @router.get("/callback")
    async def callback(request: Request) -> Response:
        return await pages.login.finish(request)

    @router.post("/logout")
    async def logout(form: CheckedForm) -> Response:
        return pages.login.leave()

    @router.get("/signed-out")
    async def signed_out(request: Request) -> Response:
        response = pages.render(request, "signed_out.html")
        if onward := await pages.login.end_at_issuer(request):
            # A new navigation: the policy for forms would forbid a redirect to another host.
            response.headers["Refresh"] = f"0; url={onward}"
            pages.login.cookies.clear(response, "hint")
        return response

    @router.get("/static/{name}")
    async def static(name: str) -> Response:
        return pages.asset(name)

    @app.get(f"/{pages.service}/problems/{{code}}", include_in_schema=False)
    async def problem_type(request: Request, code: str) -> Response:
        if not _CODE.fullmatch(code):
            raise NotFound
        meaning = MEANINGS.get(code, "具体原因见每次应答的 detail 与 errors；rule 与 article 为所依据的规则与条款。")
        return pages.render(request, "problem_type.html", code=code, meaning=meaning)

    app.include_router(router)


def render(request: Request, template: str, status: int = 200, /, **values: Any) -> Response:
    """A page of the service from its template; values come on top of person, nav, flash, csrf_token."""
    pages: Pages = request.app.state.pages
    return pages.render(request, template, status, **values)


def redirect(request: Request, target: str, *, done: str = "", failed: str = "") -> Response:
    """After a form: see other (303), with a message that the next page shows once."""
    response = RedirectResponse(target, 303)
    _leave_message(request, response, failed or done, "failed" if failed else "done")
    return response


def _leave_message(request: Request, response: Response, text: str, kind: str) -> None:
    pages: Pages = request.app.state.pages
    if text:
        pages.login.cookies.write(request, response, "flash", {"text": text[:500], "kind": kind}, 60)


def _current(path: str, links: Sequence[Link]) -> str:
    """The navigation's entry under which a page lies: the longest address that it begins with."""
    home = [link.href for link in links if path == link.href or path.startswith(link.href.rstrip("/") + "/")]
    return max(home, key=len, default="")


def _house(service: str, person: Principal | None) -> list[tuple[str, str]]:
    """The pages this person can use, and the one he is at."""
    return [
        (name, label)
        for name, label, roles in HOUSE
        if name == service or not roles or (person is not None and person.has(*roles))
    ]


def wants_json(request: Request) -> bool:
    """Whether base.js asks; a browser that shows the answer itself never names JSON."""
    return "application/json" in request.headers.get("accept", "")


def act_answer(
    request: Request,
    target: str,
    *,
    done: str = "",
    failed: str = "",
    status: int = 422,
    code: str = "",
    fields: Sequence[tuple[str, str]] = (),
    changed: Sequence[str] = (),
) -> Response:
    """What an act of a page (``form[data-act]``) came to.

    ``target`` is the page to show next, also the one with the newest content after a 412. ``fields`` are (name of the
    form's field, what is wrong), ``changed`` says line by line what others did meanwhile. A browser without base.js
    gets a redirect with the message.
    """
    if not wants_json(request):
        return redirect(request, target, done=done, failed=failed)
    if failed:
        errors = [{"field": name, "detail": detail} for name, detail in fields]
        body = {"detail": failed, "code": code, "errors": errors, "changed": list(changed), "to": target}
        return JSONResponse(body, status, headers={"Cache-Control": "no-store"})
    response = JSONResponse({"to": target}, headers={"Cache-Control": "no-store"})
    _leave_message(request, response, done, "done")
    return response


async def page_session(request: Request) -> Session:
    """The session of the page; leads to the sign-in when there is none."""
    pages: Pages = request.app.state.pages
    session = pages.login.session(request)
    if session is None:
        raise Unauthenticated("您的登录已过期或尚未登录，请重新登录。")
    request.state.principal = session.principal
    return session


async def page_principal(session: Annotated[Session, Depends(page_session)]) -> Principal:
    return session.principal


async def checked_form(request: Request, session: Annotated[Session, Depends(page_session)]) -> FormData:
    """The posted form, after its token was compared with the session's (防跨站请求)."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("请求来自其他网站，已拒绝。", code="cross_site")
    form = await request.form()
    given = form.get("csrf_token")
    if not isinstance(given, str) or not secrets.compare_digest(given.encode(), session.csrf.encode()):
        raise Forbidden("页面已过期，请返回上一页刷新后再提交。", code="csrf")
    return form


#: The signed-in person of a page.
PagePrincipal = Annotated[Principal, Depends(page_principal)]
#: The posted form of a page, its token checked. Every POST of a page takes one.
CheckedForm = Annotated[FormData, Depends(checked_form)]


def when(value: datetime | None) -> str:
    """An instant in Beijing time (北京时间)."""
    return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if value else ""


def until(value: datetime | None) -> str:
    """The end of a half-open term in Beijing time: midnight is the end of the day before, which counts in full."""
    if value is None:
        return ""
    local = value.astimezone(SHANGHAI)
    if local.time() != time():
        return when(value)
    return f"{local - timedelta(days=1):%Y-%m-%d}（当日有效）"


def day(value: date | datetime | str | None) -> str:
    """A date in Beijing time."""
    if isinstance(value, datetime):
        return value.astimezone(SHANGHAI).strftime("%Y-%m-%d")
    return str(value) if value else ""


def pretty(value: Any) -> str:
    """JSON for people, Chinese readable."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()


def points(value: Decimal | str | None, places: int = 2) -> str:
    """Points for display: rounded half up, the stored value stays exact."""
    if value is None or value == "":
        return "—"
    from decimal import ROUND_HALF_UP

    return format(Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP), "f")
