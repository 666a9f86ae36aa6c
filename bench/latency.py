"""`latency_p50_70_over_10`, `latency_p99_70_over_10`: from a POST to its scored event, at 70 % and at 10 % of capacity.

Open loop, Poisson: a request is timed from when it was due. Capacity is what 32 connections get out of the chain while
everything behind it runs.
"""

from __future__ import annotations

import orjson

from bench import chain, intake, load
from bench.pairs import Pair, Result, result
from bench.servers import Servers

LOW, HIGH = 0.1, 0.7
#: Requests of a run: enough that the 99th percentile is not one of them.
FEW, MANY = 300, 1_500


async def bench(servers: Servers, pairs: int) -> list[Result]:
    halves: list[Pair] = []
    tails: list[Pair] = []
    async with chain.running(servers) as made:
        await made.stage.clear()
        there = len(made.tail.seen)
        warm = min(intake.WARM, MANY // 2)
        capacity = await load.Load(made.stage.requests()[:MANY], intake.CONNECTIONS, warm).run(made.server.port)
        await made.tail.until(there + MANY)
        print(f"  capacity of the chain {capacity:,.0f}/s", flush=True)
        for number in range(1, pairs + 1):
            low = await _times(made, capacity * LOW, FEW)
            high = await _times(made, capacity * HIGH, MANY)
            halves.append(Pair(_percentile(high, 50), _percentile(low, 50)))
            tails.append(Pair(_percentile(high, 99), _percentile(low, 99)))
            print(
                f"  latency pair {number}: p50 {halves[-1].reference:.0f} → {halves[-1].ours:.0f} ms,"
                f" p99 {tails[-1].reference:.0f} → {tails[-1].ours:.0f} ms",
                flush=True,
            )
    return [
        result("latency_p50_70_over_10", 6.0, halves, "ms", "less"),
        result("latency_p99_70_over_10", 6.0, tails, "ms", "less"),
    ]


async def _times(made: chain.Chain, rate: float, count: int) -> list[float]:
    """Milliseconds from due to scored, of every request."""
    await made.stage.clear()
    there = len(made.tail.seen)
    answers = await load.OpenLoad(made.stage.requests()[:count], rate).run(made.server.port)
    await made.tail.until(there + len(answers))
    times = []
    for one in answers:
        if one.state != b"201":
            raise RuntimeError(f"answer {one.whole[:300]!r}")
        key = orjson.loads(one.whole.partition(b"\r\n\r\n")[2])["id"]
        times.append((made.tail.seen[key] - one.due) * 1000)
    return times


def _percentile(times: list[float], percent: int) -> float:
    return sorted(times)[min(len(times) - 1, len(times) * percent // 100)]
