"""Every commit, acknowledgement and publish edge, killed with SIGKILL while clients go on.

``GF_FAULT_ROUNDS`` says how often each point is killed: 3 times in ``make test``, 20 in ``make test-faults``.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from gf_chassis import crashpoints, topics
from tests.faults.checker import Checker
from tests.faults.load import Issuer, Load, Router
from tests.faults.town import SERVICES, Town
from tests.support.kafka import KafkaServer

pytestmark = [pytest.mark.faults, pytest.mark.db, pytest.mark.kafka]

#: Who meets the edge while it does its work. A point that is missing here fails the suite.
WHERE: dict[str, tuple[str, ...]] = {
    "uow.before_commit": ("intake", "registry", "review", "notify", "scoring"),
    "uow.after_commit": ("review", "intake", "registry", "scoring", "notify"),
    "batcher.before_commit": ("intake",),
    "batcher.after_commit": ("intake",),
    "http.after_commit_before_answer": ("review", "intake", "registry"),
    "relay.before_publish": ("scoring", "registry", "review", "intake"),
    "relay.after_ack": ("registry", "scoring", "intake", "review"),
    "relay.after_mark": ("scoring", "review", "registry", "intake"),
    "consumer.before_commit": ("notify", "scoring", "review", "registry", "intake"),
    "consumer.after_commit": ("scoring", "notify", "registry", "review", "intake"),
    "consumer.after_offsets": ("notify", "review", "scoring", "registry", "intake"),
}
PARTITIONS = 4
#: Each lets the days of a publicity pass; the windows of the campaign hold as long as these.
LISTINGS = 10


def test_every_crash_point_is_killed_here() -> None:
    assert set(WHERE) == set(crashpoints.POINTS)


@pytest.fixture
async def town(
    service_database: Callable[..., Awaitable[Any]], kafka: KafkaServer, tmp_path: Path
) -> AsyncIterator[tuple[Town, Load, dict[str, Any]]]:
    await _fresh_topics(kafka.bootstrap)
    databases = {service: await service_database(service) for service in SERVICES}
    issuer = Issuer()
    town = Town.build(tmp_path, databases, kafka.bootstrap, issuer.url, issuer.jwks_url)
    try:
        async with httpx.AsyncClient(base_url="http://127.0.0.1:1", transport=Router(town), timeout=20) as http:
            yield town, Load(town, issuer, http), databases
    finally:
        await town.close()
        issuer.close()


async def _fresh_topics(bootstrap: str) -> None:
    """The contracts' topics, empty: a broker by address may still hold those of an earlier run."""
    planned = [topics.TopicPlan(one.name, PARTITIONS) for one in topics.planned()]
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        there = set(await admin.list_topics()) & {one.name for one in planned}
        if there:
            await admin.delete_topics(sorted(there))
            for _ in range(100):
                if not set(await admin.list_topics()) & there:
                    break
                await asyncio.sleep(0.2)
    finally:
        await admin.close()
    await topics.ensure(bootstrap, planned)


@pytest.mark.timeout(3600)
async def test_nothing_accepted_is_lost_and_nothing_takes_effect_twice(
    town: tuple[Town, Load, dict[str, Any]], kafka: KafkaServer
) -> None:
    place, load, databases = town
    rounds = int(os.environ.get("GF_FAULT_ROUNDS", "3"))
    await place.start()
    await load.open_campaign()
    for number in range(rounds):
        for point, services in WHERE.items():
            place.arm(services[number % len(services)], point)
    for service in SERVICES:
        # Unarmed until now: one death at any moment, and the first order is in force.
        place.kill(service)

    await _work(place, load, until=lambda: place.orders_left == 0, seconds=rounds * 120)
    assert {point: place.kills[point] for point in WHERE if place.kills[point] < rounds} == {}, place.tails()
    await _work(place, load, until=lambda: True, seconds=120)  # one journey of each kind in peace
    await _settled(databases, kafka.bootstrap)

    registry = f"http://127.0.0.1:{place.inhabitants['registry'].port}"
    checker = Checker({name: one.owner_url for name, one in databases.items()}, kafka.bootstrap, registry)
    problems = await checker.check(load.ledger)
    assert problems == [], "\n".join(problems) + "\n" + place.tails()
    assert checker.seen["submissions"] >= 3
    assert checker.seen["listed"] > 0
    assert sum(bool(one.listed) for one in load.ledger.submissions) >= 2
    await place.close()
    ordered = [accident for accident in place.accidents if "-9 (not armed)" not in accident]
    assert ordered == [], place.tails()
    print(f"kills {dict(place.kills)}; repeats {load.count_repeats()}; looked at {dict(checker.seen)}")


async def _work(place: Town, load: Load, *, until: Callable[[], bool], seconds: float) -> None:
    """Journeys, three at a time, until the orders are carried out; every journey that began is finished."""
    end = time.monotonic() + seconds
    numbers = iter(range(len(load.ledger.submissions) + 1, 10_000))

    async def worker(journey: Callable[[int], Awaitable[None]], most: int) -> None:
        for _ in range(most):
            await journey(next(numbers))
            if until():
                return
            assert time.monotonic() < end, f"{place.orders_left} orders left: {_orders(place)}\n{place.tails()}"

    try:
        await asyncio.gather(
            worker(load.journey, 10_000), worker(load.journey, 10_000), worker(load.journey_to_the_list, LISTINGS)
        )
    except BaseException:
        print(place.tails())
        raise


def _orders(place: Town) -> dict[str, list[str]]:
    return {name: [one.point, *one.armed] for name, one in place.inhabitants.items()}


async def _settled(databases: dict[str, Any], bootstrap: str, seconds: float = 90) -> None:
    """Until no service has anything left to do: journals and positions stand still."""
    end = time.monotonic() + seconds
    last: Any = None
    quiet = 0
    while quiet < 4 and time.monotonic() < end:
        now = []
        for database in databases.values():
            connection = await asyncpg.connect(database.owner_url)
            now.append(await connection.fetchval("select count(*) from journal"))
            now.append(await connection.fetchval("select coalesce(sum(number), 0) from position"))
            now.append(await connection.fetchval("select coalesce(max(last_id), 0) from relay_cursor"))
            await connection.close()
        quiet = quiet + 1 if now == last else 0
        last = now
        await asyncio.sleep(0.5)
