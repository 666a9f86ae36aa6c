"""A database that was set back to an older state: its groups read again, nothing is lost and nothing comes twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions

from gf_chassis import cli, rewind, topics
from gf_chassis.clock import Clock
from gf_chassis.consumer import Subscription
from gf_chassis.database import Database
from gf_chassis.errors import Conflict
from gf_chassis.partitioning import partition_of
from gf_chassis.settings import DatabaseSettings, ServiceSettings
from tests.support.postgres import Address

from .world import World, note

pytestmark = pytest.mark.db


async def copy(postgres: Address, source: str, target: str) -> None:
    """A database as it stands, under another name."""
    server = await asyncpg.connect(postgres.url("postgres"))
    try:
        await server.execute(f'drop database if exists "{target}" with (force)')
        await server.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{source}'")
        await server.execute(f'create database "{target}" template "{source}" owner gf_taker_owner')
        await server.execute(f'grant connect on database "{target}" to gf_taker_app')
    finally:
        await server.close()


async def set_back(world: World, postgres: Address, mine: Subscription) -> datetime:
    """Two events of each key, a backup, two more, then the restore. Returns the time of the backup."""
    running = world.start(mine)
    for number in (1, 2):
        for key in ("a", "b", "c"):
            await world.emit(key, number)
    for key in ("a", "b", "c"):
        await world.reached(mine, key, 2)
    await running.end()
    await world.database.close()
    backup = datetime.now(UTC)
    await copy(postgres, world.taker.name, f"{world.taker.name}_backup")
    running = world.start(mine)
    for number in (3, 4):
        for key in ("a", "b", "c"):
            await world.emit(key, number)
    for key in ("a", "b", "c"):
        await world.reached(mine, key, 4)
    await running.end()
    await world.database.close()
    await copy(postgres, f"{world.taker.name}_backup", world.taker.name)
    return backup


async def test_a_restored_database_catches_up(world: World, postgres: Address) -> None:
    mine = world.subscription(note)
    backup = await set_back(world, postgres, mine)
    assert sorted(await world.effects(mine)) == [(key, number) for key in "abc" for number in (1, 2)]
    if world.transport == "kafka":
        lanes = await rewind.rewind(world.bootstrap, mine, backup - timedelta(seconds=1))
        assert sum((lane.before or 0) - lane.after for lane in lanes) >= 6
        # Never forward, and a second time changes nothing.
        assert await rewind.rewind(world.bootstrap, mine, backup) == []
    world.start(mine)
    await world.emit("a", 5)
    await world.reached(mine, "a", 5)
    for key in "bc":
        await world.reached(mine, key, 4)
    for key in "abc":
        assert await world.numbers(mine, key) == ([1, 2, 3, 4, 5] if key == "a" else [1, 2, 3, 4])
    assert await world.rows("select 1 from position where state <> ''") == []


@pytest.mark.kafka
async def test_without_rewinding_the_next_event_waits_in_sight(
    make_world: Callable[..., Awaitable[World]], postgres: Address
) -> None:
    world = await make_world("kafka")
    mine = world.subscription(note)
    await set_back(world, postgres, mine)
    running = world.start(mine)
    await world.emit("a", 5)

    async def gap() -> bool:
        return bool(await world.rows("select 1 from position where state = 'gap' and key = 'a' and number = 2"))

    await world.until(gap, "the gap is seen")
    # And it can still be put right.
    with pytest.raises(Conflict, match="仍有进程在读取"):
        await rewind.rewind(world.bootstrap, mine, None)
    await running.end()
    await rewind.rewind(world.bootstrap, mine, None)
    world.start(mine)
    await world.reached(mine, "a", 5)
    assert await world.numbers(mine, "a") == [1, 2, 3, 4, 5]
    assert await world.rows("select 1 from held_event where state = 'held'") == []


@pytest.mark.kafka
async def test_what_others_know_and_the_journal_has_lost_is_named(
    make_world: Callable[..., Awaitable[World]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = await make_world("kafka")
    mine = world.subscription(note)
    world.start(mine)
    for key in ("a", "b"):
        for number in (1, 2, 3):
            await world.emit(key, number)
        await world.reached(mine, key, 3)
    await world.owner.execute("delete from journal where (key, number) = ('b', 3)")

    def runtime(service: str) -> Any:
        settings = ServiceSettings(service=service, kafka_bootstrap=world.bootstrap)
        database = Database(DatabaseSettings(url=world.maker.app_url), Clock())
        return SimpleNamespace(database=database, subscriptions=(mine,), settings=settings)

    monkeypatch.setattr(cli, "load_runtime", runtime)
    monkeypatch.setattr(topics, "planned", lambda: [topics.TopicPlan(world.topic, 3), topics.TopicPlan("other.x", 1)])

    async def run(*arguments: str) -> tuple[int, str]:
        code = await asyncio.to_thread(cli.main, list(arguments))
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    code, printed = await run("unknown", "maker")
    assert code == 1
    assert f"{world.topic}\tb\tjournal 2\ttopic 3" in printed
    assert "1 keys" in printed
    # Made again from the same input, under the same number: nothing is unknown any more.
    await world.emit("b", 3)
    assert (await run("unknown", "maker"))[0] == 0
    assert await world.numbers(mine, "b") == [1, 2, 3]
    assert (await run("rewind", "maker", "--to", "2026-11-26T08:00:00"))[0] == 2
    code, printed = await run("rewind", "maker", "--to", "beginning")
    assert (code, "仍有进程在读取" in printed) == (1, True)


@pytest.mark.kafka
async def test_more_partitions_while_events_wait_lose_nothing_and_keep_the_order(
    make_world: Callable[..., Awaitable[World]],
) -> None:
    """The worst way to do it: events still wait in the old partitions when the keys move to the new ones."""
    world = await make_world("kafka", partitions=2)
    keys = [f"k{number}" for number in range(12)]
    relay = world.relay = world.start_relay()
    for number in (1, 2, 3):
        for key in keys:
            await world.emit(key, number)

    async def sent() -> bool:
        return relay.part.counts.get("published", 0) >= 36

    await world.until(sent, "all published")
    await relay.end()
    admin = AIOKafkaAdminClient(bootstrap_servers=world.bootstrap)
    await admin.start()
    await admin.create_partitions({world.topic: NewPartitions(total_count=7)})
    await admin.close()
    # A new leadership counts the partitions anew.
    world.relay = world.start_relay()
    for number in (4, 5):
        for key in keys:
            await world.emit(key, number)
    mine = world.subscription(note)
    world.start(mine)
    for key in keys:
        await world.reached(mine, key, 5, timeout=60)
        assert await world.numbers(mine, key) == [1, 2, 3, 4, 5]
    assert {partition_of(key, 2) for key in keys} != {partition_of(key, 7) for key in keys}
    assert await world.rows("select 1 from position where state <> ''") == []
