"""`scoring_two_workers`: two worker processes against one, each with the same share of a core.

A machine of two cores, on which database, broker and whoever else run too, cannot give a second worker a core of its
own. So every worker gets an equal quota (it is stopped while it is ahead of it), as it would have in a cluster, and the
rates are compared: two are worth twice one as long as they do not hinder each other in database and broker.

As in a cluster (ADR 18) what is scaled only makes sheets; the relay is in a process that always runs and has no quota.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import AsyncExitStack
from itertools import count as counter

import asyncpg

from bench import chain, scoring, stock
from bench.pairs import Result, measure
from bench.processes import equal_shares, process
from bench.servers import Servers, execute

SHARE = 0.15
COUNT, WARM = 12_000, 1_200
#: Until all members have joined the group and were given their partitions.
JOINING = 12.0


async def bench(servers: Servers, pairs: int) -> Result:
    bootstrap = servers.kafka.bootstrap
    database = await servers.database("scoring")
    await execute(database.owner_url, "truncate benchmark_set cascade")
    await scoring.publish_set(database.owner_url, scoring.levels(), stock.CAMPAIGN)
    numbers = counter(1)

    async def run(workers: int) -> float:
        await execute(database.owner_url, f"truncate {scoring.TABLES}")
        group = f"scaling-{next(numbers)}"
        await chain.skip(bootstrap, group)
        async with AsyncExitStack() as stack:
            worker = ("-m", "bench.work", "scoring", database.app_url, bootstrap, group)
            await stack.enter_async_context(process(*worker, "relay"))
            pids = [await stack.enter_async_context(process(*worker, f"consumer:{group}")) for _ in range(workers)]
            await asyncio.sleep(JOINING)
            # All of it lies there before they begin: how fast it is made is not measured.
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            await stock.fill(bootstrap, COUNT)
            await stack.enter_async_context(equal_shares(pids, SHARE))
            return await _rate(database.owner_url)

    return await measure("scoring_two_workers", 1.8, pairs, lambda: run(1), lambda: run(2))


async def _rate(url: str) -> float:
    """Sheets a second, from the first few hundred to the last."""
    connection = await asyncpg.connect(url)
    try:
        began, warmed = 0.0, 0
        for _ in range(3_000):
            done = await connection.fetchval("select count(*) from score_sheet")
            if not began and done >= WARM:
                began, warmed = time.perf_counter(), done
            if done >= COUNT:
                return float((done - warmed) / (time.perf_counter() - began))
            await asyncio.sleep(0.1)
    finally:
        await connection.close()
    raise RuntimeError(f"{done} of {COUNT} were scored")
