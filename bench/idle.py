"""`idle_memory`, `start_up`, `idle_cpu` of intake's server, against budgets: what a process costs that nobody uses."""

from __future__ import annotations

import asyncio

from bench import cpu, intake
from bench.pairs import Pair, Result, result
from bench.servers import Servers

#: MB resident, seconds to the first answer, per cent of a core.
MEMORY, START, CPU = 200.0, 5.0, 2.0
WATCHED = 10.0


async def bench(servers: Servers, pairs: int) -> list[Result]:
    memory, start, used = [], [], []
    async with intake.stage(servers) as made:
        for number in range(1, pairs + 1):
            async with made.ours() as server:
                starting = cpu.of(server.pid)
                await asyncio.sleep(1)
                before = cpu.of(server.pid)
                await asyncio.sleep(WATCHED)
                used.append(Pair((cpu.of(server.pid) - before) / WATCHED * 100, CPU))
                memory.append(Pair(cpu.memory(server.pid), MEMORY))
                start.append(Pair(server.started_in, START))
            print(
                f"  idle {number}: {memory[-1].ours:.0f} MB, {start[-1].ours:.1f} s ({starting:.1f} s of CPU),"
                f" {used[-1].ours:.1f} %",
                flush=True,
            )
    return [
        result("idle_memory", 1.0, memory, "MB", "less"),
        result("start_up", 1.0, start, "s", "less"),
        result("idle_cpu", 1.0, used, "%", "less"),
    ]
