"""Clients that keep working while services die: every request is repeated with its idempotency key until answered."""

from __future__ import annotations

import asyncio
import json
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from gf_standalone.demo import data
from gf_standalone.demo.acts import Applicant, Desk, Registrar, Steward
from gf_standalone.demo.client import Client, Refused
from gf_standalone.demo.story import EXTENDED_UNTIL, EXTENSION, NAME, POLICY, YEAR
from gf_standalone.people import Account
from tests.faults.town import Town
from tests.support.enterprises import uscc

Json = dict[str, Any]
#: How long a client repeats one request.
PATIENCE = 90.0
NATIONAL = "national:miit:factory"
PROVINCES = ("cq", "gd", "zhejiang", "jiangsu", "shandong", "hunan", "hubei", "henan", "hebei", "sichuan", "anhui")


class Issuer:
    """Signs tokens; its keys are served over HTTP as any issuer's are."""

    def __init__(self) -> None:
        self._key = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)
        body = json.dumps({"keys": [self._key.as_dict(private=False)]}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Nothing to say."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.jwks_url = f"{self.url}/jwks"

    def token(self, account: Account) -> str:
        now = int(time.time())
        claims = {**account.claims(), "iss": self.url, "aud": "greenladder", "iat": now, "exp": now + 7200}
        return jwt.encode({"alg": "RS256", "kid": self._key.kid, "typ": "at+jwt"}, claims, self._key)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Router(httpx.AsyncBaseTransport):
    """The first word of the path is the service: ``/intake/v1/…``."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_keepalive_connections=20))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        service = request.url.path.split("/")[1]
        request.url = request.url.copy_with(port=self._town.inhabitants[service].port)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class Stubborn(Client):
    """Repeats what got no answer, or a 5xx, with the same key: whatever happened the first time, it happens once."""

    def __init__(self, http: httpx.AsyncClient, account: Account, issuer: Issuer) -> None:
        super().__init__(http, account.id)
        self._token = issuer.token(account)
        self.repeats = 0

    async def send(
        self, method: str, path: str, *, key: str | None = None, headers: Mapping[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        if method == "POST":
            key = key or uuid.uuid4().hex
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return await super().send(method, path, key=key, headers=headers, **more)
            except (httpx.TransportError, Refused) as error:
                if isinstance(error, Refused) and error.status < 500:
                    raise
                if time.monotonic() > end:
                    raise
                self.repeats += 1
                await asyncio.sleep(0.2)


@dataclass
class Promise:
    """What a client was told: a 2xx is durable."""

    unit_id: str
    submission_id: str
    key: str
    refused: bool = False
    closed: bool = False
    #: The name under which it stands in a published edition of the national list.
    listed: str = ""


@dataclass
class Ledger:
    submissions: list[Promise] = field(default_factory=list)
    #: list → names that an import was answered 201 for.
    imports: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class Load:
    town: Town
    issuer: Issuer
    http: httpx.AsyncClient
    ledger: Ledger = field(default_factory=Ledger)
    campaign: str = ""
    _clients: list[Stubborn] = field(default_factory=list)

    def speak(self, account: Account) -> Stubborn:
        client = Stubborn(self.http, account, self.issuer)
        self._clients.append(client)
        return client

    def official(self, name: str, role: str, authority: str) -> Stubborn:
        return self.speak(Account(name, "测试", (role,), authority, authority=authority))

    async def open_campaign(self) -> None:
        steward = Steward(self.official("steward", "steward", "miit"))
        self.campaign = await steward.open_campaign(NAME, YEAR, POLICY)
        await steward.publish_benchmarks(self.campaign, data.benchmarks())
        for act in ("submit", "decide:city"):
            await steward.extend(self.campaign, act, EXTENDED_UNTIL, EXTENSION)

    async def journey(self, number: int) -> None:
        """A factory in Shenzhen: registered, submitted by a platform in one call, refused by the city, closed."""
        unit, promise = await self._apply(number)
        if number <= len(PROVINCES):
            await self._import(number, f"provincial:{PROVINCES[number - 1]}:factory", PROVINCES[number - 1])
        await self._refuse(number, promise)
        await self._closed(unit, promise)

    async def journey_to_the_list(self, number: int) -> None:
        """Another one: recommended by the city, approved by the ministry, published, listed in an edition."""
        unit, promise = await self._apply(number)
        city = self._desk(f"city-{number}", "shenzhen")
        ministry = self._desk(f"ministry-{number}", "miit")
        case = promise.submission_id

        async def recommend() -> None:
            await city.prepare(case)
            await city.recommend([case], self.campaign, f"推荐批次{number}")

        async def approve() -> None:
            await ministry.prepare(case)
            await ministry.decide(case, "pass", reason="审定通过")

        await _again(recommend)
        await _again(approve)
        until = datetime.fromisoformat((await ministry.publish(case))["until"])
        self.town.move_to(until)
        await self._closed(unit, promise)
        registrar = Registrar(self.official("lists-miit", "registrar", "miit"))
        await _again(lambda: registrar.publish_edition(NATIONAL, year=YEAR, document=f"名单通知{number}", expects=1))
        promise.listed = unit["name"]

    async def _apply(self, number: int) -> tuple[Json, Promise]:
        unit = {**data.units()["sz"], "name": f"测试{number:04d}号有限公司", "uscc": uscc("440306", number)}
        unit |= {"superior": "shenzhen", "region": "440306"}
        account = Account(f"a-{number}", "测试", ("applicant",), unit["name"], org=unit["uscc"])
        applicant = Applicant(self.speak(account), unit)
        unit_id = await applicant.register()
        return unit, await self._submit(number, unit, unit_id)

    async def _closed(self, unit: Json, promise: Promise) -> None:
        account = Account(f"c-{unit['uscc']}", "测试", ("applicant",), unit["name"], org=unit["uscc"])
        await self.speak(account).until(
            f"/intake/v1/submissions/{promise.submission_id}",
            lambda seen: seen["state"] == "closed",
            what="closed",
            seconds=PATIENCE,
        )
        promise.closed = True

    async def _submit(self, number: int, unit: Json, unit_id: str) -> Promise:
        partner = self.official(f"p-{number}", "partner", "shenzhen")
        evidence = []
        for slot in data.EVIDENCE:
            answer = await partner.send(
                "PUT", f"/intake/v1/evidence/units/{unit_id}", params={"name": f"{slot}.pdf"},
                content=data.pdf(f"{slot} {number}"), headers={"Content-Type": "application/pdf"},
            )  # fmt: skip
            evidence.append({"slot": slot, "evidence_id": answer.json()["id"]})
        body = {
            "campaign_id": self.campaign, "kind": "application", "unit_id": unit_id,
            "evidence": evidence, **data.content(unit),
        }  # fmt: skip
        key = uuid.uuid4().hex
        first = await self._known(partner, body, key)
        promise = Promise(unit_id, first["id"], key)
        self.ledger.submissions.append(promise)
        again = await partner.post("/intake/v1/partner/submissions", body, key=key)
        assert again["id"] == first["id"], "the same key, another submission"
        return promise

    async def _known(self, partner: Stubborn, body: Json, key: str) -> Json:
        try:
            answer: Json = await partner.post("/intake/v1/partner/submissions", body, key=key)
        except Refused as refused:
            raise AssertionError(f"{refused}: {refused.problem}") from refused
        return answer

    async def _import(self, number: int, list_id: str, authority: str) -> None:
        registrar = self.official(f"r-{authority}", "registrar", authority)
        names = [f"名单{authority}{n:02d}有限公司" for n in range(4)]
        entries = [{"name": name, "uscc": uscc("110105", 20_000 + number * 10 + n)} for n, name in enumerate(names)]
        body = {"year": 2024, "effective": "2024-12-20", "document": "测试名单", "entries": entries}
        await registrar.post(f"/registry/v1/lists/{list_id}/imports", body)
        self.ledger.imports[list_id] = names

    async def _refuse(self, number: int, promise: Promise) -> None:
        desk = self._desk(str(number), "shenzhen")
        why = {"reason": "先进性不足，暂不推荐。", "article": "工信厅节函〔2025〕390号 三"}
        await _again(lambda: desk.decide(promise.submission_id, "refuse", **why))
        promise.refused = True

    def _desk(self, number: str, authority: str) -> Desk:
        return Desk(
            self.official(f"rev-{number}", "reviewer", authority), self.official(f"app-{number}", "approver", authority)
        )

    def count_repeats(self) -> int:
        return sum(client.repeats for client in self._clients)


async def _again(act: Callable[[], Awaitable[Any]]) -> None:
    """What came in between (a sheet, a mark) is looked at, and the act done again."""
    end = time.monotonic() + PATIENCE
    while True:
        try:
            await act()
            return
        except Refused as refused:
            if refused.status != 412 or time.monotonic() > end:
                raise
