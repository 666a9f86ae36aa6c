"""Tokens: only what the issuer signed, for us, in time, with the two algorithms of the list."""

from __future__ import annotations

import hmac
import time
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey

from gf_chassis.errors import Forbidden, NotFound, Transient
from gf_chassis.http import Router
from gf_chassis.identity import (
    CurrentPrincipal,
    InvalidToken,
    KeyCache,
    Principal,
    TokenVerifier,
    fetch_keys,
    read_keys,
)
from gf_chassis.settings import ServiceSettings
from tests.support.keys import rsa_key

from .conftest import ISSUER, Issuer, MakeApp, client_of, raw_token


async def test_good_tokens(issuer: Issuer, verifier: TokenVerifier) -> None:
    for key in (issuer.rsa, issuer.ec):
        principal = await verifier.verify(
            issuer.token(key, gl_roles=["approver", "root", 5], gl_org="91500000MA5U0000X1")
        )
        assert principal.subject == "u1"
        assert principal.roles == {"approver", "reviewer"}
        assert principal.authority == "cq.yubei"
        assert principal.org == "91500000MA5U0000X1"
    assert (await verifier.verify(issuer.token(header={"typ": "at+jwt"}, aud=["other", "greenladder"]))).subject == "u1"


def _hs256_with_the_public_key(issuer: Issuer) -> str:
    header = {"alg": "HS256", "kid": "rsa-1", "typ": "JWT"}
    signed = raw_token(header, issuer.claims()).rpartition(".")[0]
    digest = hmac.new(issuer.rsa.as_pem(private=False), signed.encode(), "sha256").digest()
    return raw_token(header, issuer.claims(), digest)


def _forged(issuer: Issuer) -> dict[str, str]:
    other_rsa = rsa_key(1, kid="rsa-1")
    other_ec = ECKey.generate_key("P-256", {"kid": "ec-1"})
    good = issuer.token()
    head, body, signature = good.split(".")
    now = int(time.time())
    return {
        "alg none": raw_token({"alg": "none", "kid": "rsa-1"}, issuer.claims(), b""),
        "alg None": raw_token({"alg": "None", "kid": "rsa-1"}, issuer.claims(), b""),
        "HS256 with the public key": _hs256_with_the_public_key(issuer),
        "another key, same kid": issuer.token(other_rsa),
        "another curve key, same kid": issuer.token(other_ec),
        "unknown kid": issuer.token(rsa_key(1, kid="rsa-9")),
        "kid as a path": raw_token({"alg": "RS256", "kid": "../../dev/null"}, issuer.claims()),
        "kid is no text": raw_token({"alg": "RS256", "kid": 5}, issuer.claims()),
        "no kid": raw_token({"alg": "RS256"}, issuer.claims()),
        "key of the other algorithm": raw_token({"alg": "ES256", "kid": "rsa-1"}, issuer.claims(), b"x" * 64),
        "embedded key": issuer.token(other_rsa, {"jwk": other_rsa.as_dict(private=False), "kid": "mine"}),
        "jku": issuer.token(other_rsa, {"jku": "http://evil.test/keys", "kid": "mine"}),
        "crit": raw_token({"alg": "RS256", "kid": "rsa-1", "crit": ["exp"]}, issuer.claims()),
        "typ of another purpose": issuer.token(header={"typ": "logout+jwt"}),
        "other audience": issuer.token(aud="another"),
        "no audience": issuer.token(aud=None),
        "other issuer": issuer.token(iss="http://evil.test/auth"),
        "issuer with a slash more": issuer.token(iss=ISSUER + "/"),
        "expired": issuer.token(exp=now - 61),
        "no expiry": issuer.token(exp=None),
        "expiry as text": issuer.token(exp=str(now + 300)),
        "expiry true": issuer.token(exp=True),
        "not yet": issuer.token(nbf=now + 120),
        "issued in the future": issuer.token(iat=now + 120),
        "no subject": issuer.token(sub=None),
        "subject is a number": issuer.token(sub=5),
        "changed claims": f"{head}.{raw_token({}, issuer.claims(gl_roles=['ops'])).split('.')[1]}.{signature}",
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "claims are a list": raw_token({"alg": "RS256", "kid": "rsa-1"}, []),  # type: ignore[arg-type]
        "not base64": "!!!.@@@.###",
        "Chinese": "令.牌.牌",
        "too long": good + "A" * 10_000,
        "empty": "",
    }


async def test_forged_tokens_are_refused(issuer: Issuer, verifier: TokenVerifier) -> None:
    for what, token in _forged(issuer).items():
        try:
            await verifier.verify(token)
        except InvalidToken:
            continue
        pytest.fail(f"accepted: {what}")


async def test_leeway_is_a_minute(issuer: Issuer, verifier: TokenVerifier) -> None:
    now = int(time.time())
    assert await verifier.verify(issuer.token(exp=now - 30, iat=now - 300))
    assert await verifier.verify(issuer.token(nbf=now + 30))


