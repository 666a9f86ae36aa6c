"""Processes under measurement: servers on a port of their own, workers, and equal shares of CPU for them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bench import cpu


@dataclass(frozen=True)
class Server:
    port: int
    pid: int
    #: Seconds from its start to its first answer.
    started_in: float


@asynccontextmanager
async def serving(module: str, url: str, *more: str) -> AsyncIterator[Server]:
    """A server in a process of its own: ``python -m module url port …``."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    began = time.perf_counter()
    async with process("-m", module, url, str(port), *more) as pid:
        while not await _answers(port):
            if cpu.ended(pid):
                raise RuntimeError(f"{module} ended before it answered")
            if time.perf_counter() - began > 120:
                raise RuntimeError(f"{module} does not answer")
            await asyncio.sleep(0.02)
        yield Server(port, pid, time.perf_counter() - began)


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


@asynccontextmanager
async def process(*arguments: str, environment: dict[str, str] | None = None) -> AsyncIterator[int]:
    """A Python process that ends with the block; its id."""
    started = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, *arguments], env={**os.environ, **(environment or {})}
    )
    try:
        yield started.pid
        if started.poll() is not None:
            raise RuntimeError(f"{arguments} ended with {started.returncode}")
    finally:
        started.send_signal(signal.SIGCONT)
        started.terminate()
        try:
            await asyncio.to_thread(started.wait, 30)
        except subprocess.TimeoutExpired:
            started.kill()


@asynccontextmanager
async def equal_shares(pids: Sequence[int], share: float) -> AsyncIterator[None]:
    """Each process gets this share of a core and no more, whatever else runs: stopped while it is ahead of it."""

    async def hold() -> None:
        began, used = time.perf_counter(), {pid: cpu.of(pid) for pid in pids}
        while True:
            allowed = (time.perf_counter() - began) * share
            for pid in pids:
                ahead = cpu.of(pid) - used[pid] > allowed
                os.kill(pid, signal.SIGSTOP if ahead else signal.SIGCONT)
            await asyncio.sleep(0.01)

    holding = asyncio.create_task(hold())
    try:
        yield
    finally:
        holding.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await holding
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
