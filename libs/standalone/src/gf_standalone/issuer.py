"""A small OpenID Connect issuer for the standalone mode (演示登录): discovery, keys, code flow with PKCE, accounts.

Whoever opens the page may sign in as anybody, so it exists only in the standalone mode on a loopback address.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from gf_standalone import secretfile
from gf_standalone.pages import headers
from gf_standalone.people import SECRET, Account
from gf_standalone.settings import LOOPBACK, StandaloneSettings, StartRefused

AUDIENCE = "greenladder"
TOKEN_SECONDS = 8 * 3600
CODE_SECONDS = 60
_NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Grant:
    """What an authorisation code stands for."""

    account: Account
    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str
    expires: float


class OAuthError(Exception):
    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.error, self.description, self.status = error, description, status


class Issuer:
    def __init__(self, settings: StandaloneSettings, accounts: Mapping[str, Account], key: RSAKey) -> None:
        if settings.mode != "standalone" or settings.host not in LOOPBACK:
            raise StartRefused("演示登录只能在单机演示模式下、监听本机地址时使用。")
        self.issuer = settings.issuer
        self.accounts = accounts
        self._port = settings.port
        self._key = key
        self._codes: dict[str, Grant] = {}

    # -- tokens --------------------------------------------------------------------------------------------------

    def access_token(self, account: Account, client_id: str) -> str:
        return self._sign({**account.claims(), "aud": AUDIENCE, "client_id": client_id}, typ="at+jwt")

    def id_token(self, account: Account, client_id: str, nonce: str) -> str:
        return self._sign({**account.claims(), "aud": client_id, **({"nonce": nonce} if nonce else {})}, typ="JWT")

    def _sign(self, claims: dict[str, Any], typ: str) -> str:
        # Real time: tokens do not age when the demo clock is moved.
        now = int(time.time())
        body = {"iss": self.issuer, "iat": now, "exp": now + TOKEN_SECONDS, "jti": secrets.token_urlsafe(12), **claims}
        return jwt.encode({"alg": "RS256", "typ": typ, "kid": self._key.kid}, body, self._key)

    def keys(self) -> dict[str, Any]:
        return {"keys": [{**self._key.as_dict(private=False), "use": "sig", "alg": "RS256"}]}

    # -- code flow -----------------------------------------------------------------------------------------------

    def check_authorize(self, q: Mapping[str, str]) -> None:
        """Refuse a request whose answer must not be sent to the address it names."""
        target = urlsplit(q.get("redirect_uri", ""))
        if target.scheme != "http" or target.hostname not in LOOPBACK or target.port != self._port or target.fragment:
            raise OAuthError("invalid_request", "redirect_uri 必须是本机演示程序的地址。")
        if q.get("response_type") != "code" or not q.get("client_id"):
            raise OAuthError("invalid_request", "只支持授权码方式（response_type=code），并须给出 client_id。")
        if q.get("code_challenge_method") != "S256" or not 43 <= len(q.get("code_challenge", "")) <= 128:
            raise OAuthError("invalid_request", "必须使用 PKCE（code_challenge_method=S256）。")

    def new_code(self, account: Account, q: Mapping[str, str]) -> str:
        now = time.monotonic()
        self._codes = {code: grant for code, grant in self._codes.items() if grant.expires > now}
        code = secrets.token_urlsafe(24)
        self._codes[code] = Grant(
            account, q["client_id"], q["redirect_uri"], q["code_challenge"], q.get("nonce", ""), now + CODE_SECONDS
        )
        return code

    def redeem(self, form: Mapping[str, str], client_id: str) -> Grant:
        grant = self._codes.pop(form.get("code", ""), None)  # single use, also when the rest is wrong
        if grant is None or grant.expires < time.monotonic():
            raise OAuthError("invalid_grant", "授权码无效、已用过或已过期。")
        if grant.client_id != client_id or grant.redirect_uri != form.get("redirect_uri"):
            raise OAuthError("invalid_grant", "授权码不属于此客户端或此地址。")
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if not secrets.compare_digest(expected, grant.challenge):
            raise OAuthError("invalid_grant", "code_verifier 与 code_challenge 不符。")
        return grant

    def client(self, form: Mapping[str, str], authorization: str) -> tuple[str, str]:
        """Client id and secret, from the Basic header or the form."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "basic":
            try:
                name, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
            except ValueError:
                raise OAuthError("invalid_client", "Authorization 头无法读取。", 401) from None
            return name, secret
        return form.get("client_id", ""), form.get("client_secret", "")

    def by_secret(self, client_id: str, secret: str) -> Account:
        account = self.accounts.get(client_id)
        if account is None or not secrets.compare_digest(secret.encode(), SECRET.encode()):
            raise OAuthError("invalid_client", "client_id 或 client_secret 不对；演示账号见 /auth/accounts。", 401)
        return account


