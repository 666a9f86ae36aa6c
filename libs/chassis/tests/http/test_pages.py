"""Pages: sign-in with PKCE, signed sessions, form tokens, problem pages, the policy without anything inline."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from bs4 import BeautifulSoup
from fastapi import FastAPI, Request, Response

from gf_chassis.errors import Conflict
from gf_chassis.http import Router
from gf_chassis.web import CheckedForm, Link, PagePrincipal, Pages, act_answer, day, points, render, until, when

from .conftest import ISSUER, Issuer, MakeApp, client_of, maker, verifier_of

router = Router()
TEMPLATE = """{% extends "base.html" %}{% block content %}<h1>待办</h1><p>{{ text }}</p>
<form method="post" action="/intake/ui/act">{{ m.csrf() }}
{{ m.field("note", "理由", required=true) }}{{ m.button("提交") }}</form>
{% endblock %}"""


@router.get("/")
async def home(request: Request, person: PagePrincipal) -> Response:
    return render(request, "home.html", text=f"<b>{person.name}</b>")


@router.post("/act")
async def act(request: Request, person: PagePrincipal, form: CheckedForm) -> Response:
    if form["note"] == "closed":
        raise Conflict("closed", "案卷已办结。")
    if form["note"] == "taken":
        fields, changed = [("note", "已被同事改写。")], ["10:00 同事 已办理"]
        return act_answer(request, "/intake/ui/", failed="已变化", status=412, fields=fields, changed=changed)
    return act_answer(request, "/intake/ui/", done=f"已提交：{form['note']}")


class FakeIssuer:
    """The issuer's side of the code flow."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.challenge = ""
        self.nonce = ""
        self.claims: dict[str, Any] = {}
        self.id_claims: dict[str, Any] = {}
        self.forms: list[dict[str, list[str]]] = []
        #: What the discovery document says beside the usual.
        self.discovery: dict[str, str] = {}
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if request.url.path.endswith("/.well-known/openid-configuration"):
            return httpx.Response(
                200,
                json={
                    "issuer": ISSUER,
                    "authorization_endpoint": f"{ISSUER}/authorize",
                    "token_endpoint": f"{ISSUER}/token",
                    "jwks_uri": f"{ISSUER}/jwks",
                    **self.discovery,
                },
            )
        form = parse_qs(request.content.decode())
        self.forms.append(form)
        digest = hashlib.sha256(form["code_verifier"][0].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != self.challenge or form["code"] != ["code-1"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        id_claims = {"aud": "gl-intake", "nonce": self.nonce, **self.id_claims}
        return httpx.Response(
            200,
            json={
                "id_token": self.issuer.token(**id_claims),
                "access_token": self.issuer.token(**self.claims),
                "token_type": "Bearer",
            },
        )


@pytest.fixture
def fake(issuer: Issuer) -> FakeIssuer:
    return FakeIssuer(issuer)


def application(make_app: MakeApp, fake: FakeIssuer, folder: Path, **settings: Any) -> FastAPI:
    (folder / "home.html").write_text(TEMPLATE, encoding="utf-8")
    pages = Pages(
        "intake", title="测试", templates=folder, nav=[Link("待办", "/intake/ui/"), Link("运维", "/x", ("ops",))]
    )
    return at_issuer(make_app(ui=[router], pages=pages, settings=settings), fake)


def at_issuer(app: FastAPI, fake: FakeIssuer) -> FastAPI:
    """With this issuer, of which it knows nothing yet."""
    app.state.pages.login.client = httpx.AsyncClient(transport=httpx.MockTransport(fake))
    app.state.pages.login._discovered = None
    return app


@pytest.fixture(scope="module")
def usual(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    """With the usual settings, one for all: it keeps nothing of a person, and its templates take long to compile."""
    return application(maker(verifier_of(issuer)), FakeIssuer(issuer), tmp_path_factory.mktemp("pages"))


@pytest.fixture
async def client(usual: FastAPI, fake: FakeIssuer) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(at_issuer(usual, fake)) as client:
        yield client


async def sign_in(client: httpx.AsyncClient, fake: FakeIssuer, then: str = "/intake/ui/") -> httpx.Response:
    begun = await client.get("/intake/ui/login", params={"next": then})
    assert begun.status_code == 303
    query = {name: values[0] for name, values in parse_qs(urlsplit(begun.headers["location"]).query).items()}
    assert query["code_challenge_method"] == "S256"
    assert query["client_id"] == "gl-intake"
    assert query["redirect_uri"] == "http://test/intake/ui/callback"
    fake.challenge, fake.nonce = query["code_challenge"], query["nonce"]
    return await client.get("/intake/ui/callback", params={"code": "code-1", "state": query["state"]})


async def token_of(client: httpx.AsyncClient) -> str:
    page = BeautifulSoup((await client.get("/intake/ui/")).text, "html.parser")
    return str(page.select_one("main input[name=csrf_token]")["value"])  # type: ignore[index]


async def test_the_whole_way(client: httpx.AsyncClient, fake: FakeIssuer) -> None:
    bare = await client.get("/intake/ui")
    assert (bare.status_code, bare.headers["location"]) == (308, "/intake/ui/")
    first = await client.get("/intake/ui/?page=2")
    assert (first.status_code, first.headers["location"]) == (303, "/intake/ui/login?next=/intake/ui/%3Fpage%3D2")
    back = await sign_in(client, fake, "/intake/ui/?page=2")
    assert (back.status_code, back.headers["location"]) == (303, "/intake/ui/?page=2")
    cookie = next(value for name, value in back.headers.multi_items() if "gl_intake_session" in value)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/intake" in cookie
    page = await client.get("/intake/ui/")
    assert page.status_code == 200
    assert "&lt;b&gt;王芳&lt;/b&gt;" in page.text
    assert "cq.yubei" in page.text
    assert "运维" not in page.text
    done = await client.post("/intake/ui/act", data={"csrf_token": await token_of(client), "note": "同意<1>"})
    assert (done.status_code, done.headers["location"]) == (303, "/intake/ui/")
    assert "已提交：同意&lt;1&gt;" in (await client.get("/intake/ui/")).text
    assert "已提交" not in (await client.get("/intake/ui/")).text
    gone = await client.post("/intake/ui/logout", data={"csrf_token": await token_of(client)})
    assert gone.headers["location"] == "/intake/ui/signed-out"
    assert (await client.get("/intake/ui/")).status_code == 303
    assert (await client.get("/intake/ui/signed-out")).status_code == 200


async def test_signing_out_ends_the_session_at_the_issuer_too(client: httpx.AsyncClient, fake: FakeIssuer) -> None:
    """Else the next person at this browser would be signed in as the one before, without being asked."""
    fake.discovery = {"end_session_endpoint": "https://id.test/logout?x=1"}
    await sign_in(client, fake)
    assert "refresh" not in (await client.get("/intake/ui/signed-out")).headers, "still signed in"
    gone = await client.post("/intake/ui/logout", data={"csrf_token": await token_of(client)})
    assert (gone.status_code, gone.headers["location"]) == (303, "/intake/ui/signed-out")
    page = await client.get("/intake/ui/signed-out")
    delay, _, address = page.headers["refresh"].partition("; url=")
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert (delay, address.partition("?")[0]) == ("0", "https://id.test/logout")
    assert query["post_logout_redirect_uri"] == "http://test/intake/ui/signed-out"
    assert query["client_id"] == "gl-intake"
    assert query["id_token_hint"].count(".") == 2
    assert "refresh" not in (await client.get("/intake/ui/signed-out")).headers, "once is enough"


async def test_an_issuer_without_sessions_is_not_visited(client: httpx.AsyncClient, fake: FakeIssuer) -> None:
    await sign_in(client, fake)
    await client.post("/intake/ui/logout", data={"csrf_token": await token_of(client)})
    assert "refresh" not in (await client.get("/intake/ui/signed-out")).headers


async def test_a_token_too_large_for_a_cookie_is_left_out(client: httpx.AsyncClient, fake: FakeIssuer) -> None:
    fake.id_claims = {"padding": "x" * 3000}
    back = await sign_in(client, fake)
    assert back.status_code == 303
    assert not [value for value in back.headers.get_list("set-cookie") if "gl_intake_hint" in value]


async def test_behind_a_gateway_that_takes_off_https(make_app: MakeApp, fake: FakeIssuer, tmp_path: Path) -> None:
    app = application(make_app, fake, tmp_path, public_url="https://office.test/")
    async with client_of(app) as client:
        begun = await client.get("/intake/ui/login")
    assert "redirect_uri=https%3A%2F%2Foffice.test%2Fintake%2Fui%2Fcallback" in begun.headers["location"]
    assert "; Secure" in begun.headers["set-cookie"]


async def test_an_issuer_that_has_another_name_inside(make_app: MakeApp, fake: FakeIssuer, tmp_path: Path) -> None:
    """Browsers go where the document says; we ask for the document where we can reach it."""
    app = application(make_app, fake, tmp_path, issuer_inside_url="http://id:8080/realms/x")
    async with client_of(app) as client:
        begun = await client.get("/intake/ui/login")
        assert begun.headers["location"].startswith(f"{ISSUER}/authorize?")
    assert fake.asked == ["http://id:8080/realms/x/.well-known/openid-configuration"]
    fake.discovery = {"issuer": "http://somebody.else"}
    async with client_of(application(make_app, fake, tmp_path, issuer_inside_url="http://id:8080/x")) as client:
        assert (await client.get("/intake/ui/login")).status_code == 503


async def test_a_session_is_no_bearer_token_and_the_other_way_round(
    client: httpx.AsyncClient, fake: FakeIssuer, issuer: Issuer
) -> None:
    assert (await client.get("/intake/ui/", headers=issuer.bearer())).status_code == 303
    await sign_in(client, fake)
    assert (await client.get("/intake/v1/ops/held")).status_code == 401


async def test_forms_need_the_token_of_the_session(client: httpx.AsyncClient, fake: FakeIssuer) -> None:
    await sign_in(client, fake)
    token = await token_of(client)
    for data in ({"note": "x"}, {"note": "x", "csrf_token": ""}, {"note": "x", "csrf_token": "中" + token}):
        answer = await client.post("/intake/ui/act", data=data)
        assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=utf-8")
        assert "页面已过期" in answer.text
    fine = {"note": "x", "csrf_token": token}
    foreign = await client.post("/intake/ui/act", data=fine, headers={"origin": "http://evil.test"})
    assert foreign.status_code == 403
    assert (await client.post("/intake/ui/act", data=fine, headers={"origin": "http://test"})).status_code == 303
    # The token of one session is worth nothing in another.
    client.cookies.clear()
    await sign_in(client, fake)
    assert (await client.post("/intake/ui/act", data=fine)).status_code == 403
    client.cookies.clear()
    assert (await client.post("/intake/ui/act", data=fine)).status_code == 401


async def test_problems_are_pages_here(client: httpx.AsyncClient, fake: FakeIssuer) -> None:
    await sign_in(client, fake)
    answer = await client.post("/intake/ui/act", data={"csrf_token": await token_of(client), "note": "closed"})
    assert (answer.status_code, "案卷已办结。" in answer.text) == (409, True)
    missing = await client.get("/intake/ui/none")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "text/html; charset=utf-8")
    bad = await client.post(
        "/intake/ui/act",
        content=b"note=%00&csrf_token=x",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert bad.status_code == 400


async def test_refused_sign_ins(client: httpx.AsyncClient, fake: FakeIssuer) -> None:
    for params in ({}, {"code": "code-1", "state": "x"}, {"code": "code-1"}):
        assert (await client.get("/intake/ui/callback", params=params)).status_code == 400
    client.cookies.clear()
    for claims, id_claims in (
        ({"aud": "another"}, {}),
        ({}, {"aud": "gl-review"}),
        ({}, {"nonce": "another"}),
        ({}, {"nonce": None}),
        ({}, {"sub": "another"}),
        ({"exp": int(time.time()) - 100}, {}),
    ):
        fake.claims, fake.id_claims = claims, id_claims
        answer = await sign_in(client, fake)
        assert answer.status_code == 400, (claims, id_claims)
        assert (await client.get("/intake/ui/")).status_code == 303
    fake.claims = fake.id_claims = {}
    assert (await sign_in(client, fake)).status_code == 303
    # A used state does not work again: its cookie is gone.
    assert (await client.get("/intake/ui/callback", params={"code": "code-1", "state": "x"})).status_code == 400


async def test_only_our_own_addresses_after_the_sign_in(client: httpx.AsyncClient, fake: FakeIssuer) -> None:
    for then in (
        "http://evil.test/",
        "//evil.test",
        "/\\evil.test",
        "/review/v1/cases",
        "/review.evil.test/ui/",
        "/intake/ui/\r\nx: y",
        "/intake//e.test",
    ):
        assert (await sign_in(client, fake, then)).headers["location"] == "/intake/ui/"
        client.cookies.clear()


async def test_another_service_of_ours_after_the_sign_in(client: httpx.AsyncClient, fake: FakeIssuer) -> None:
    """A reviewer signs in at intake to see a file, and is back at the case."""
    assert (await sign_in(client, fake, "/review/ui/cases/1")).headers["location"] == "/review/ui/cases/1"


@pytest.mark.parametrize("accept", ["text/html", "application/json"])
async def test_a_form_sent_in_the_background_hears_what_came_of_it(
    client: httpx.AsyncClient, fake: FakeIssuer, accept: str
) -> None:
    """base.js gets the answer itself; a browser without it gets pages and redirects."""
    await sign_in(client, fake)
    asked = {"accept": accept}
    form = {"csrf_token": await token_of(client)}
    done = await client.post("/intake/ui/act", data={**form, "note": "同意"}, headers=asked)
    refused = await client.post("/intake/ui/act", data={**form, "note": "taken"}, headers=asked)
    client.cookies.delete("gl_intake_session")
    late = await client.post("/intake/ui/act", data={**form, "note": "同意"}, headers=asked)
    assert late.status_code == 401
    if accept == "text/html":
        assert (done.status_code, refused.status_code) == (303, 303)
        assert "重新登录" in late.text
        return
    assert (done.status_code, done.json()) == (200, {"to": "/intake/ui/"})
    assert refused.status_code == 412
    assert refused.json()["errors"] == [{"field": "note", "detail": "已被同事改写。"}]
    assert refused.json()["changed"] == ["10:00 同事 已办理"]
    assert late.json()["code"] == "unauthenticated"


async def test_forged_sessions(client: httpx.AsyncClient, fake: FakeIssuer, make_app: MakeApp) -> None:
    await sign_in(client, fake)
    good = client.cookies["gl_intake_session"]
    body, _, signature = good.rpartition(".")
    for bad in ("", "x", f"{body}.x", f"x{body}.{signature}", good[::-1]):
        client.cookies.clear()
        client.cookies.set("gl_intake_session", bad, path="/intake")
        assert (await client.get("/intake/ui/")).status_code == 303
    # A sign-in under way is signed too, but is no session.
    client.cookies.clear()
    await client.get("/intake/ui/login")
    started = client.cookies["gl_intake_login"]
    client.cookies.clear()
    client.cookies.set("gl_intake_session", started, path="/intake")
    assert (await client.get("/intake/ui/")).status_code == 303


@pytest.mark.process
async def test_the_session_ends_with_the_token(client: httpx.AsyncClient, fake: FakeIssuer) -> None:
    fake.claims = {"exp": int(time.time()) + 2}
    await sign_in(client, fake)
    cookie = client.cookies["gl_intake_session"]
    assert (await client.get("/intake/ui/")).status_code == 200
    import asyncio

    await asyncio.sleep(2.1)
    client.cookies.set("gl_intake_session", cookie, path="/intake")
    assert (await client.get("/intake/ui/")).status_code == 303


async def test_nothing_inline_and_nothing_from_elsewhere(client: httpx.AsyncClient, fake: FakeIssuer) -> None:
    await sign_in(client, fake)
    answer = await client.get("/intake/ui/")
    page = BeautifulSoup(answer.text, "html.parser")
    assert page.html["lang"] == "zh-CN"  # type: ignore[index]
    assert all(script.get("src", "").startswith("/intake/") for script in page.find_all("script"))
    assert not page.find_all("style")
    assert not page.find_all(style=True)
    assert not re.findall(r"\son\w+=", answer.text)
    for asset in ("base.css", "base.js", "icon.svg"):
        found = await client.get(f"/intake/ui/static/{asset}")
        assert found.status_code == 200
        assert "http" not in found.text.replace("http://www.w3.org/2000/svg", "")
    for bad in ("..%2Fbase.html", "base.html", "%2Fetc%2Fpasswd"):
        assert (await client.get(f"/intake/ui/static/{bad}")).status_code == 404
    for field in page.select("main input:not([type=hidden])"):
        assert page.select_one(f"label[for={field['id']}]")


def test_filters() -> None:
    from datetime import UTC, datetime

    assert when(datetime(2025, 12, 31, 16, 30, tzinfo=UTC)) == "2026-01-01 00:30"
    assert (day(datetime(2025, 12, 31, 16, 30, tzinfo=UTC)), day("2025-01-02"), day(None)) == (
        "2026-01-01",
        "2025-01-02",
        "",
    )
    assert (points("2.675"), points(None), points("80", 1)) == ("2.68", "—", "80.0")


@pytest.mark.rule("N25-dates")
def test_a_term_is_shown_by_its_last_day() -> None:
    assert until(datetime(2025, 11, 30, 16, tzinfo=UTC)) == "2025-11-30（当日有效）"
    assert until(datetime(2025, 11, 30, 9, 30, tzinfo=UTC)) == "2025-11-30 17:30"
    assert until(None) == ""
