"""Every page and list over a country's worth of rows: the slowest 95th percentile of an address, in milliseconds.

Review holds 100,000 cases, the registry 30,000 listed units with 100,000 submissions of history. Each address is asked
for in the process, one request at a time, through the whole application: token or session, queries, template.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from bench.pairs import Result
from bench.servers import Servers
from gf_chassis.clock import Clock
from gf_chassis.identity import Principal, TokenVerifier
from gf_registry import api as registry_api
from gf_registry import bootstrap as registry_bootstrap
from gf_registry import settings as registry_settings
from gf_review import api as review_api
from gf_review import bootstrap as review_bootstrap
from gf_review import settings as review_settings
from tests.support.crowd import registry as registry_crowd
from tests.support.crowd import review as review_crowd

CASES, UNITS, HISTORY = 100_000, 30_000, 100_000
GOAL_MS = 100.0
ROUNDS = 20
#: Within the windows of the crowd's last campaign.
NOW = datetime(2025, 11, 20, 2, 0, tzinfo=UTC)

QUEUE = (
    "view=to_do", "view=all", "view=waiting", "view=closed", "view=all&sort=score", "view=all&sort=support",
    "view=all&sort=newest", "view=all&category=park&sort=score", "view=all&division=39&kind=benchmark",
    "view=all&key_industry=cement", "view=to_do&due=overdue", "view=all&assignee=nobody", "view=all&assignee=me",
    "view=all&q=绿源机械", "view=all&q=有限公司", "view=all&q=91500", "view=all&q=没有这样的单位",
)  # fmt: skip
REVIEW = ("/review/ui/batches", "/review/ui/publicities", "/review/v1/recommendations", "/review/v1/public/publicities")
LIST = "national:miit:factory"
REGISTRY = (
    "/registry/ui/", f"/registry/ui/lists/{LIST}", f"/registry/ui/lists/{LIST}?q=绿源",
    f"/registry/v1/public/lists/{LIST}",
    f"/registry/v1/public/lists/{LIST}?region=44&year=2024", f"/registry/v1/public/lists/{LIST}/editions",
    f"/registry/v1/public/lists/{LIST}?on=2024-06-01", "/registry/v1/public/lists",
)  # fmt: skip


class Anyone(TokenVerifier):
    """Tokens of the bench: the authority."""

    def __init__(self) -> None:
        pass

    async def verify(self, token: str) -> Principal:
        roles = frozenset({"approver", "reviewer"})
        return Principal(f"official0@{token}", "王明", roles, token, issuer="bench", expires_at=2**40)


async def bench(running: Servers, _pairs: int) -> Result:
    found: dict[str, float] = {}
    with TemporaryDirectory() as folder:
        async with await _review(running, Path(folder)) as http:
            for authority in ("miit", "cq", "gd.guangzhou.huangpu"):
                for query in QUEUE:
                    found[f"{authority} ui ?{query}"] = await _p95(http, f"/review/ui/?{query}", authority)
                    found[f"{authority} v1 ?{query}"] = await _p95(http, f"/review/v1/cases?{query}", authority)
                for address in REVIEW:
                    found[f"{authority} {address}"] = await _p95(http, address, authority)
        async with await _registry(running) as http:
            for address in REGISTRY:
                found[address] = await _p95(http, address, "miit")
    for address, ms in sorted(found.items(), key=lambda one: -one[1])[:10]:
        print(f"  {ms:8.1f} ms  {address}", flush=True)
    worst = max(found.values())
    print(f"  {len(found)} addresses, median {statistics.median(found.values()):.1f} ms", flush=True)
    addresses = [
        {"address": address, "ours": round(ms, 1), "reference": GOAL_MS, "ratio": round(ms / GOAL_MS, 3)}
        for address, ms in found.items()
    ]
    return Result(
        "pages_100k_p95", round(worst, 1), GOAL_MS, "ms", round(worst / GOAL_MS, 3), 1.0, addresses, better="less"
    )


async def _review(running: Servers, folder: Path) -> httpx.AsyncClient:
    database = await running.database("review")
    await review_crowd.fill(running.postgres.url(database.name), CASES)
    settings = review_settings.Settings(
        database_url=database.app_url, documents_dir=folder, issuer="bench", mode="compose", log_level="ERROR"
    )
    bootstrap = review_bootstrap.bootstrap(settings, clock=Clock(NOW - datetime.now(UTC)))
    return _client(review_api.create(bootstrap, verifier=Anyone()))


async def _registry(running: Servers) -> httpx.AsyncClient:
    database = await running.database("registry")
    await registry_crowd.fill(running.postgres.url(database.name), UNITS, HISTORY)
    settings = registry_settings.Settings(
        database_url=database.app_url, issuer="bench", mode="compose", log_level="ERROR"
    )
    bootstrap = registry_bootstrap.bootstrap(settings, clock=Clock(NOW - datetime.now(UTC)))
    return _client(registry_api.create(bootstrap, verifier=Anyone()))


def _client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)
    client = httpx.AsyncClient(transport=transport, base_url="http://bench", timeout=60)
    client.app = app  # type: ignore[attr-defined]
    return client


async def _p95(http: Any, address: str, authority: str) -> float:
    """After one request that warms up; anything but 200 is an error."""
    headers = {"Authorization": f"Bearer {authority}", "Cookie": _session(http.app, authority)}
    taken = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        answer = await http.get(address, headers=headers)
        taken.append((time.perf_counter() - start) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.status_code} {answer.text[:500]}")
    return statistics.quantiles(taken[1:], n=20)[-1]


def _session(app: FastAPI, authority: str) -> str:
    """The cookie of somebody who has signed in."""
    person: Mapping[str, Any] = {
        "sub": f"official0@{authority}", "name": "王明", "roles": ["approver", "reviewer"], "authority": authority,
        "org": "",
    }  # fmt: skip
    scope = {"type": "http", "headers": [], "scheme": "http", "server": ("bench", 80), "path": "/"}
    response = Response()
    cookies = app.state.pages.login.cookies
    cookies.write(Request(scope), response, "session", {"p": person, "csrf": "c" * 24}, 86_400)
    return str(response.headers["set-cookie"]).partition(";")[0]