async def test_a_known_token_is_not_checked_again_but_expires(issuer: Issuer) -> None:
    clock = [time.time()]
    verifier = TokenVerifier(
        issuer=ISSUER, audience="greenladder", keys=KeyCache(issuer.fetch), now=lambda: clock[0], cache_size=2
    )
    token = issuer.token()
    first = await verifier.verify(token)
    assert await verifier.verify(token) is first
    clock[0] += 300 + 61
    with pytest.raises(InvalidToken):
        await verifier.verify(token)
    clock[0] = time.time()
    for number in range(5):
        await verifier.verify(issuer.token(sub=f"u{number}"))
    assert len(verifier._cache) == 2


async def test_a_known_token_falls_with_its_key(issuer: Issuer) -> None:
    clock = [0.0]
    keys: list[Any] = [issuer.rsa]

    async def fetch() -> dict[str, Any]:
        return {"keys": [{**key.as_dict(private=False), "use": "sig"} for key in keys]}

    cache = KeyCache(fetch, now=lambda: clock[0], max_age=600)
    verifier = TokenVerifier(issuer=ISSUER, audience="greenladder", keys=cache)
    token = issuer.token()
    await verifier.verify(token)
    clock[0] += 601
    assert await verifier.verify(token) == await verifier.verify(token)  # fetched again, and still there
    keys[:] = [rsa_key(1, kid=str(issuer.rsa.kid))]  # same name, another key
    clock[0] += 601
    with pytest.raises(InvalidToken):
        await verifier.verify(token)
    keys[:] = [rsa_key(1, kid="other")]
    clock[0] += 601
    with pytest.raises(InvalidToken):
        await verifier.verify(token)


async def test_rotated_keys_are_fetched_once_and_unknown_ones_not_in_a_row(issuer: Issuer) -> None:
    clock = [0.0]
    calls = 0
    keys: list[Any] = [issuer.rsa]

    async def fetch() -> dict[str, Any]:
        nonlocal calls
        calls += 1
        return {"keys": [{**key.as_dict(private=False), "use": "sig"} for key in keys]}

    verifier = TokenVerifier(
        issuer=ISSUER, audience="greenladder", keys=KeyCache(fetch, now=lambda: clock[0], min_interval=10)
    )
    await verifier.verify(issuer.token())
    new = rsa_key(1, kid="rsa-2")
    keys.append(new)
    clock[0] += 11
    await verifier.verify(issuer.token(new))
    assert calls == 2
    for number in range(20):
        with pytest.raises(InvalidToken):
            await verifier.verify(issuer.token(header={"kid": f"no-{number}"}))
    assert calls == 2


async def test_known_keys_stay_good_while_the_issuer_is_away(issuer: Issuer) -> None:
    clock = [0.0]
    away = False

    async def fetch() -> dict[str, Any]:
        if away:
            raise ValueError("away")
        return await issuer.fetch()

    verifier = TokenVerifier(issuer=ISSUER, audience="greenladder", keys=KeyCache(fetch, now=lambda: clock[0]))
    await verifier.verify(issuer.token())
    away = True
    clock[0] += 10_000
    assert await verifier.verify(issuer.token(sub="u2"))
    never = TokenVerifier(issuer=ISSUER, audience="greenladder", keys=KeyCache(fetch))
    with pytest.raises(Transient):
        await never.verify(issuer.token())


async def test_keys_are_found_through_the_issuers_document_where_we_can_reach_it(issuer: Issuer) -> None:
    """Browsers know the issuer under another name than we do; what is found must still be of the same issuer."""
    says = {"issuer": ISSUER, "jwks_uri": "http://id:8080/keys"}
    asked: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json=await issuer.fetch() if request.url.path == "/keys" else says)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        settings = ServiceSettings(issuer=ISSUER, issuer_inside_url="http://id:8080/realms/x")
        assert set(read_keys(await fetch_keys(settings, client)())) == {"rsa-1", "ec-1"}
        assert asked == ["http://id:8080/realms/x/.well-known/openid-configuration", "http://id:8080/keys"]
        says["issuer"] = "http://somebody.else"
        with pytest.raises(ValueError, match="another issuer"):
            await fetch_keys(settings, client)()


def test_roles() -> None:
    reviewer = Principal("u1", roles=frozenset({"reviewer"}), authority="cq.yubei", issuer="i")
    assert reviewer.require("reviewer", "approver") is reviewer
    with pytest.raises(Forbidden) as caught:
        reviewer.require("ops", rule="x-1")
    assert "运维人员" in caught.value.detail
    with pytest.raises(NotFound):
        reviewer.require("ops", own=False)
    assert reviewer.scope == "i|u1"
    assert Principal("p", roles=frozenset({"partner"}), authority="cq", issuer="i").scope == "authority:cq"
    assert reviewer.actor().authority == "cq.yubei"


async def test_routes_ask_for_a_token(make_app: MakeApp, issuer: Issuer) -> None:
    router = Router()

    @router.get("/me")
    async def me(principal: CurrentPrincipal) -> str:
        return principal.subject

    async with client_of(make_app(router)) as client:
        for headers in (
            {},
            {"authorization": "Basic eDp5"},
            {"authorization": "Bearer"},
            {"authorization": "Bearer x"},
        ):
            answer = await client.get("/intake/v1/me", headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.headers["content-type"] == "application/problem+json"
        assert (await client.get("/intake/v1/me", headers=issuer.bearer())).json() == "u1"
