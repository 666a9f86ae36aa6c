"""`overload_answered`: half as much again as intake can take, from senders who do not wait; what it still answers.

Capacity is what as many connections as two batches get in a closed loop. Over it come 503 with Retry-After, counted as
refused; anything else but 201 and 503 is an error.
"""

from __future__ import annotations

from collections import Counter

from bench import intake, load
from bench.pairs import Result, measure
from bench.servers import Servers

OVER = 1.5
#: Enough that groups are large; fewer than the server keeps in flight, so that nothing is refused.
CONNECTIONS = 128


async def bench(servers: Servers, pairs: int) -> Result:
    async with intake.stage(servers) as made, made.ours() as server:
        known: list[float] = []

        async def capacity() -> float:
            await made.clear()
            known.append(await load.Load(made.requests(), CONNECTIONS, intake.WARM).run(server.port))
            return known[-1]

        async def overloaded() -> float:
            if not known:
                await capacity()
            await made.clear()
            answers = await load.OpenLoad(made.requests(), known[-1] * OVER, held_up=0.02).run(server.port)
            states = Counter(one.state for one in answers)
            if set(states) - {b"201", b"503"}:
                raise RuntimeError(f"answers {dict(states)}")
            if any(b"retry-after" not in one.whole.lower() for one in answers if one.state == b"503"):
                raise RuntimeError("a 503 without Retry-After")
            offered = len(answers) / (max(one.due for one in answers) - min(one.due for one in answers))
            print(f"    offered {offered:.0f}/s, answered {states[b'201']}, refused {states[b'503']}", flush=True)
            # Until the last of those taken is done: what waited at the end was taken, too.
            end = max(one.at for one in answers if one.state == b"201")
            return states[b"201"] / (end - min(one.due for one in answers))

        return await measure("overload_answered", 0.9, pairs, capacity, overloaded)
