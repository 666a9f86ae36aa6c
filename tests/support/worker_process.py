"""A service's worker as a process of its own, on the journeys' clock: `python -m tests.support.worker_process …`."""

import asyncio
import contextlib
import json
import sys
from pathlib import Path

import gf_policy
from gf_chassis import logging
from gf_chassis.worker import run_worker
from gf_standalone import compose
from gf_standalone.timepiece import DemoClock


async def follow(clock: DemoClock, folder: Path) -> None:
    """The clock is moved by hand in another process, through its file."""
    while True:
        await asyncio.sleep(0.1)
        with contextlib.suppress(ValueError):
            clock.clock.set_offset(DemoClock(folder).clock.offset)


async def main(service: str, folder: Path, settings: dict[str, object]) -> None:
    logging.configure(service, "WARNING")
    clock = DemoClock(folder)
    made = compose.make(service, compose.settings_of(service, **settings), clock.clock, gf_policy.load(None))
    following = asyncio.create_task(follow(clock, folder))
    try:
        await run_worker(made.runtime)
    finally:
        following.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])))
