"""Sign-in for pages (登录): OpenID Connect code flow with PKCE, and the signed session cookie that comes out of it."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
import structlog
from itsdangerous import BadSignature, URLSafeSerializer
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gf_chassis.errors import Rejected, Transient
from gf_chassis.identity import InvalidToken, Principal, TokenVerifier
from gf_chassis.settings import ServiceSettings

log = structlog.get_logger(__name__)

LOGIN_SECONDS = 600
_PAGE = re.compile(r"/[a-z]{1,20}/ui/", re.ASCII)
#: Browsers keep no cookie above 4096 bytes; signed and packed, this much fits.
_HINT_LENGTH = 2800


class LoginFailed(Rejected):
    """The sign-in did not come to a good end (登录未完成)."""

    status = 400

    def __init__(self, detail: str = "登录未完成或已超时，请重新登录。") -> None:
        super().__init__("login_failed", detail)


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in at the pages of this service, until when, and the form token of the session."""

    principal: Principal
    csrf: str
    expires_at: int


class Cookies:
    """Signed cookies of one service: signed-in session, sign-in under way, message of the last act, sign-out hint."""

    def __init__(self, service: str, secret: str, *, secure: bool = False) -> None:
        self.service = service
        self._key = secret or secrets.token_hex(32)
        #: Browsers come by https although a gateway in front of us takes it off.
        self._secure = secure

    def name(self, purpose: str) -> str:
        return f"gl_{self.service}_{purpose}"

    def _signer(self, purpose: str) -> URLSafeSerializer:
        return URLSafeSerializer(
            self._key, salt=f"{self.service}:{purpose}", signer_kwargs={"digest_method": hashlib.sha256}
        )

    def read(self, request: Request, purpose: str) -> dict[str, Any] | None:
        """The content of a cookie that we signed and that is not over."""
        raw = request.cookies.get(self.name(purpose), "")
        try:
            content = self._signer(purpose).loads(raw) if raw else None
        except BadSignature:
            return None
        if not isinstance(content, dict) or content.get("exp", 0) <= time.time():
            return None
        return content

    def path(self, purpose: str) -> str:
        # The issuer's token is large and of use on one page only.
        return f"/{self.service}/ui/signed-out" if purpose == "hint" else f"/{self.service}"

    def write(self, request: Request, response: Response, purpose: str, content: dict[str, Any], seconds: int) -> None:
        value = self._signer(purpose).dumps({**content, "exp": int(time.time()) + seconds})
        response.set_cookie(
            self.name(purpose),
            str(value),
            max_age=seconds,
            path=self.path(purpose),
            httponly=True,
            samesite="lax",
            secure=self._secure or request.url.scheme == "https",
        )

    def clear(self, response: Response, purpose: str) -> None:
        response.delete_cookie(self.name(purpose), path=self.path(purpose), httponly=True, samesite="lax")


