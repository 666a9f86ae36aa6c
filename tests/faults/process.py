"""One service as a process of its own, HTTP and worker together: ``python -m tests.faults.process <service> <port>``.

Configured by the environment alone, as in a cluster, except for the clock: the campaign of the tests lies in 2025, and
a file says how far the clock of all services stands from real time, so that days of publicity can pass for all at once.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn

from gf_chassis.clock import Clock
from gf_chassis.worker import run_worker


class TownClock(Clock):
    """The clock on the town's hall."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file

    @property
    def offset(self) -> timedelta:
        return timedelta(seconds=float(self._file.read_text(encoding="utf-8")))

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset


async def serve(service: str, port: int) -> None:
    settings = importlib.import_module(f"gf_{service}.settings").Settings()
    clock = TownClock(Path(os.environ["GF_TEST_CLOCK"]))
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
