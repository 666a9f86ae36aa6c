"""Every page and list over a country's worth of rows, in milliseconds: 95 of 100 requests answer within 100 ms.

Review holds 100,000 cases, intake 100,000 submissions, the registry 30,000 listed units with 100,000 submissions of
history. Each address is asked for in the process, one request at a time, through the whole application: token or
session, queries, template.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from bench.pairs import Result
from bench.servers import Servers
from gf_chassis.clock import Clock
from gf_chassis.identity import Principal, TokenVerifier
from gf_intake import api as intake_api
from gf_intake import bootstrap as intake_bootstrap
from gf_intake import settings as intake_settings
from gf_registry import api as registry_api
from gf_registry import bootstrap as registry_bootstrap
from gf_registry import settings as registry_settings
from gf_review import api as review_api
from gf_review import bootstrap as review_bootstrap
from gf_review import settings as review_settings
from tests.support.crowd import intake as intake_crowd
from tests.support.crowd import registry as registry_crowd
from tests.support.crowd import review as review_crowd

CASES, UNITS, HISTORY, SUBMISSIONS = 100_000, 30_000, 100_000, 100_000
GOAL_MS = 100.0
#: Each pass goes through all addresses: one request that warms up, then the ones that count. What disturbs the machine
#: for seconds meets one pass of an address, not all of its requests.
PASSES, EACH = 4, 10
#: Within the windows of the crowd's last campaign.
NOW = datetime(2025, 11, 20, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Who:
    """Somebody who asks; the token says all about him."""

    authority: str = ""
    roles: tuple[str, ...] = ("approver", "reviewer", "registrar")
    org: str = ""

    @property
    def token(self) -> str:
        return "|".join((self.authority, ",".join(self.roles), self.org))

    @classmethod
    def of(cls, token: str) -> Who:
        authority, roles, org = token.split("|")
        return cls(authority, tuple(roles.split(",")), org)

    @property
    def subject(self) -> str:
        return f"official0@{self.authority}"

    def __str__(self) -> str:
        return self.authority or "applicant"


MIIT, CQ, GD, COUNTY = Who("miit"), Who("cq"), Who("gd"), Who("gd.guangzhou.huangpu")
QUEUE = (
    "view=to_do", "view=all", "view=waiting", "view=closed", "view=all&sort=score", "view=all&sort=support",
    "view=all&sort=newest", "view=all&category=park&sort=score", "view=all&division=39&kind=benchmark",
    "view=all&key_industry=cement", "view=to_do&due=overdue", "view=all&assignee=nobody", "view=all&assignee=me",
    "view=all&q=绿源机械", "view=all&q=有限公司", "view=all&q=91500", "view=all&q=没有这样的单位",
)  # fmt: skip
REVIEW = (
    "/review/ui/batches", "/review/ui/publicities", "/review/v1/recommendations", "/review/v1/publicities",
    "/review/v1/public/publicities", "/review/v1/officials",
)  # fmt: skip
LIST, DRAFTED = "national:miit:factory", "provincial:gd:factory"
PUBLIC = (
    "/registry/ui/", f"/registry/ui/lists/{LIST}", f"/registry/ui/lists/{LIST}?q=绿源",
    f"/registry/ui/lists/{LIST}?q=有限公司", f"/registry/ui/lists/{LIST}?on=2024-06-01",
    f"/registry/v1/public/lists/{LIST}", f"/registry/v1/public/lists/{LIST}?q=没有这样的单位",
    f"/registry/v1/public/lists/{LIST}?q=LTD", f"/registry/v1/public/lists/{LIST}?region=44&year=2024",
    f"/registry/v1/public/lists/{LIST}?on=2024-06-01", f"/registry/v1/public/lists/{LIST}/editions",
    "/registry/v1/public/lists", "/registry/v1/public/statistics?authority=cq",
    "/registry/v1/public/statistics?authority=cq&by=6&on=2024-06-01", "/registry/v1/public/statistics?authority=miit",
)  # fmt: skip
ATTENTION = (
    "/registry/ui/dynamic", f"/registry/ui/lists/{LIST}/dynamic", f"/registry/ui/lists/{LIST}/dynamic?year=2022",
    f"/registry/v1/lists/{LIST}/attention",
)  # fmt: skip
EDITIONS = (
    "/registry/ui/desk",
    f"/registry/ui/lists/{DRAFTED}/edition",
    f"/registry/v1/lists/{DRAFTED}/pending",
)
#: Files of thousands of lines are no pages. Printed, not judged.
FILES = (
    (f"/registry/v1/public/lists/{LIST}/export.csv", MIIT), (f"/registry/v1/public/lists/{LIST}/export.xlsx", MIIT),
    (f"/registry/ui/lists/{LIST}/dynamic/warned.csv", MIIT), (f"/registry/ui/lists/{LIST}/dynamic/warned.xlsx", MIIT),
    (f"/registry/ui/lists/{LIST}/dynamic/due.csv", MIIT), (f"/registry/ui/lists/{DRAFTED}/edition/changes.csv", GD),
)  # fmt: skip


class Anyone(TokenVerifier):
    """Tokens of the bench."""

    def __init__(self) -> None:
        pass

    async def verify(self, token: str) -> Principal:
        who = Who.of(token)
        roles = frozenset(who.roles)
        return Principal(
            who.subject, "王明", roles, who.authority, org=who.org, issuer="bench", expires_at=2**40
        )  # fmt: skip


@dataclass
class Address:
    http: httpx.AsyncClient
    path: str
    who: Who
    taken: list[float] = field(default_factory=list)

    @property
    def name(self) -> str:
        return f"{self.who} {self.path}"

    @property
    def p95(self) -> float:
        return statistics.quantiles(self.taken, n=20)[-1]

    async def ask(self, times: int) -> list[float]:
        """After one request that warms up; anything but 200 is an error."""
        headers = {"Authorization": f"Bearer {self.who.token}", "Cookie": _session(self.http.app, self.who)}  # type: ignore[attr-defined]
        taken = []
        for _ in range(times + 1):
            start = time.perf_counter()
            answer = await self.http.get(self.path, headers=headers)
            taken.append((time.perf_counter() - start) * 1000)
            if answer.status_code != 200:
                raise RuntimeError(f"{self.name}: {answer.status_code} {answer.text[:500]}")
        return taken[1:]


async def bench(running: Servers, _pairs: int) -> Result:
    with TemporaryDirectory() as folder:
        addresses, files = await prepare(running, Path(folder))
        for _ in range(PASSES):
            for one in addresses:
                one.taken += await one.ask(EACH)
        for one in files:
            print(
                f"  {statistics.median(await one.ask(3)):8.1f} ms  {one.path} (a file, whole; not judged)", flush=True
            )
    return judged(addresses)


def judged(addresses: Sequence[Address]) -> Result:
    """The 95th percentile of all requests; each address with its own beside it."""
    every = [ms for one in addresses for ms in one.taken]
    slowest = sorted(addresses, key=lambda one: -one.p95)
    for one in slowest[:10]:
        print(f"  {one.p95:8.1f} ms  {one.name}", flush=True)
    over = sum(one.p95 >= GOAL_MS for one in addresses)
    print(
        f"  {len(addresses)} addresses, {len(every)} requests: median {statistics.median(every):.1f} ms,"
        f" {over} addresses with a p95 of their own over {GOAL_MS:.0f} ms", flush=True,
    )  # fmt: skip
    rows: list[dict[str, float | str]] = [
        {"address": one.name, "ours": round(one.p95, 1), "reference": GOAL_MS, "ratio": round(one.p95 / GOAL_MS, 3)}
        for one in addresses
    ]
    p95 = statistics.quantiles(every, n=20)[-1]
    return Result("pages_100k_p95", round(p95, 1), GOAL_MS, "ms", round(p95 / GOAL_MS, 3), 1.0, rows, better="less")


async def prepare(running: Servers, folder: Path) -> tuple[list[Address], list[Address]]:
    """The databases filled; the addresses that are judged, and the files."""
    review = await running.database("review")
    await review_crowd.fill(running.postgres.url(review.name), CASES)
    registry = await running.database("registry")
    await registry_crowd.fill(running.postgres.url(registry.name), UNITS, HISTORY)
    intake = await running.database("intake")
    await intake_crowd.fill(running.postgres.url(intake.name), SUBMISSIONS)
    urls = {"review": review.app_url, "registry": registry.app_url, "intake": intake.app_url}
    return await addresses_of(urls, folder)


async def addresses_of(urls: Mapping[str, str], folder: Path) -> tuple[list[Address], list[Address]]:
    """Of services over databases that are filled."""
    reviewed, listed, taken_in = _review(urls["review"], folder), _registry(urls["registry"]), _intake(urls["intake"])
    found = [Address(reviewed, path, who) for path, who in await _of_review(urls["review"])]
    found += [Address(listed, path, who) for path, who in await _of_registry(urls["registry"])]
    found += [Address(taken_in, path, who) for path, who in await _of_intake(urls["intake"])]
    return found, [Address(listed, path, who) for path, who in FILES]


async def _of_review(url: str) -> list[tuple[str, Who]]:
    found = []
    for who in (MIIT, CQ, GD, COUNTY):
        for query in QUEUE:
            found += [(f"/review/ui/?{query}", who), (f"/review/v1/cases?{query}", who)]
        found += [(path, who) for path in REVIEW]
    # A frequent word that hardly anybody of the province has.
    found += [("/review/ui/?view=all&q=重庆", GD), ("/review/v1/cases?view=all&q=重庆", GD)]
    case = await _one(url, "select submission_id from queue_entry where authority = 'cq' and view = 'to_do' limit 1")
    batch = await _one(url, "select id from recommendation where authority = 'cq' order by id limit 1")
    publicity = await _one(url, "select id from publicity where authority = 'cq' order by id limit 1")
    for name, id_ in (("cases", case), ("recommendations", batch), ("publicities", publicity)):
        page = "batches" if name == "recommendations" else name
        found += [(f"/review/ui/{page}/{id_}", CQ), (f"/review/v1/{name}/{id_}", CQ)]
    return found


async def _of_registry(url: str) -> list[tuple[str, Who]]:
    unit = await _one(url, f"select unit_id from membership where list_id = '{LIST}' order by id limit 1")
    edition = await _one(url, f"select id from edition where list_id = '{LIST}' order by number limit 1")
    found = [(path, MIIT) for path in PUBLIC]
    found += [(f"/registry/ui/units/{unit}", MIIT), (f"/registry/v1/public/units/{unit}", MIIT)]
    found += [(f"/registry/v1/public/editions/{edition}", MIIT)]
    found += [(f"/registry/ui/units/{unit}/standing", MIIT), (f"/registry/v1/units/{unit}/standing", MIIT)]
    found += [(path, who) for who in (MIIT, CQ) for path in ATTENTION]
    return found + [(path, GD) for path in EDITIONS]


async def _of_intake(url: str) -> list[tuple[str, Who]]:
    uscc = await _one(url, "select uscc from unit order by id limit 1")
    ids = f"select s.id from submission s join unit u on u.id = s.unit_id where u.uscc = '{uscc}'"
    submission = await _one(url, f"{ids} and s.state = 'closed' and s.kind = 'application' order by s.id limit 1")
    unit = await _one(url, f"select id from unit where uscc = '{uscc}' order by id limit 1")
    applicant = Who(roles=("applicant",), org=uscc)
    found = [(path, applicant) for path in (
        "/intake/ui/", "/intake/ui/campaigns", "/intake/ui/units", f"/intake/ui/units/{unit}",
        f"/intake/ui/submissions/{submission}", "/intake/v1/submissions", f"/intake/v1/submissions/{submission}",
    )]  # fmt: skip
    partner = Who("cq", ("partner",))
    campaign = await _one(url, "select id from campaign order by id limit 1")
    steward = Who("miit", ("steward",))
    found += [(f"/intake/ui/steward{path}", steward) for path in ("", "/new", f"/{campaign}")]
    lists = ("", "?state=closed", "?state=draft", "?campaign_id=01900000-0000-7000-8000-000000002025")
    return found + [(f"/intake/v1/submissions{query}", who) for who in (MIIT, CQ, COUNTY, partner) for query in lists]


async def _one(url: str, sql: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def _review(url: str, folder: Path) -> httpx.AsyncClient:
    settings = review_settings.Settings(
        database_url=url, documents_dir=folder, issuer="bench", mode="compose", log_level="ERROR"
    )
    bootstrap = review_bootstrap.bootstrap(settings, clock=Clock(NOW - datetime.now(UTC)))
    return _client(review_api.create(bootstrap, verifier=Anyone()))


def _registry(url: str) -> httpx.AsyncClient:
    settings = registry_settings.Settings(database_url=url, issuer="bench", mode="compose", log_level="ERROR")
    bootstrap = registry_bootstrap.bootstrap(settings, clock=Clock(NOW - datetime.now(UTC)))
    return _client(registry_api.create(bootstrap, verifier=Anyone()))


def _intake(url: str) -> httpx.AsyncClient:
    settings = intake_settings.Settings(database_url=url, issuer="bench", mode="compose", log_level="ERROR")
    bootstrap = intake_bootstrap.bootstrap(settings, clock=Clock(NOW - datetime.now(UTC)))
    return _client(intake_api.create(bootstrap, verifier=Anyone()))


def _client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)
    client = httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=60)
    client.app = app  # type: ignore[attr-defined]
    return client


def _session(app: FastAPI, who: Who) -> str:
    """The cookie of somebody who has signed in."""
    person: Mapping[str, Any] = {
        "sub": who.subject, "name": "王明", "roles": list(who.roles), "authority": who.authority, "org": who.org,
    }  # fmt: skip
    scope = {"type": "http", "headers": [], "scheme": "http", "server": ("bench", 80), "path": "/"}
    response = Response()
    cookies = app.state.pages.login.cookies
    cookies.write(Request(scope), response, "session", {"p": person, "csrf": "c" * 24}, 86_400)
    return str(response.headers["set-cookie"]).partition(";")[0]
