"""What only a real broker can show: election, restart, loss of a node, records that are not ours."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from gf_chassis.cloudevents import to_kafka_headers
from gf_chassis.consumer import Limits
from gf_chassis.partitioning import partition_of
from gf_standalone.postgres import Address
from tests.support.kafka import Cluster, KafkaServer, dump

from .world import World, note

pytestmark = [pytest.mark.db, pytest.mark.kafka]

Make = Callable[..., Awaitable[World]]


async def test_of_two_relays_one_leads_and_the_other_takes_over(make_world: Make, postgres: Address) -> None:
    world = await make_world("kafka")
    mine = world.subscription(note)
    relays = [world.start_relay(), world.start_relay()]
    world.relay = relays[0]
    world.start(mine)
    for number in range(1, 6):
        await world.emit("a", number)
    await world.reached(mine, "a", 5)
    leader = (
        "select pid from pg_locks where locktype = 'advisory' and granted"
        " and database = (select oid from pg_database where datname = $1)"
    )
    root = await asyncpg.connect(postgres.url("postgres"))
    first = await root.fetch(leader, world.maker.name)
    assert len(first) == 1
    # The leader's session ends, as if its process had died; whoever leads next goes on where it stopped.
    await root.execute("select pg_terminate_backend($1)", first[0]["pid"])
    for number in range(6, 11):
        await world.emit("a", number)
    await world.reached(mine, "a", 10)
    second = await root.fetch(leader, world.maker.name)
    assert len(second) == 1
    assert second[0]["pid"] != first[0]["pid"]
    await root.close()
    assert await world.numbers(mine, "a") == list(range(1, 11))


async def test_records_carry_cloudevents_headers_and_keep_their_partition(make_world: Make, kafka: KafkaServer) -> None:
    world = await make_world("kafka")
    mine = world.subscription(note)
    world.start(mine)
    for key in ("a", "b", "c"):
        for number in (1, 2):
            await world.emit(key, number)
    for key in ("a", "b", "c"):
        await world.reached(mine, key, 2)
    records = await kafka.dump(world.topic)
    assert len(records) == 6
    for record in records:
        headers = dict(record.headers)
        key = record.key.decode()
        assert record.partition == partition_of(key, 3)
        assert headers["ce_id"].decode() == f"{key}:{headers['ce_sequence'].decode()}"
        assert headers["ce_source"] == b"/greenladder/maker"
        assert headers["ce_type"] == b"greenladder.intake.v1.WithdrawalRequested"


async def test_records_that_are_not_ours_are_held_and_harm_nobody(make_world: Make) -> None:
    world = await make_world("kafka", partitions=1)
    mine = world.subscription(note)
    producer = AIOKafkaProducer(bootstrap_servers=world.bootstrap, max_request_size=900_000)
    await producer.start()
    try:
        await producer.send_and_wait(world.topic, b"no headers at all", key=b"x")
        await producer.send_and_wait(world.topic, b"z" * 800_000, key=b"large")
        await producer.send_and_wait(world.topic, None, key=b"tombstone")
        await world.emit("a", 1)
        world.start(mine)
        await world.reached(mine, "a", 1)
        liar = to_kafka_headers(
            type="greenladder.intake.v1.WithdrawalRequested",
            source="/greenladder/maker",
            key="a",
            number=2,
            time=await world.owner.fetchval("select now()"),
        )
        await producer.send_and_wait(world.topic, b"", key=b"someone else", headers=liar)
    finally:
        await producer.stop()
    await world.emit("a", 2)
    await world.reached(mine, "a", 2)
    assert await world.numbers(mine, "a") == [1, 2]
    rows = await world.rows("select key, reason from held_event order by key")
    assert [(row["key"], row["reason"]) for row in rows] == [(f"?0:{n}", "poison") for n in (0, 1, 2, 4)]


async def test_the_largest_event_travels(make_world: Make) -> None:
    from gf_chassis.journal import MAX_PAYLOAD

    from .world import asked

    world = await make_world("kafka")
    mine = world.subscription(note)
    world.start(mine)
    for number in range(1, 6):
        await world.emit("a", number, asked("a", "x" * (MAX_PAYLOAD - 60)))
        await world.emit("b", number)
    await world.reached(mine, "a", 5)
    await world.reached(mine, "b", 5)


async def test_a_member_joins_and_leaves_without_a_double_effect(make_world: Make) -> None:
    world = await make_world("kafka", partitions=6)
    mine = world.subscription(note)
    world.start(mine)
    keys = [f"k{n}" for n in range(12)]
    sent = 0

    async def write(count: int) -> None:
        nonlocal sent
        for _ in range(count):
            sent += 1
            for key in keys:
                await world.emit(key, sent)

    await write(3)
    second = world.start(mine)
    await write(5)
    third = world.start(mine)
    await write(5)
    await second.end()
    await write(3)
    await third.end()
    await write(2)
    for key in keys:
        await world.reached(mine, key, sent, timeout=60)
    for key in keys:
        assert await world.numbers(mine, key) == list(range(1, sent + 1))


async def test_a_broker_that_is_killed_and_comes_back(
    make_world: Make, kafka_cluster: Callable[..., Awaitable[Cluster]]
) -> None:
    cluster = await kafka_cluster(1)
    world = await make_world("kafka", bootstrap=cluster.bootstrap)
    mine = world.subscription(note)
    world.start(mine, Limits(read_timeout=0.2, stale_after=15))
    for number in range(1, 6):
        await world.emit("a", number)
    await world.reached(mine, "a", 5)
    await asyncio.to_thread(cluster.brokers[0].kill)
    for number in range(6, 16):
        await world.emit("a", number)
    await asyncio.sleep(1)
    await asyncio.to_thread(cluster.start)
    await world.reached(mine, "a", 15, timeout=90)
    assert await world.numbers(mine, "a") == list(range(1, 16))


async def test_one_broker_of_three_is_lost(make_world: Make, kafka_cluster: Callable[..., Awaitable[Cluster]]) -> None:
    cluster = await kafka_cluster(3)
    world = await make_world("kafka", bootstrap=cluster.bootstrap, replication=3, partitions=3)
    mine = world.subscription(note)
    world.start(mine, Limits(read_timeout=0.2, stale_after=15))
    keys = [f"k{n}" for n in range(6)]
    sent = 0

    async def write() -> None:
        nonlocal sent
        sent += 1
        for key in keys:
            await world.emit(key, sent)

    for _ in range(10):
        await write()
    await world.reached(mine, keys[0], 1, timeout=60)
    await asyncio.to_thread(cluster.brokers[1].kill)
    for _ in range(30):
        await write()
        await asyncio.sleep(0.02)
    for key in keys:
        await world.reached(mine, key, sent, timeout=90)
    for key in keys:
        assert await world.numbers(mine, key) == list(range(1, sent + 1))
    assert not _lost(await dump(cluster.bootstrap, [world.topic]), keys, sent)


def _lost(records: list[Any], keys: list[str], sent: int) -> set[tuple[str, int]]:
    """What was committed and is not in the topic."""
    there = {(r.key.decode(), int(dict(r.headers)["ce_sequence"])) for r in records}
    return {(key, number) for key in keys for number in range(1, sent + 1)} - there
