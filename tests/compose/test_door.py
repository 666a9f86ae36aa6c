"""The gateway and the sign-in, as browsers and other systems meet them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from bs4 import BeautifulSoup

from gf_standalone import people
from gf_standalone.people import SECRET
from tests.compose.people import Keycloak
from tests.compose.stack import SERVICES, Stack, topics
from tests.support.kafka import dump

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]


class OwnMachine(httpx.HTTPTransport):
    """To browsers `localhost` is as good as https: they send secure cookies there, and Keycloak relies on it."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        response.headers = httpx.Headers(
            [(name, value.replace(";Secure", "") if name.lower() == "set-cookie" else value)
             for name, value in response.headers.multi_items()]
        )  # fmt: skip
        return response


@pytest.fixture
def browser(stack: Stack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=stack.url, timeout=60, follow_redirects=True, transport=OwnMachine()) as made:
        yield made


def fill(browser: httpx.Client, page: httpx.Response, selector: str, **values: str) -> httpx.Response:
    """Send a form of the page as a browser would."""
    form = BeautifulSoup(page.text, "html.parser").select_one(selector)
    assert form is not None, page.text[:2000]
    hidden = {str(one["name"]): str(one.get("value", "")) for one in form.select("input[type=hidden][name]")}
    target = urljoin(str(page.url), str(form["action"]))
    origin = "{0.scheme}://{0.netloc}".format(urlsplit(target))
    return browser.post(target, data={**hidden, **values}, headers={"origin": origin})


def sign_in(browser: httpx.Client, path: str, account: str) -> httpx.Response:
    asked = browser.get(path)
    assert urlsplit(str(asked.url)).path.startswith("/auth/realms/greenladder/"), asked.url
    return fill(browser, asked, "form#kc-form-login", username=account, password=SECRET)


def person(page: httpx.Response) -> str:
    """Whom the head of the page names."""
    shown = BeautifulSoup(page.text, "html.parser").select_one("form.who")
    assert shown is not None, page.text[:1000]
    return shown.text


@pytest.mark.rule("used-by")
def test_people_sign_in_with_keycloak_and_out_again(stack: Stack, browser: httpx.Client) -> None:
    desk = sign_in(browser, "/review/ui/", "yubei-review")
    assert (desk.status_code, urlsplit(str(desk.url)).path) == (200, "/review/ui/"), desk.text[:500]
    assert "周敏" in person(desk)
    # Another service: the same person, without being asked again.
    inbox = browser.get("/notify/ui/")
    assert (inbox.status_code, "周敏" in person(inbox)) == (200, True)
    left = fill(browser, desk, "form[action='/review/ui/logout']")
    assert urlsplit(str(left.url)).path == "/review/ui/signed-out"
    onward = left.headers["refresh"].partition("url=")[2]
    assert onward.startswith(f"{stack.url}/auth/realms/greenladder/protocol/openid-connect/logout?")
    back = browser.get(onward)
    assert urlsplit(str(back.url)).path == "/review/ui/signed-out", "left without a question, and back"
    # Whoever comes next is asked who it is.
    other = sign_in(browser, "/review/ui/", "yubei-approve")
    assert "陈立" in person(other)
    assert "周敏" not in person(other)


def test_the_sign_in_page_has_its_looks(browser: httpx.Client) -> None:
    page = browser.get("/review/ui/")
    sheets = BeautifulSoup(page.text, "html.parser").select("link[rel=stylesheet]")
    assert sheets
    for sheet in sheets:
        answer = browser.get(urljoin(str(page.url), str(sheet["href"])))
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, "text/css"), answer.url


def test_a_wrong_password_does_not_sign_in(browser: httpx.Client) -> None:
    asked = browser.get("/review/ui/")
    refused = fill(browser, asked, "form#kc-form-login", username="yubei-review", password="wrong")
    assert refused.status_code == 200
    assert BeautifulSoup(refused.text, "html.parser").select_one("form#kc-form-login"), refused.text[:1000]
    assert urlsplit(str(browser.get("/review/ui/").url)).path.startswith("/auth/")


def test_a_code_goes_to_our_own_pages_only(browser: httpx.Client) -> None:
    query = parse_qs(urlsplit(str(browser.get("/review/ui/login", follow_redirects=False).headers["location"])).query)
    path = "/auth/realms/greenladder/protocol/openid-connect/auth"
    good = {name: values[0] for name, values in query.items()}
    assert browser.get(path, params=good).status_code == 200
    assert browser.get(path, params={**good, "redirect_uri": "http://evil.test/"}).status_code == 400
    plain = browser.get(path, params={k: v for k, v in good.items() if not k.startswith("code_challenge")})
    assert "error=invalid_request" in str(plain.url), "a code without PKCE was given"


@pytest.mark.rule("used-by")
def test_the_realm_knows_every_account_with_its_claims(stack: Stack, keycloak: Keycloak) -> None:
    """As the services read the token: what an account may do shows in an answer of theirs."""
    assert all(keycloak.token(account) for account in people.accounts().values())
    with httpx.Client(base_url=stack.url, timeout=60) as plain:
        for account, good in (("yubei-review", True), ("cq-greencode", False), ("unit-cq", False)):
            bearer = {"Authorization": f"Bearer {keycloak.token(people.accounts()[account])}"}
            assert (plain.get("/review/v1/cases", headers=bearer).status_code == 200) is good, account
        unit = people.accounts()["unit-cq"]
        bearer = {"Authorization": f"Bearer {keycloak.token(unit)}"}
        found = plain.get("/intake/v1/units", params={"uscc": unit.org, "category": "factory"}, headers=bearer)
        assert found.status_code == 200