def load_key(folder: Path) -> RSAKey:
    """The signing key, made at the first run and kept in the data folder."""

    def make() -> str:
        key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, private=True, auto_kid=True)
        return json.dumps(key.as_dict(private=True))

    return RSAKey.import_key(json.loads(secretfile.read_or_make(folder / "issuer-key.json", make)))


def issuer_app(issuer: Issuer, pages: Environment, port: int) -> Starlette:
    """The issuer's addresses, all under /auth."""

    async def discovery(request: Request) -> Response:
        base = issuer.issuer
        return JSONResponse(
            {
                "issuer": base,
                "authorization_endpoint": f"{base}/authorize",
                "token_endpoint": f"{base}/token",
                "userinfo_endpoint": f"{base}/userinfo",
                "jwks_uri": f"{base}/jwks",
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "client_credentials"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
                "scopes_supported": ["openid", "profile"],
            }
        )

    async def jwks(request: Request) -> Response:
        return JSONResponse(issuer.keys())

    def page(name: str, status: int = 200, **values: Any) -> Response:
        return HTMLResponse(pages.get_template(name).render(**values), status, headers=_NO_STORE)

    async def authorize(request: Request) -> Response:
        wanted = dict(await _form(request)) if request.method == "POST" else dict(request.query_params)
        try:
            issuer.check_authorize(wanted)
            if request.method == "GET":
                return page("authorize.html", accounts=_by_place(issuer.accounts), wanted=wanted)
            account = issuer.accounts.get(wanted.get("account", ""))
            if account is None:
                raise OAuthError("access_denied", "没有这个演示账号。")
        except OAuthError as error:
            return page("refused.html", error.status, message=error.description)
        answer = {"code": issuer.new_code(account, wanted), "state": wanted.get("state", ""), "iss": issuer.issuer}
        joint = "&" if urlsplit(wanted["redirect_uri"]).query else "?"
        return RedirectResponse(wanted["redirect_uri"] + joint + urlencode(answer), 303, headers=_NO_STORE)

    async def token(request: Request) -> Response:
        form = await _form(request)
        try:
            client_id, secret = issuer.client(form, request.headers.get("authorization", ""))
            answer: dict[str, Any] = {"token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": "openid profile"}
            if form.get("grant_type") == "client_credentials":
                account = issuer.by_secret(client_id, secret)
            elif form.get("grant_type") == "authorization_code":
                grant = issuer.redeem(form, client_id)
                account = grant.account
                answer["id_token"] = issuer.id_token(account, client_id, grant.nonce)
            else:
                raise OAuthError("unsupported_grant_type", "只支持 authorization_code 与 client_credentials。")
        except OAuthError as error:
            body = {"error": error.error, "error_description": error.description}
            return JSONResponse(body, error.status, headers=_NO_STORE)
        return JSONResponse({**answer, "access_token": issuer.access_token(account, client_id)}, headers=_NO_STORE)

    async def accounts_page(request: Request) -> Response:
        return page("accounts.html", accounts=_by_place(issuer.accounts), secret=SECRET, issuer=issuer.issuer)

    async def logout(request: Request) -> Response:
        # There is no session here to end: every sign-in chooses an account anew.
        target = request.query_params.get("post_logout_redirect_uri", "/")
        parts = urlsplit(target)
        local = (
            not parts.netloc and not parts.scheme and target.startswith("/") and not target.startswith(("//", "/\\"))
        )
        own = parts.scheme == "http" and parts.hostname in LOOPBACK and parts.port == issuer._port
        return RedirectResponse(target if local or own else "/", 303)

    return Starlette(
        routes=[
            Route("/auth/.well-known/openid-configuration", discovery),
            Route("/auth/jwks", jwks),
            Route("/auth/authorize", authorize, methods=["GET", "POST"]),
            Route("/auth/token", token, methods=["POST"]),
            Route("/auth/accounts", accounts_page),
            Route("/auth/logout", logout),
        ],
        middleware=headers(port),
    )


async def _form(request: Request) -> dict[str, str]:
    async with request.form(max_files=0, max_fields=50) as form:
        return {key: value for key, value in form.items() if isinstance(value, str)}


def _by_place(accounts: Mapping[str, Account]) -> dict[str, list[Account]]:
    places: dict[str, list[Account]] = {}
    for account in accounts.values():
        places.setdefault(account.place, []).append(account)
    return places
