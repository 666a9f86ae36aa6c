"""The five routes to the national list through the whole installation, while the broker dies, workers come and
PostgreSQL restarts; then a checker looks for anything lost and anything that took effect twice.

A compose installation has no clock that can be moved. The campaign's dates are extended on the record, as an authority
would; for the days of the publicity the clock of the database server is moved, which decides all deadlines.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from gf_standalone.demo import data
from gf_standalone.demo.acts import Steward, etag
from gf_standalone.demo.story import LEVELS, NAME, NATIONAL, POLICY, ROUTES, YEAR, Story
from tests.compose.checker import StackChecker
from tests.compose.people import Company, Keycloak
from tests.compose.stack import PROCESSES, SERVICES, ServerClock, Stack
from tests.faults.load import Load

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]
ACTS = ("submit", "decide:county", "decide:city", "decide:province", "decide:group", "decide:ministry")
EXTENSION = "关于延长2025年度推荐审核时间的通知（测试）"
#: Factories of Shenzhen that go their own short way beside the story, all the time. From the third on: the story keeps
#: the lists of the first two provinces.
JOURNEYS = range(3, 9)


class Teller:
    """Tells the story once; nothing is kept for another start."""

    async def step(self, name: str, line: str, work: Callable[[], Awaitable[Any]]) -> Any:
        print(f"  {time.strftime('%H:%M:%S')} {line}", flush=True)
        return await work()


class Season(Story):
    """The demonstration's story, told today: its campaign's dates lie in the past and are extended first."""

    async def prologue(self) -> None:
        await asyncio.gather(*(self._import(listed) for listed in data.lists()))
        steward = self.cast.steward("miit")
        body = {
            "name": NAME, "year": YEAR, "policy": POLICY, "categories": ["factory", "park"],
            "kinds": ["application", "benchmark"], "renewal_document": EXTENSION,
        }  # fmt: skip
        made = await steward.client.post("/intake/v1/campaigns", body)
        self.campaign = made["id"]
        until = (self.clock.now() + timedelta(days=90)).date()
        for act in ACTS:
            await steward.extend(self.campaign, act, until, EXTENSION)
        for act in ("submit", "decide:county"):
            await self.cast.steward("cq").extend(self.campaign, act, until, EXTENSION)
        now = await steward.client.get(f"/intake/v1/campaigns/{self.campaign}")
        path = f"/intake/v1/campaigns/{self.campaign}/open"
        await steward.client.post(path, {"renewal_document": EXTENSION}, match=etag(now["version"]))
        await Steward(steward.client).publish_benchmarks(self.campaign, data.benchmarks())


@pytest.fixture
async def load(http: httpx.AsyncClient, keycloak: Keycloak) -> Load:
    return Load(town=None, issuer=keycloak, http=http)  # type: ignore[arg-type]


async def test_nothing_is_lost_and_nothing_happens_twice(
    stack: Stack, company: Company, clock: ServerClock, load: Load
) -> None:
    season = Season(company, clock, Teller())  # type: ignore[arg-type]
    await season.prologue()
    load.campaign = season.campaign
    await asyncio.gather(*(season._register(name) for name in data.units()))
    # Chongqing takes units of its list only: the news of the list has arrived when this one is admitted.
    await season._apply("cq")
    beside = asyncio.create_task(journeys(load))
    await the_broker_dies_while_people_apply(stack, season)
    (_, county), (_, city), (_, province) = LEVELS
    await level(season, county)
    scaling = asyncio.create_task(asyncio.to_thread(scale, stack, "scoring-worker", 2))
    await level(season, city)
    await scaling
    restart = asyncio.create_task(asyncio.to_thread(stack.compose, "restart", "-t", "30", "postgres"))
    await level(season, province)
    await restart
    await season.ministry()
    await season.lists()
    await beside

    names = {data.units()[name]["name"]: season.cases[name] for name in ROUTES}
    assert set(names) <= await listed(company.http, clock)
    checker = StackChecker({service: stack.database(service) for service in SERVICES}, stack.kafka, stack.url)
    await settled(stack, checker)
    await checker.check(load.ledger)
    await checker.story(season.cases, names)
    print(f"  repeated requests: {load.count_repeats()}; looked at: {dict(checker.seen)}")
    assert checker.problems == []
    assert checker.seen["memberships"] == len(ROUTES)
    assert checker.seen["submissions"] >= len(JOURNEYS)


async def listed(http: httpx.AsyncClient, clock: ServerClock) -> set[str]:
    """The public national list on the day that the database server has reached."""
    names: set[str] = set()
    params = {"limit": 200, "on": clock.now().date().isoformat()}
    while True:
        answer = await http.get(f"/registry/v1/public/lists/{NATIONAL}", params=params)
        page = answer.raise_for_status().json()
        names |= {item["name"] for item in page["items"]}
        if page["next"] is None:
            return names
        params["cursor"] = page["next"]


async def level(season: Season, sent: Any) -> None:
    await asyncio.gather(*(season.level(desk, names) for desk, names in sent))


async def journeys(load: Load) -> None:
    """Two at a time: enough that something is always under way."""
    numbers = iter(JOURNEYS)

    async def one_after_another() -> None:
        for number in numbers:
            await load.journey(number)

    await asyncio.gather(one_after_another(), one_after_another())


async def the_broker_dies_while_people_apply(stack: Stack, season: Season) -> None:
    """Admission does not need the broker: a 2xx is durable without it, and arrives when it is back."""
    await asyncio.to_thread(stack.compose, "kill", "kafka")
    others = [name for name in data.units() if name != "cq"]
    await asyncio.gather(*(season._apply(name) for name in others))
    began = time.monotonic()
    await asyncio.to_thread(stack.compose, "start", "kafka")
    await asyncio.to_thread(stack.await_healthy, "kafka")
    healthy = time.monotonic() - began
    await asyncio.gather(*(season.cast.desk(_first_desk(name)).case(season.cases[name]) for name in others))
    print(f"  the broker was healthy after {healthy:.0f} s, all applications at their desks after "
          f"{time.monotonic() - began:.0f} s")  # fmt: skip


def _first_desk(name: str) -> str:
    return {"cq": "yubei", "sixth": "yubei", "gz": "huangpu"}.get(name, name)


def scale(stack: Stack, process: str, count: int) -> None:
    stack.compose("up", "-d", "--no-deps", "--no-recreate", "--scale", f"{process}={count}", process)
    stack.await_healthy(process)
    assert len(stack.containers(process)) == count


async def settled(stack: Stack, checker: StackChecker) -> None:
    """Until every journal is published and read, by the services' own word: lag nought everywhere."""
    end = time.monotonic() + 120
    while True:
        trial = StackChecker(checker.urls, checker.bootstrap, checker.registry)
        await trial._everything_was_consumed(*await _spine(trial))
        if not trial.problems:
            return
        if time.monotonic() > end:
            raise AssertionError(trial.problems)
        await asyncio.sleep(2)


