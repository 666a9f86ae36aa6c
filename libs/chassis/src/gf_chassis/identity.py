"""Who is calling: a bearer token (RS256 or ES256) checked against the issuer's keys, as a ``Principal`` (身份)."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import orjson
import structlog
from fastapi import Depends, Request
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from gf_chassis.errors import Forbidden, NotFound, Transient, Unauthenticated
from gf_chassis.metrics import METRICS
from gf_chassis.settings import ServiceSettings

if TYPE_CHECKING:
    from gf_chassis.journal import Actor

log = structlog.get_logger(__name__)

ALGORITHMS = ("RS256", "ES256")
LEEWAY_SECONDS = 60
MAX_TOKEN_LENGTH = 8192

ROLES = frozenset({"applicant", "partner", "reviewer", "approver", "registrar", "steward", "ops"})
#: An approver (审批) may do all a reviewer (经办) does.
IMPLIED = {"approver": frozenset({"reviewer"})}


@dataclass(frozen=True, slots=True)
class Principal:
    """A person or a partner system, as the issuer vouches for them."""

    subject: str
    name: str = ""
    roles: frozenset[str] = frozenset()
    #: Authority id of officials and partners; empty for applicants.
    authority: str = ""
    #: 统一社会信用代码 of the applicant's enterprise or managing body; empty for officials.
    org: str = ""
    issuer: str = ""
    #: Session or token, never logged.
    expires_at: int = field(default=0, compare=False)

    @property
    def scope(self) -> str:
        """Whose idempotency keys these are: a partner system's authority, else the person at this issuer."""
        if "partner" in self.roles:
            return f"authority:{self.authority}"
        return f"{self.issuer}|{self.subject}"

    def has(self, *roles: str) -> bool:
        """Whether the principal holds at least one of the roles."""
        return not self.roles.isdisjoint(roles)

    def require(self, *roles: str, own: bool = True, rule: str | None = None) -> Principal:
        """Refuse without one of the roles: 403 with a reason for one's own things, 404 for what is not one's own."""
        if self.has(*roles):
            return self
        if not own:
            raise NotFound
        names = "、".join(ROLE_NAMES.get(role, role) for role in roles)
        raise Forbidden(f"此事项只能由{names}办理。", code="role_required", rule=rule)

    def actor(self) -> Actor:
        from gf_chassis.journal import Actor

        return Actor(subject=self.subject, name=self.name, authority=self.authority, roles=self.roles)


ROLE_NAMES = {
    "applicant": "申报单位",
    "partner": "合作平台",
    "reviewer": "经办人员",
    "approver": "审批人员",
    "registrar": "名单管理人员",
    "steward": "申报组织人员",
    "ops": "运维人员",
}


class InvalidToken(Exception):
    """The token does not stand the checks; the text is for the log, never for the answer."""


#: Fetches the issuer's key set as JSON.
FetchKeys = Callable[[], Awaitable[dict[str, Any]]]