def test_nobody_writes_their_own_authority(stack: Stack, keycloak: Keycloak) -> None:
    """What a person may see hangs on attributes that Keycloak's self service must not change."""
    account = people.accounts()["yubei-review"]
    path = "/auth/realms/greenladder/account/?userProfileMetadata=true"
    with httpx.Client(base_url=stack.url, timeout=60) as plain:
        bearer = {"Authorization": f"Bearer {keycloak.token(account)}", "Accept": "application/json"}
        seen = plain.get(path, headers=bearer)
        if seen.status_code == 200:
            fields = {one["name"]: one for one in seen.json()["userProfileMetadata"]["attributes"]}
            assert fields["gl_authority"]["readOnly"] is True
        else:
            assert seen.status_code in (401, 403)


def test_what_is_for_operators_is_not_at_the_door(stack: Stack, browser: httpx.Client) -> None:
    closed = [
        f"/{service}{path}" for service in SERVICES for path in ("/metrics", "/readyz", "/ops/held", "/v1/ops/held")
    ]
    closed += ["/intake//metrics", "/intake/%6detrics", "/intake/./metrics", "/auth/admin/", "/auth/admin/realms"]
    for path in closed:
        assert browser.get(path, follow_redirects=False).status_code == 404, path
    with httpx.Client(base_url=stack.ops_url, timeout=60) as operator:
        for service in SERVICES:
            assert operator.get(f"/{service}/readyz").json()["ready"] is True
            assert "gf_http_requests_total" in operator.get(f"/{service}/metrics").text
        assert operator.get("/review/v1/ops/held").status_code == 401
        assert operator.get("/auth/admin/", follow_redirects=False).status_code == 302


def test_headers_come_once(browser: httpx.Client) -> None:
    for path in ("/", "/auth/accounts", "/review/ui/signed-out", "/registry/ui/", "/intake/v1/units", "/intake/docs"):
        answer = browser.get(path)
        names = [name.lower() for name, _ in answer.headers.multi_items()]
        for name in ("content-security-policy", "x-content-type-options", "referrer-policy"):
            assert names.count(name) == 1, (path, name)
    assert "nginx/" not in browser.get("/").headers["server"]


def test_large_files_go_through_and_too_large_ones_are_refused_in_words(
    stack: Stack, keycloak: Keycloak, browser: httpx.Client
) -> None:
    """The gateway keeps nothing back: the service counts, and its words arrive."""
    account = people.accounts()["unit-sixth"]
    bearer = {"Authorization": f"Bearer {keycloak.token(account)}", "Content-Type": "application/pdf"}
    nowhere = "/intake/v1/evidence/submissions/0190b5a0-0000-7000-8000-000000000000/sealed_scan"
    block = b"0" * 1_000_000
    small = browser.put(nowhere, params={"name": "x.pdf"}, headers=bearer, content=(block for _ in range(20)))
    assert small.status_code == 404, small.text
    large = browser.put(nowhere, params={"name": "x.pdf"}, headers=bearer, content=(block for _ in range(300)))
    assert large.status_code in (404, 413), large.text
    assert large.headers["content-type"].startswith("application/problem+json")
    flat = browser.post("/intake/v1/units", headers={**bearer, "Content-Type": "application/json"}, content=block * 3)
    assert (flat.status_code, flat.json()["code"]) == (413, "body_too_large")


def test_a_service_that_is_away_is_answered_for(stack: Stack, browser: httpx.Client) -> None:
    stack.compose("stop", "-t", "20", "scoring-api")
    try:
        said = browser.get("/scoring/v1/benchmark-sets")
        assert (said.status_code, said.headers["retry-after"]) == (503, "5")
        assert said.json()["code"] == "temporarily_unavailable"
        posted = browser.post("/scoring/v1/benchmark-sets", json={})
        assert posted.json()["code"] == "temporarily_unavailable"
        page = browser.get("/scoring/ui/")
        assert (page.status_code, "暂时不可用" in page.text) == (503, True)
    finally:
        stack.compose("start", "scoring-api")
    stack.await_healthy("scoring-api")
    assert browser.get("/scoring/healthz").status_code == 200


async def test_topics_have_the_partitions_of_their_files(stack: Stack) -> None:
    """Also: the broker is reached from this machine, and makes no topic by itself."""
    said = stack.compose(
        "exec", "-T", "kafka", "bash", "-c", "unset KAFKA_HEAP_OPTS; /opt/kafka/bin/kafka-topics.sh "
        "--bootstrap-server kafka:9092 --describe | grep PartitionCount",
    )  # fmt: skip
    made = {}
    for line in said.splitlines():
        fields = dict(part.strip().partition(": ")[::2] for part in line.split("\t") if ":" in part)
        made[fields["Topic"]] = int(fields["PartitionCount"])
    assert {name: count for name, count in made.items() if not name.startswith("__")} == topics()
    assert await dump(stack.kafka, sorted(topics())) == []


def test_containers_are_shut_in(stack: Stack) -> None:
    """Not root, a read-only root file system, no capability, bounded memory and logs, started again after a crash."""
    names = [
        name for kind in ("api", "worker") for service in SERVICES for name in stack.containers(f"{service}-{kind}")
    ]
    found = json.loads(subprocess.run(["docker", "inspect", *names], capture_output=True, check=True).stdout)
    assert len(found) == 10
    for one in found:
        host = one["HostConfig"]
        assert one["Config"]["User"] == "10001:10001"
        assert host["ReadonlyRootfs"] is True
        assert host["CapDrop"] == ["ALL"]
        assert host["Memory"] > 0
        assert host["RestartPolicy"]["Name"] == "unless-stopped"
        assert host["LogConfig"]["Config"]["max-size"]
        refused = subprocess.run(["docker", "exec", one["Id"], "touch", "/app/x"], capture_output=True, check=False)
        assert refused.returncode != 0
