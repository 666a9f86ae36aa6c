"""`features_on_over_off`: intake with every log line written and every request traced, against neither.

Metrics are counted in both: they cannot be switched off, and while this runs with features they are read every second.
"""

from __future__ import annotations

import asyncio
import contextlib

import httpx

from bench import intake, load
from bench.pairs import Result, measure
from bench.processes import Server
from bench.servers import Servers


async def bench(servers: Servers, pairs: int) -> Result:
    async with intake.stage(servers) as made, made.ours("off") as off, made.ours("on") as on:

        async def run(server: Server) -> float:
            await made.clear()
            return await load.Load(made.requests(), intake.CONNECTIONS, intake.WARM).run(server.port)

        async def with_features() -> float:
            reading = asyncio.create_task(_read_metrics(on.port))
            try:
                return await run(on)
            finally:
                reading.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await reading

        return await measure("features_on_over_off", 0.75, pairs, lambda: run(off), with_features)


async def _read_metrics(port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        while True:
            (await client.get("/intake/metrics")).raise_for_status()
            await asyncio.sleep(1)