async def _spine(checker: StackChecker) -> Any:
    from tests.faults.checker import _topics

    topics = _topics()
    return topics, await checker._topics_equal_journals(topics)


async def test_two_workers_share_the_partitions(stack: Stack) -> None:
    """After the season above: both scoring workers are members of the group, and each has partitions."""
    tool = "unset KAFKA_HEAP_OPTS; /opt/kafka/bin/kafka-consumer-groups.sh --bootstrap-server kafka:9092"
    command = f"{tool} --describe --all-groups --members"
    said = await asyncio.to_thread(stack.compose, "exec", "-T", "kafka", "bash", "-c", command)
    rows = [line.split() for line in said.splitlines() if line.startswith("scoring")]
    assert len(rows) >= 2, said
    assert all(int(row[-1]) > 0 for row in rows), said


async def test_everything_stops_in_order_and_comes_back_with_its_data(
    stack: Stack, http: httpx.AsyncClient, clock: ServerClock
) -> None:
    """SIGTERM: each process finishes what it has and ends by itself, in time; `up` again finds everything."""
    before = await listed(http, clock)
    await asyncio.to_thread(stack.compose, "stop", *PROCESSES)
    codes = await asyncio.to_thread(stack.exit_codes, *PROCESSES)
    assert codes == dict.fromkeys(PROCESSES, 0)
    await asyncio.to_thread(stack.compose, "stop")
    await asyncio.to_thread(stack.up)
    assert await listed(http, clock) == before
    assert {data.units()[name]["name"] for name in ROUTES} <= before
