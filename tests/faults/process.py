"""One service as a process of its own, HTTP and worker together: ``python -m tests.faults.process <service> <port>``.

Configured by the environment alone, as in a cluster, except for the clock: the campaign of the tests lies in 2025.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from datetime import timedelta

import uvicorn

from gf_chassis.clock import Clock
from gf_chassis.worker import run_worker


async def serve(service: str, port: int) -> None:
    settings = importlib.import_module(f"gf_{service}.settings").Settings()
    clock = Clock(timedelta(seconds=float(os.environ["GF_TEST_CLOCK_OFFSET"])))
    built = importlib.import_module(f"gf_{service}.bootstrap").bootstrap(settings, clock=clock)
    app = importlib.import_module(f"gf_{service}.api").create(built)
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, access_log=False, lifespan="on")
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(built.runtime, stop=stop, handle_signals=False))
    await uvicorn.Server(config).serve()
    stop.set()
    await worker


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], int(sys.argv[2])))
