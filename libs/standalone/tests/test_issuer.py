"""The demo's sign-in: a code flow with PKCE whose tokens the services accept."""

import base64
import hashlib
import time
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from gf_chassis.identity import InvalidToken, KeyCache, TokenVerifier
from gf_standalone import pages, people
from gf_standalone.dispatch import Dispatcher
from gf_standalone.issuer import Issuer, issuer_app, load_key
from gf_standalone.settings import StandaloneSettings, StartRefused
from tests.support.keys import rsa_key

SETTINGS = StandaloneSettings(port=8000, data=Path("unused"))
VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
WANTED = {
    "response_type": "code",
    "client_id": "review",
    "redirect_uri": "http://127.0.0.1:8000/review/ui/callback",
    "scope": "openid",
    "state": "s-1",
    "nonce": "n-1",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    key = rsa_key(0, use="sig", alg="RS256", kid="issuer-0")
    return Issuer(SETTINGS, people.accounts(), key)


@pytest.fixture
def browser(issuer: Issuer) -> httpx.AsyncClient:
    app = Dispatcher({}, issuer_app(issuer, pages.environment(), 8000))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8000")


def verifier(issuer: Issuer) -> TokenVerifier:
    async def fetch() -> dict[str, object]:
        return issuer.keys()

    return TokenVerifier(issuer=issuer.issuer, audience="greenladder", keys=KeyCache(fetch))


async def sign_in(browser: httpx.AsyncClient, account: str = "yubei-review") -> str:
    answer = await browser.post("/auth/authorize", data={**WANTED, "account": account})
    assert answer.status_code == 303
    target = urlsplit(answer.headers["location"])
    assert parse_qs(target.query)["state"] == ["s-1"]
    return parse_qs(target.query)["code"][0]


async def redeem(browser: httpx.AsyncClient, code: str, /, **other: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": WANTED["redirect_uri"],
        "client_id": "review",
        "code_verifier": VERIFIER,
    }
    return await browser.post("/auth/token", data={**form, **other})


async def test_code_flow_gives_tokens_that_a_service_accepts(browser: httpx.AsyncClient, issuer: Issuer) -> None:
    answer = await redeem(browser, await sign_in(browser))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    principal = await verifier(issuer).verify(answer.json()["access_token"])
    assert (principal.subject, principal.authority) == ("yubei-review", "cq.yubei")
    assert principal.roles == {"reviewer"}
    claims = await verifier(issuer).claims(answer.json()["id_token"], audience="review")
    assert claims["nonce"] == "n-1"


async def test_discovery_names_what_is_there(browser: httpx.AsyncClient, issuer: Issuer) -> None:
    found = (await browser.get("/auth/.well-known/openid-configuration")).json()
    assert found["issuer"] == issuer.issuer
    keys = (await browser.get(urlsplit(found["jwks_uri"]).path)).json()["keys"]
    assert all("d" not in key for key in keys)
    page = await browser.get(urlsplit(found["authorization_endpoint"]).path, params=WANTED)
    assert "陈立" in page.text
    assert "script" not in page.headers["content-security-policy"]


async def test_a_code_works_once(browser: httpx.AsyncClient) -> None:
    code = await sign_in(browser)
    assert (await redeem(browser, code)).status_code == 200
    assert (await redeem(browser, code)).json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "wrong",
    [
        {"code_verifier": "w" * 64},
        {"client_id": "other"},
        {"redirect_uri": "http://127.0.0.1:8000/else"},
        {"code": "guessed"},
    ],
)
async def test_a_code_in_other_hands_is_worth_nothing(browser: httpx.AsyncClient, wrong: dict[str, str]) -> None:
    answer = await redeem(browser, await sign_in(browser), **wrong)
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    "wrong",
    [
        {"redirect_uri": "http://evil.example/x"},
        {"redirect_uri": "http://127.0.0.1:9000/x"},
        {"redirect_uri": "https://127.0.0.1:8000/x"},
        {"redirect_uri": "http://127.0.0.1@evil.example:8000/x"},
        {"code_challenge": ""},
        {"code_challenge_method": "plain"},
        {"response_type": "token"},
    ],
)
async def test_nothing_is_sent_to_other_places(browser: httpx.AsyncClient, wrong: dict[str, str]) -> None:
    answer = await browser.post("/auth/authorize", data={**WANTED, "account": "yubei-review", **wrong})
    assert answer.status_code == 400
    assert "location" not in answer.headers


async def test_client_credentials(browser: httpx.AsyncClient, issuer: Issuer) -> None:
    form = {"grant_type": "client_credentials", "client_id": "cq-greencode", "client_secret": "demo"}
    token = (await browser.post("/auth/token", data=form)).json()["access_token"]
    assert (await verifier(issuer).verify(token)).roles == {"partner"}
    answer = await browser.post("/auth/token", data={**form, "client_secret": "x"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    answer = await browser.post("/auth/token", data={"grant_type": "password"})
    assert answer.json()["error"] == "unsupported_grant_type"


async def test_a_token_of_another_key_is_refused(issuer: Issuer) -> None:
    other = Issuer(SETTINGS, people.accounts(), rsa_key(1, use="sig", kid="issuer-1"))
    token = other.access_token(people.accounts()["yubei-review"], "x")
    with pytest.raises(InvalidToken):
        await verifier(issuer).verify(token)


async def test_tokens_live_in_real_time(issuer: Issuer) -> None:
    claims = await verifier(issuer).claims(issuer.access_token(people.accounts()["ops-1"], "x"))
    assert abs(claims["iat"] - time.time()) < 5


@pytest.mark.parametrize("settings", [{"mode": "cluster"}, {"host": "0.0.0.0"}])
def test_it_exists_on_a_laptop_only(settings: dict[str, str]) -> None:
    with pytest.raises(StartRefused):
        Issuer(
            StandaloneSettings(port=8000, data=Path("x"), **settings),  # type: ignore[arg-type]
            people.accounts(),
            rsa_key(0),
        )


def test_the_key_is_kept(tmp_path: Path) -> None:
    first = load_key(tmp_path)
    assert load_key(tmp_path).kid == first.kid
    assert (tmp_path / "issuer-key.json").stat().st_mode & 0o777 == 0o600


async def test_other_sites_and_other_names_are_refused(browser: httpx.AsyncClient) -> None:
    assert (await browser.get("/auth/jwks", headers={"Host": "evil.example:8000"})).status_code == 403
    form = {**WANTED, "account": "yubei-review"}
    for origin in ("http://evil.example", "null"):
        answer = await browser.post("/auth/authorize", data=form, headers={"Origin": origin})
        assert answer.status_code == 403
    answer = await browser.post("/auth/authorize", data=form, headers={"Origin": "http://localhost:8000"})
    assert answer.status_code == 303


async def test_sign_out_leads_only_to_our_own_pages(browser: httpx.AsyncClient) -> None:
    for target, expected in (
        ("/review/ui", "/review/ui"),
        ("//evil.example", "/"),
        ("http://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("http://localhost:8000/x", "http://localhost:8000/x"),
    ):
        answer = await browser.get("/auth/logout", params={"post_logout_redirect_uri": target})
        assert answer.headers["location"] == expected
