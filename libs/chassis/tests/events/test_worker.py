"""The worker as a process of its own: which parts run, what it says of itself, how it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gf_chassis import gauges, metrics, worker
from gf_chassis.clock import Clock
from gf_chassis.consumer import Event, Subscription
from gf_chassis.database import Database, UnitOfWork
from gf_chassis.health import health_app
from gf_chassis.progress import ProgressWatch, watch
from gf_chassis.runtime import ServiceRuntime
from gf_chassis.settings import ServiceSettings, kafka_security

if TYPE_CHECKING:  # with every driver; only two of these tests have a world
    from .world import World


def sample(name: str, **labels: str) -> float | None:
    """A value as Prometheus would read it."""
    for family in text_string_to_metric_families(metrics.exposition()[0].decode()):
        for one in family.samples:
            if one.name == name and one.labels == labels:
                return one.value
    return None


def runtime(name: str, **settings: Any) -> ServiceRuntime:
    async def tick(now: Any) -> None:
        return None

    values = {"service": name, "database_url": "postgresql://x@127.0.0.1:1/x", **settings}
    made = ServiceSettings(**values)
    groups = (Subscription("a.one", "process", ("maker.x",)), Subscription("a.two", "projection", ("maker.y",)))
    return ServiceRuntime(name, made, Database(made.database, Clock()), Clock(), groups, [tick])


def test_the_parts_of_a_worker_are_chosen_by_name() -> None:
    everything = ("relay", "consumer:a.one", "consumer:a.two", "ticks", "housekeeping", "seals", "gauges")
    assert worker.part_names(runtime("parts-a")) == everything
    assert worker._chosen(runtime("parts-a")) == set(everything)
    assert worker._chosen(runtime("parts-a", worker_parts="relay, consumer:a.two")) == {"relay", "consumer:a.two"}
    with pytest.raises(ValueError, match=r"no consumer:a\.three; there are: relay, consumer:a\.one"):
        worker._chosen(runtime("parts-a", worker_parts="consumer:a.three"))


def test_a_loop_without_a_sign_is_hung_but_not_one_that_waits() -> None:
    now = [time.monotonic()]
    progress = ProgressWatch(lambda: now[0])
    for name in ("silent", "waiting", "stopped", "busy"):
        progress.part(name)
    now[0] += 100
    progress.part("waiting").struggle("the database is away")
    progress.part("waiting").last_sign = now[0]
    progress.part("busy").step()
    progress.part("busy").last_sign = now[0]
    progress.part("stopped").stopped = "too many held events"
    assert progress.hung(60) == {"silent": "no sign for 100 s"}
    assert progress.hung(200) == {}


async def test_a_hung_loop_fails_liveness_and_trouble_only_readiness() -> None:
    made = runtime("live-a", stuck_after_seconds=1)
    part = watch("live-a").part("relay")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(health_app("live-a", made)), base_url="http://t"
    ) as http:
        assert (await http.get("/live-a/healthz")).status_code == 200
        part.last_step -= 10
        assert "no step" in (await http.get("/live-a/readyz")).json()["checks"]["readers"]
        assert (await http.get("/live-a/healthz")).status_code == 200
        part.last_sign -= 10
        answer = await http.get("/live-a/healthz")
        assert (answer.status_code, answer.json()["parts"]) == (503, {"relay": "no sign for 10 s"})
        part.struggle("the broker is away")
        assert (await http.get("/live-a/healthz")).status_code == 200
    watch("live-a").forget("relay")


async def test_a_worker_that_ends_is_not_ready_but_alive() -> None:
    made = runtime("ends-a", worker_parts="housekeeping")
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run_worker(made, stop=stop))
    await asyncio.sleep(0.2)
    assert not made.draining
    stop.set()
    await asyncio.wait_for(running, 10)
    assert made.draining


def test_what_a_part_does_is_told_as_metrics() -> None:
    part = watch("tell-a").part("consumer:a.one")
    part.count("applied", 3)
    part.last_age = 1.5
    part.stopped = "too many held events"
    assert sample("gf_events_consumed_total", service="tell-a", group="a.one", result="applied") == 3
    assert sample("gf_consumer_age_seconds", service="tell-a", group="a.one") == 1.5
    assert sample("gf_part_stopped", service="tell-a", part="consumer:a.one") == 1
    assert (sample("gf_part_silent_seconds", service="tell-a", part="consumer:a.one") or 0) < 60
    assert sample("gf_consumer_lag_records", service="tell-a", group="a.one") is None
    watch("tell-a").forget("consumer:a.one")


@pytest.mark.db
async def test_the_relays_lag_comes_from_the_journal(make_world: Callable[..., Awaitable[World]]) -> None:
    world = await make_world("journal")
    settings = ServiceSettings(service="maker", database_url=world.maker.app_url)
    made = ServiceRuntime("maker", settings, Database(settings.database, Clock()), Clock())

    async def lag() -> float:
        await gauges.look(made)
        return sample("gf_relay_lag_seconds", service="maker") or 0.0

    assert await lag() == 0
    await world.emit("a", 1)
    await asyncio.sleep(0.3)
    await world.emit("b", 1)
    assert 0.3 <= await lag() < 10
    # The relay has done the first row of an open window, then the whole window.
    first, last, xid = await world.owner.fetchrow("select min(id), max(id), max(xid)::text::bigint from journal")
    await world.owner.execute(
        "insert into relay_cursor (name, lo, hi, last_id, max_id, system_id) values ('kafka', 0, $1, $2, $3, '')",
        xid + 1, first, last,
    )  # fmt: skip
    assert await lag() < 0.3
    assert await lag() > 0
    await world.owner.execute("update relay_cursor set last_id = max_id")
    assert await lag() == 0
    await made.database.close()


@pytest.mark.db
async def test_held_keys_are_counted_and_uncounted(make_world: Callable[..., Awaitable[World]]) -> None:
    world = await make_world("journal")

    async def fussy(uow: UnitOfWork, event: Event) -> None:
        raise ValueError("never")

    mine = world.subscription(fussy, group="taker.count")
    settings = ServiceSettings(service="taker", database_url=world.taker.app_url)
    made = ServiceRuntime("taker", settings, Database(settings.database, Clock()), Clock(), (mine,))
    await gauges.look(made)
    assert sample("gf_held_keys", service="taker", group="taker.count") == 0
    world.start(mine)
    await world.emit("a", 1)
    await world.emit("a", 2)

    async def two() -> bool:
        return len(await world.rows("select 1 from held_event where state = 'held'")) == 2

    await world.until(two, "two held")
    await gauges.look(made)
    assert sample("gf_held_keys", service="taker", group="taker.count") == 1
    await made.database.close()


def test_how_the_broker_is_spoken_to() -> None:
    assert kafka_security("PLAINTEXT", username="x", password="y") == {}
    sasl = kafka_security("SASL_PLAINTEXT", mechanism="SCRAM-SHA-512", username="u", password="p")
    assert sasl == {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": "u",
        "sasl_plain_password": "p",
    }
    assert kafka_security("SSL").keys() == {"security_protocol", "ssl_context"}
    settings = ServiceSettings(kafka_protocol="SASL_PLAINTEXT", kafka_username="u", kafka_password="p", ca_file="")
    assert settings.kafka_security == sasl
    assert settings.redacted()["kafka_password"] == "***"