class Login:
    """The steps of the flow, for one service."""

    def __init__(
        self, service: str, settings: ServiceSettings, client: httpx.AsyncClient, verifier: TokenVerifier
    ) -> None:
        self.service = service
        self.settings = settings
        self.client = client
        self.verifier = verifier
        self.client_id = f"gl-{service}"
        self.cookies = Cookies(
            service, settings.session_secret.get_secret_value(), secure=settings.public_url.startswith("https://")
        )
        self._discovered: dict[str, Any] | None = None

    def session(self, request: Request) -> Session | None:
        """The session of the request, if it is signed in."""
        content = self.cookies.read(request, "session")
        if content is None:
            return None
        person = content["p"]
        principal = Principal(
            subject=person["sub"],
            name=person["name"],
            roles=frozenset(person["roles"]),
            authority=person["authority"],
            org=person["org"],
            issuer=self.settings.issuer,
            expires_at=content["exp"],
        )
        return Session(principal, content["csrf"], content["exp"])

    async def begin(self, request: Request, then: str) -> Response:
        """Send the browser to the issuer."""
        state, nonce, code_verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(code_verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self._callback(request),
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = (await self._discovery())["authorization_endpoint"]
        response = RedirectResponse(f"{address}{'&' if '?' in address else '?'}{urlencode(query)}", 303)
        content = {"state": state, "nonce": nonce, "verifier": code_verifier, "then": self.safe_target(then)}
        self.cookies.write(request, response, "login", content, LOGIN_SECONDS)
        return response

    async def finish(self, request: Request) -> Response:
        """Come back from the issuer: exchange the code, check both tokens, start the session."""
        begun = self.cookies.read(request, "login")
        given = request.query_params
        if begun is None or not secrets.compare_digest(given.get("state", "").encode(), begun["state"].encode()):
            raise LoginFailed
        if "code" not in given:
            raise LoginFailed("统一身份认证没有同意此次登录。")
        principal, hint = await self._exchange(request, given["code"], begun)
        seconds = min(self.settings.session_minutes * 60, max(1, principal.expires_at - int(time.time())))
        person = {
            "sub": principal.subject,
            "name": principal.name,
            "roles": sorted(principal.roles),
            "authority": principal.authority,
            "org": principal.org,
        }
        response = RedirectResponse(self.safe_target(begun["then"]), 303)
        self.cookies.write(request, response, "session", {"p": person, "csrf": secrets.token_urlsafe(24)}, seconds)
        if len(hint) <= _HINT_LENGTH:
            self.cookies.write(request, response, "hint", {"token": hint}, seconds)
        self.cookies.clear(response, "login")
        return response

    def leave(self) -> Response:
        """End the session at this service; the page that follows ends it at the issuer."""
        response = RedirectResponse(f"/{self.service}/ui/signed-out", 303)
        for purpose in ("session", "login", "flash"):
            self.cookies.clear(response, purpose)
        return response

    async def end_at_issuer(self, request: Request) -> str:
        """Where the browser ends its session at the issuer, else the next sign-in would ask nobody who it is.

        Empty when there is none to end: still signed in here, done already, or the issuer keeps no sessions.
        """
        content = self.cookies.read(request, "hint")
        if content is None or self.session(request) is not None:
            return ""
        address = (await self._discovery()).get("end_session_endpoint")
        if not isinstance(address, str) or not address.startswith(("https://", "http://")):
            return ""
        query = {
            "id_token_hint": content["token"],
            "client_id": self.client_id,
            "post_logout_redirect_uri": f"{self._base(request)}/{self.service}/ui/signed-out",
        }
        return f"{address}{'&' if '?' in address else '?'}{urlencode(query)}"

    async def _exchange(self, request: Request, code: str, begun: dict[str, Any]) -> tuple[Principal, str]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback(request),
            "client_id": self.client_id,
            "code_verifier": begun["verifier"],
        }
        try:
            answer = await self.client.post((await self._discovery())["token_endpoint"], data=form)
            tokens = answer.json() if answer.status_code == 200 else {}
        except httpx.HTTPError as error:
            raise Transient("token endpoint does not answer") from error
        except ValueError:
            tokens = {}
        try:
            claims = await self.verifier.claims(str(tokens.get("id_token", "")), audience=self.client_id)
            principal = await self.verifier.verify(str(tokens.get("access_token", "")))
        except InvalidToken as error:
            log.warning("sign-in refused", why=str(error))
            raise LoginFailed from None
        if claims.get("nonce") != begun["nonce"] or claims["sub"] != principal.subject:
            raise LoginFailed
        return principal, str(tokens["id_token"])

    async def _discovery(self) -> dict[str, Any]:
        if self._discovered is None:
            try:
                answer = await self.client.get(self.settings.discovery_url)
                answer.raise_for_status()
                document = answer.json()
                if document.get("issuer") != self.settings.issuer:
                    raise ValueError("another issuer")
            except (httpx.HTTPError, ValueError) as error:
                raise Transient("issuer does not answer", retry_after=5) from error
            self._discovered = document
        return self._discovered

    def _callback(self, request: Request) -> str:
        return f"{self._base(request)}/{self.service}/ui/callback"

    def _base(self, request: Request) -> str:
        return self.settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")

    def safe_target(self, then: str) -> str:
        """Where to go after the sign-in: an address of ours, never another host.

        Another service's pages too: a reviewer signs in at intake to look at evidence, and goes on with the case.
        """
        own = then.startswith(f"/{self.service}/") or _PAGE.match(then)
        fine = own and "\\" not in then and "//" not in then and then.isprintable() and then.isascii()
        return then if fine else f"/{self.service}/ui/"
