"""`scoring`: our worker, consumer and relay together, against the reference loop; both from a full topic."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace
from itertools import count as counter
from uuid import UUID

import gf_policy
from bench import stock
from bench.pairs import Result, measure
from bench.reference import scoring as reference
from bench.servers import Servers, execute
from gf_chassis.progress import watch
from gf_chassis.worker import run_worker
from gf_policy.rulesets import load_benchmarks
from gf_scoring.bootstrap import bootstrap
from gf_scoring.settings import Settings

COUNT, WARM = 5_000, 500
TABLES = "score_sheet, assessment, journal, position, held_event, relay_cursor"


async def bench(servers: Servers, pairs: int) -> Result:
    bootstrap_servers = servers.kafka.bootstrap
    ours = await servers.database("scoring")
    url = await servers.plain_database("reference_scoring", reference.SCHEMA)
    book = gf_policy.load()
    await execute(ours.owner_url, "truncate benchmark_set cascade")
    await publish_set(ours.owner_url, levels(), stock.CAMPAIGN)
    await stock.fill(bootstrap_servers, COUNT)
    numbers = counter(1)

    async def run_reference() -> float:
        await execute(url, "truncate sheet, journal")
        group = f"reference-{next(numbers)}"
        return await reference.run(bootstrap_servers, url, group, COUNT, WARM, levels() | {"ecms_count": ("8", "0")})

    async def run_ours() -> float:
        await execute(ours.owner_url, f"truncate {TABLES}")
        return await _ours(Settings(
            database_url=ours.app_url, kafka_bootstrap=bootstrap_servers, events="kafka"
        ), book, f"scoring.sheets-{next(numbers)}")  # fmt: skip

    return await measure("scoring", 0.8, pairs, run_reference, run_ours)


async def _ours(settings: Settings, book: gf_policy.Book, group: str) -> float:
    parts = bootstrap(settings, book=book)
    runtime = parts.runtime
    runtime.subscriptions = [replace(runtime.subscriptions[0], group=group)]
    progress, stop = watch("scoring"), asyncio.Event()
    progress.forget("relay")
    worker = asyncio.create_task(run_worker(runtime, stop=stop, handle_signals=False))
    try:
        # From what has been scored to the last that is published: what lies between the two at the begin is not ours.
        while (warmed := progress.part(f"consumer:{group}").counts.get("applied", 0)) < WARM:
            _alive(worker)
            await asyncio.sleep(0.002)
        started = time.perf_counter()
        while progress.part("relay").counts.get("published", 0) < COUNT:
            _alive(worker)
            await asyncio.sleep(0.005)
        return (COUNT - warmed) / (time.perf_counter() - started)
    finally:
        stop.set()
        await worker
        await parts.database.close()


def _alive(worker: asyncio.Task[None]) -> None:
    if worker.done():
        worker.result()
        raise RuntimeError("the worker ended")


def levels() -> dict[str, tuple[str, str]]:
    """Lead and baseline of every indicator, as the demonstration has them."""
    first = load_benchmarks(gf_policy.load().root)[0].sets[0]
    return {value.indicator: (f"{value.lead:f}", f"{value.baseline:f}") for value in first.values}


async def publish_set(url: str, levels: dict[str, tuple[str, str]], campaign: UUID) -> None:
    rows = [
        {"indicator": code, "lead": lead, "baseline": base, "document": "", "article": "", "assumption": "bench"}
        for code, (lead, base) in levels.items()
    ]
    await execute(
        url,
        "insert into benchmark_set (id, campaign_id, ruleset_id, ruleset_version, key_industry, title, authority,"
        " document, person, demo, levels, hash, state, version, created_at, created_by)"
        f" values (gen_random_uuid(), '{campaign}', 'national/2025/n25/factory', '1', '', 'bench', 'miit',"
        f" 'bench', 'bench', true, '{json.dumps(rows)}', repeat('b', 64), 'published', 2, now(), 'bench')",
    )
