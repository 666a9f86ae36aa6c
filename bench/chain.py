"""The chain: POST → intake → journal → relay → broker → scoring → journal → relay → broker, each part a process.

`pg_cpu_per_submission`: what the database server spends on one submission on its way through, against the sum of the
hand-made intake, relay and scoring, one after the other: nothing follows what they write. Both are asked by as many as
fill two batches, as at a deadline.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count as counter
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench import cpu, intake, load, overload, relay, scoring, stock
from bench.pairs import Result, measure
from bench.processes import Server, process
from bench.reference import relay as by_hand
from bench.reference import scoring as reference
from bench.servers import Servers, execute
from gf_chassis.topics import TopicPlan, ensure, planned

SHEETS = "scoring.sheets"
#: Submissions and sheets of the hand-made parts.
BESIDE = ("bench.submissions", "bench.sheets")
COUNT = 2_000


@dataclass
class Tail:
    """When each key's event came out at the end of the chain."""

    seen: dict[str, float] = field(default_factory=dict)

    async def run(self, bootstrap: str, ready: asyncio.Event) -> None:
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, fetch_max_wait_ms=5, enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign(_partitions(SHEETS))
            await consumer.seek_to_end()
            ready.set()
            while True:
                found = await consumer.getmany(timeout_ms=50)
                now = time.perf_counter()
                for records in found.values():
                    for record in records:
                        self.seen.setdefault(record.key.decode(), now)
        finally:
            await consumer.stop()

    async def until(self, count: int, seconds: float = 120) -> None:
        """Wait until so many keys have come out."""
        end = time.perf_counter() + seconds
        while len(self.seen) < count:
            if time.perf_counter() > end:
                raise RuntimeError(f"{len(self.seen)} of {count} came out of the chain")
            await asyncio.sleep(0.02)


@dataclass(frozen=True)
class Chain:
    stage: intake.Stage
    server: Server
    tail: Tail


@asynccontextmanager
async def running(servers: Servers) -> AsyncIterator[Chain]:
    bootstrap = servers.kafka.bootstrap
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(intake.stage(servers))
        sheets = await servers.database("scoring")
        await execute(sheets.owner_url, f"truncate {scoring.TABLES}, benchmark_set cascade")
        await scoring.publish_set(sheets.owner_url, scoring.levels(), made.campaign)
        await skip(bootstrap, "scoring.sheets")
        server = await stack.enter_async_context(made.ours())
        for service, url in (("intake", made.database.app_url), ("scoring", sheets.app_url)):
            await stack.enter_async_context(process("-m", "bench.work", service, url, bootstrap))
        tail, ready = Tail(), asyncio.Event()
        tailing = asyncio.create_task(tail.run(bootstrap, ready))
        await ready.wait()
        try:
            # One through the whole chain, or the first run would measure how long workers take to join.
            await load.Load(made.requests()[:1], 1, 0).run(server.port)
            await tail.until(1)
            yield Chain(made, server, tail)
        finally:
            tailing.cancel()
            with suppress(asyncio.CancelledError):
                await tailing


async def skip(bootstrap: str, group: str, topic: str = stock.TOPIC) -> None:
    """Let the group begin at the end of the topic: what earlier benchmarks left there is not its work."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    await consumer.start()
    try:
        partitions = _partitions(topic)
        consumer.assign(partitions)
        await consumer.commit(dict(await consumer.end_offsets(partitions)))
    finally:
        await consumer.stop()


def _partitions(topic: str) -> list[TopicPartition]:
    plan = next(plan for plan in planned() if plan.name == topic)
    return [TopicPartition(topic, number) for number in range(plan.partitions)]


async def bench(servers: Servers, pairs: int) -> Result:
    await ensure(servers.kafka.bootstrap, [TopicPlan(topic, 12) for topic in BESIDE])
    events, groups = stock.events(COUNT), counter(1)

    async with running(servers) as chain, chain.stage.reference() as plain:

        async def references() -> float:
            await chain.stage.clear()
            behind = await _behind_intake(servers, events)
            before = cpu.of_tree(servers.postmaster)
            await load.Load(chain.stage.requests()[:COUNT], overload.CONNECTIONS, 1).run(plain.port)
            await behind(f"reference-pg-{next(groups)}")
            return (cpu.of_tree(servers.postmaster) - before) / COUNT * 1e6

        async def ours() -> float:
            await chain.stage.clear()
            before, there = cpu.of_tree(servers.postmaster), len(chain.tail.seen)
            await load.Load(chain.stage.requests()[:COUNT], overload.CONNECTIONS, 1).run(chain.server.port)
            await chain.tail.until(there + COUNT)
            return (cpu.of_tree(servers.postmaster) - before) / COUNT * 1e6

        return await measure("pg_cpu_per_submission", 1.3, pairs, references, ours, "us", "less")


async def _behind_intake(
    servers: Servers, events: Sequence[tuple[str, bytes]]
) -> Callable[[str], Coroutine[Any, Any, None]]:
    """The hand-made relay and the hand-made scoring, ready to take these events one after the other; on topics of their
    own, for ours would take up what is published on its."""
    bootstrap = servers.kafka.bootstrap
    outbox = await servers.plain_database("reference_relay", by_hand.SCHEMA)
    sheets = await servers.plain_database("reference_scoring", reference.SCHEMA)
    await execute(outbox, "truncate outbox, mark", "insert into mark values (0)")
    await relay.fill_outbox(outbox, events)
    await execute(sheets, "truncate sheet, journal")
    levels = scoring.levels() | {"ecms_count": ("8", "0")}

    async def run(group: str) -> None:
        await by_hand.run(bootstrap, outbox, BESIDE[0], COUNT)
        await reference.run(bootstrap, sheets, group, COUNT, 1, levels, BESIDE)

    return run
