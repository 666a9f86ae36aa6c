"""`relay`: our relay draining a full journal, against a hand-made one over an outbox of the same events.

`relay_snapshot_held`: ours while another connection holds a snapshot, against ours without.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import asyncpg

from bench import stock
from bench.pairs import Result, measure
from bench.reference import relay as reference
from bench.servers import Servers, execute
from gf_chassis.progress import Part
from gf_chassis.relay import Relay

COUNT = 30_000
TOPIC = "intake.submissions"


async def bench(servers: Servers, pairs: int) -> list[Result]:
    bootstrap = servers.kafka.bootstrap
    ours = (await servers.database("intake")).owner_url
    url = await servers.plain_database("reference_relay", reference.SCHEMA)
    await _fill(ours, url)

    async def run_reference() -> float:
        await execute(url, "delete from mark", "insert into mark values (0)")
        return await reference.run(bootstrap, url, TOPIC, COUNT)

    async def run_ours() -> float:
        await execute(ours, "truncate relay_cursor")
        return await _drain(ours, bootstrap)

    async def run_held() -> float:
        """Updates of rows under a held snapshot are what slows other designs; ours only appends."""
        holder = await asyncpg.connect(ours)
        try:
            await holder.execute("set idle_in_transaction_session_timeout = 0")
            await holder.execute("begin isolation level repeatable read")
            await holder.fetchval("select count(*) from journal")
            return await run_ours()
        finally:
            await holder.close()

    return [
        await measure("relay", 0.7, pairs, run_reference, run_ours),
        await measure("relay_snapshot_held", 0.8, pairs, run_ours, run_held),
    ]


async def _drain(url: str, bootstrap: str) -> float:
    part, stop = Part("relay"), asyncio.Event()
    relay = asyncio.create_task(Relay("intake", url, bootstrap, part).run(stop))
    warm = COUNT // 20
    try:
        while (warmed := part.counts.get("published", 0)) < warm:  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        started = time.perf_counter()
        while (done := part.counts.get("published", 0)) < COUNT:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        return (done - warmed) / (time.perf_counter() - started)
    finally:
        stop.set()
        await relay


async def _fill(ours: str, url: str) -> None:
    """The same events in both."""
    events = stock.events(COUNT)
    connection = await asyncpg.connect(ours)
    try:
        await connection.execute("truncate journal")
        for start in range(0, COUNT, 1000):
            await connection.execute(
                "insert into journal (aggregate, aggregate_id, type, actor, authority, basis, reason, trace, data,"
                " topic, key, number, message_type, payload)"
                " select 'submission', key, 'Submitted', 's', '', '', '', '', '{}', $3, key, 1, $4, payload"
                " from unnest($1::text[], $2::bytea[]) as r(key, payload)",
                *zip(*events[start : start + 1000], strict=True),
                TOPIC,
                stock.TYPE,
            )
        await connection.execute("vacuum analyze journal")
    finally:
        await connection.close()
    await fill_outbox(url, events)


async def fill_outbox(url: str, events: Sequence[tuple[str, bytes]]) -> None:
    """What the hand-made relay publishes: keys and payloads."""
    connection = await asyncpg.connect(url)
    try:
        for start in range(0, len(events), 1000):
            await connection.execute(
                "insert into outbox (key, number, payload) select key, 1, payload"
                " from unnest($1::text[], $2::bytea[]) as r(key, payload)",
                *zip(*events[start : start + 1000], strict=True),
            )
        await connection.execute("vacuum analyze outbox")
    finally:
        await connection.close()
