"""`rescore_500k`: half a million submissions scored again and ranked, by the command line with two processes.

Against two hand-made loops that read, score and write the same, each over its half, and one statement that ranks.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import resource
import sys
import time
from collections.abc import AsyncIterator
from uuid import UUID, uuid5

import asyncpg

import gf_policy
from bench import cpu, stock
from bench.pairs import Result, measure
from bench.reference import rescore as reference
from bench.scoring import publish_set
from bench.servers import Servers, execute
from gf_chassis.ids import new_id
from gf_policy.rulesets import load_benchmarks
from gf_scoring.bootstrap import bootstrap
from gf_scoring.settings import Settings

#: Fewer for a quick look: GF_BENCH_RESCORE=50000.
COUNT = int(os.environ.get("GF_BENCH_RESCORE", "500000"))
_SPACE = UUID("01990000-0000-7000-8000-00000000cafe")
_TABLES = "rescore_run, rescore_chunk, rescored, rescored_move"
#: Limits of the issue, said beside the ratio.
SECONDS, MEGABYTES = 120, 500


async def bench(servers: Servers, pairs: int) -> Result:
    ours = await servers.database("scoring")
    book = gf_policy.load()
    levels = {
        value.indicator: (f"{value.lead:f}", f"{value.baseline:f}")
        for value in load_benchmarks(book.root)[0].sets[0].values
    }
    await execute(ours.owner_url, f"truncate score_sheet, {_TABLES}")
    await publish_set(ours.owner_url, levels, stock.CAMPAIGN)
    await fill(ours.owner_url)
    await execute(ours.owner_url, reference.SCHEMA)

    async def run_reference() -> float:
        await execute(ours.owner_url, "truncate reference_score")
        started = time.perf_counter()
        await reference.run(ours.owner_url, levels | {"ecms_count": ("8", "0")})
        return COUNT / (time.perf_counter() - started)

    async def run_ours() -> float:
        await execute(ours.owner_url, f"truncate {_TABLES}")
        return COUNT / await _ours(ours.app_url)

    gc.collect()
    return await measure(f"rescore_{COUNT // 1000}k", 0.7, min(pairs, 3), run_reference, run_ours)


async def _ours(url: str) -> float:
    """Seconds from the command to its end; the run itself is put in by hand, as the API would."""
    run_id, settings = new_id(), Settings(database_url=url)
    parts = bootstrap(settings)
    try:
        async with parts.database.unit_of_work() as uow:
            from gf_scoring.adapters import rescoring
            from gf_scoring.adapters.tables import RescoreRunRow
            from gf_scoring.usecases.start_rescoring import CHUNK

            ruleset = parts.rulesets.get("national/2025/n25/factory")
            assert ruleset is not None
            run = RescoreRunRow(
                id=run_id, campaign_id=stock.CAMPAIGN, category="factory", authority="miit", title="bench",
                ruleset_text="", ruleset_id=ruleset.id, ruleset_version=ruleset.version, ruleset_hash=ruleset.hash,
                sets=[], state="running", total=0, created_at=await uow.now(), created_by="bench",
            )  # fmt: skip
            uow.session.add(run)
            await uow.session.flush()
            started = time.perf_counter()
            run.total = await rescoring.cut(uow.session, run, CHUNK)
            assert run.total == COUNT, run.total
            await uow.commit()
    finally:
        await parts.database.close()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "gf_scoring.entrypoints.cli", "rescore", str(run_id), "--processes", "2"]
    environment = {**os.environ, "GF_SCORING_DATABASE_URL": url}
    done = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.DEVNULL)
    ending, largest = asyncio.create_task(done.wait()), 0.0
    # Looked at as they run: what the system keeps of ended children begins with the size of whoever started them.
    while not (await asyncio.wait({ending}, timeout=1.0))[0]:
        largest = max(largest, cpu.largest_of_tree(done.pid))
    assert ending.result() == 0
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"    {COUNT} in {seconds:.1f} s wall, {spent:.1f} s CPU of both processes,"
        f" largest {largest:.0f} MB (limits {SECONDS} s, {MEGABYTES} MB)",
        flush=True,
    )
    return seconds


async def fill(url: str) -> None:
    """Sheets of a whole country: ids of their own in 2000 forms with numbers of their own."""
    chance = random.Random(500)
    forms = [stock.admitted(chance) for _ in range(2000)]
    patterns = []
    for form in forms:
        form.kind = "benchmark"
        data = form.SerializeToString(deterministic=True)
        patterns.append((data, form.submission_id.encode(), form.unit.unit_id.encode()))
    authorities = [authority.id for authority in gf_policy.load().authorities if authority.level != "ministry"]
    published = bytes(chance.randrange(256) for _ in range(1500))

    async def rows() -> AsyncIterator[tuple[object, ...]]:
        for n in range(COUNT):
            data, submission, unit = patterns[n % len(patterns)]
            own, owner = uuid5(_SPACE, f"s{n}"), uuid5(_SPACE, f"u{n}")
            admitted = data.replace(submission, str(own).encode()).replace(unit, str(owner).encode())
            superior = authorities[n % len(authorities)]
            yield (
                own,
                1,
                1,
                1,
                "claimed",
                "scored",
                chance.randrange(3000, 9000),
                owner,
                superior,
                admitted,
                published,
            )

    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            "create temporary table filling (s uuid, n int, r int, v int, b text, o text, t numeric, u uuid, a text,"
            " d bytea, p bytea)"
        )
        batch: list[tuple[object, ...]] = []
        async for row in rows():
            batch.append(row)
            if len(batch) == 20_000 or row[0] == uuid5(_SPACE, f"s{COUNT - 1}"):
                await connection.copy_records_to_table("filling", records=batch)
                await connection.execute(
                    "insert into score_sheet (submission_id, number, round, revision, basis, outcome, total, unit_id,"
                    " category, kind, campaign_id, superior, admitted, published, scored_at)"
                    " select s, n, r, v, b, o, t / 100, u, 'factory', 'benchmark', $1, a, d, p, now() from filling",
                    stock.CAMPAIGN,
                )
                await connection.execute("truncate filling")
                batch = []
        await connection.execute("analyze score_sheet")
        await connection.execute(
            "insert into campaign values ($1, 'bench', 2025, 'closed', 'national/2025/n25', array['factory'])"
            " on conflict do nothing",
            stock.CAMPAIGN,
        )
    finally:
        await connection.close()