class KeyCache:
    """The issuer's public keys by kid. An unknown kid asks again, at most once per ``min_interval``."""

    def __init__(
        self,
        fetch: FetchKeys,
        *,
        max_age: float = 600.0,
        min_interval: float = 10.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch = fetch
        self._max_age = max_age
        self._min_interval = min_interval
        self._now = now
        self._keys: dict[str, RSAKey | ECKey] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> RSAKey | ECKey:
        found = self._keys.get(kid)
        if found is None or self._now() - self._fetched_at > self._max_age:
            await self._refresh(kid)
            found = self._keys.get(kid)
        if found is None:
            if self._fetched_at == float("-inf"):
                raise Transient("issuer's keys cannot be fetched", retry_after=5)
            raise InvalidToken("unknown kid")
        return found

    async def _refresh(self, kid: str) -> None:
        async with self._lock:
            now = self._now()
            fresh = kid in self._keys and now - self._fetched_at <= self._max_age
            if fresh or now - self._tried_at < self._min_interval:
                return
            self._tried_at = now
            try:
                keys = read_keys(await self._fetch())
            except (httpx.HTTPError, ValueError, KeyError, TypeError, JoseError) as error:
                # Known keys stay good while the issuer is away.
                log.warning("keys of the issuer not fetched", error=type(error).__name__)
                return
            self._keys = keys
            self._fetched_at = now


def read_keys(document: dict[str, Any]) -> dict[str, RSAKey | ECKey]:
    """The signing keys of a key set, by kid. Symmetric keys, other curves and keys without a kid are left out."""
    keys: dict[str, RSAKey | ECKey] = {}
    for item in document["keys"]:
        kid, kind = item.get("kid"), item.get("kty")
        if not isinstance(kid, str) or item.get("use", "sig") != "sig":
            continue
        public = {name: value for name, value in item.items() if name in {"kty", "kid", "n", "e", "crv", "x", "y"}}
        if kind == "RSA":
            keys[kid] = RSAKey.import_key(public)
        elif kind == "EC" and item.get("crv") == "P-256":
            keys[kid] = ECKey.import_key(public)
    return keys


#: An accepted token: whom it names, and the key that signed it.
_Known = tuple[Principal, str, RSAKey | ECKey]


class TokenVerifier:
    """Checks bearer tokens. An accepted token is remembered by its hash until it expires or its key goes."""

    def __init__(
        self,
        *,
        issuer: str,
        audience: str,
        keys: KeyCache,
        now: Callable[[], float] = time.time,
        cache_size: int = 4096,
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        # Tokens are judged by real time: the demo clock of the standalone mode does not age them.
        self._now = now
        self._cache: OrderedDict[bytes, _Known] = OrderedDict()
        self._cache_size = cache_size

    async def verify(self, token: str) -> Principal:
        """The principal of a good token; raises InvalidToken."""
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        known = self._cache.get(digest)
        if known is not None:
            principal, kid, key = known
            # A key that the issuer has withdrawn or replaced vouches for nobody any more.
            if principal.expires_at + LEEWAY_SECONDS > self._now() and await self._keys.key(kid) is key:
                return principal
            self._cache.pop(digest, None)
        claims, kid, key = await self._checked(token, self._audience)
        principal = self.principal(claims)
        self._cache[digest] = (principal, kid, key)
        if len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)
        return principal

    async def claims(self, token: str, *, audience: str | None = None) -> dict[str, Any]:
        """The claims of a good token (also used for id tokens, whose audience is the client)."""
        return (await self._checked(token, audience or self._audience))[0]

    async def _checked(self, token: str, audience: str) -> tuple[dict[str, Any], str, RSAKey | ECKey]:
        if len(token) > MAX_TOKEN_LENGTH or token.count(".") != 2 or not token.isascii():
            raise InvalidToken("not a compact JWS")
        try:
            header = jws.extract_compact(token.encode()).headers()
        except (JoseError, ValueError) as error:
            raise InvalidToken("unreadable header") from error
        if header.get("alg") not in ALGORITHMS:
            raise InvalidToken("algorithm not allowed")
        # RFC 9068 access tokens say at+jwt; others say JWT. Anything else is a token made for another purpose.
        if str(header.get("typ", "JWT")).lower().removeprefix("application/") not in {"jwt", "at+jwt"}:
            raise InvalidToken("wrong typ")
        if "crit" in header:
            raise InvalidToken("crit not understood")
        kid = header.get("kid")
        if not isinstance(kid, str) or len(kid) > 200:
            raise InvalidToken("no kid")
        key = await self._keys.key(kid)
        if header["alg"] != ("RS256" if isinstance(key, RSAKey) else "ES256"):
            raise InvalidToken("algorithm does not fit the key")
        try:
            payload = jws.deserialize_compact(token, key, algorithms=list(ALGORITHMS), registry=_REGISTRY).payload
            claims = orjson.loads(payload)
        except (JoseError, ValueError) as error:
            raise InvalidToken("bad signature or claims") from error
        if not isinstance(claims, dict):
            raise InvalidToken("claims are no object")
        self._check(claims, audience)
        return claims, kid, key

    def _check(self, claims: dict[str, Any], audience: str) -> None:
        if claims.get("iss") != self._issuer:
            raise InvalidToken("wrong issuer")
        named = claims.get("aud")
        if audience not in (named if isinstance(named, list) else [named]):
            raise InvalidToken("wrong audience")
        now = self._now()
        expires = _instant(claims, "exp")
        if expires is None or now >= expires + LEEWAY_SECONDS:
            raise InvalidToken("expired")
        for name in ("nbf", "iat"):
            start = _instant(claims, name)
            if start is not None and now < start - LEEWAY_SECONDS:
                raise InvalidToken(f"{name} in the future")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= 200:
            raise InvalidToken("no subject")

    def principal(self, claims: dict[str, Any]) -> Principal:
        granted = claims.get("gl_roles")
        roles = {role for role in granted if isinstance(role, str)} & ROLES if isinstance(granted, list) else set()
        for role in tuple(roles):
            roles |= IMPLIED.get(role, frozenset())
        return Principal(
            subject=claims["sub"],
            name=_text(claims, "name"),
            roles=frozenset(roles),
            authority=_text(claims, "gl_authority"),
            org=_text(claims, "gl_org"),
            issuer=self._issuer,
            expires_at=int(claims["exp"]),
        )


_REGISTRY = jws.JWSRegistry(algorithms=list(ALGORITHMS))


def _instant(claims: dict[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidToken(f"{name} is no number")
    return float(value)


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    return value[:200] if isinstance(value, str) else ""


def fetch_keys(settings: ServiceSettings, client: httpx.AsyncClient) -> FetchKeys:
    """Fetch from the given address, or from the one the issuer's discovery document names."""

    async def fetch() -> dict[str, Any]:
        address = settings.jwks_url
        if not address:
            answer = await client.get(settings.discovery_url)
            answer.raise_for_status()
            document = answer.json()
            if document.get("issuer") != settings.issuer:
                raise ValueError("discovery document of another issuer")
            address = str(document["jwks_uri"])
        answer = await client.get(address)
        answer.raise_for_status()
        keys: dict[str, Any] = answer.json()
        return keys

    return fetch


class Identity:
    """What the HTTP application asks about its caller."""

    def __init__(self, verifier: TokenVerifier, service: str = "") -> None:
        self.verifier = verifier
        self.service = service

    async def principal(self, request: Request) -> Principal:
        known: Principal | None = getattr(request.state, "principal", None)
        if known is not None:
            return known
        principal = await self.bearer(request.headers.get("authorization", ""))
        request.state.principal = principal
        return principal

    async def bearer(self, authorization: str) -> Principal:
        """The caller by the Authorization header; 401 where it does not stand the checks."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated
        try:
            return await self.verifier.verify(token.strip())
        except InvalidToken as error:
            METRICS.tokens_refused.labels(self.service).inc()
            log.info("token refused", why=str(error))
            raise Unauthenticated("访问令牌无效或已过期，请重新登录。", code="invalid_token") from None


async def current_principal(request: Request) -> Principal:
    """The caller. 401 without a valid token."""
    identity: Identity = request.app.state.identity
    return await identity.principal(request)


#: ``principal: CurrentPrincipal`` in a route.
CurrentPrincipal = Annotated[Principal, Depends(current_principal)]
