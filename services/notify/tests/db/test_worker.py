"""The worker as a process of its own: it answers its probes, and ends in order when told to."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.db


async def answer(url: str, seconds: float = 30) -> httpx.Response:
    async with httpx.AsyncClient() as client, asyncio.timeout(seconds):
        while True:
            try:
                return await client.get(url)
            except httpx.TransportError:
                await asyncio.sleep(0.1)


async def test_a_worker_answers_probes_without_a_broker_and_ends_in_order(service_database: Callable[..., Any]) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = {
        "GF_NOTIFY_DATABASE_URL": (await service_database("notify")).app_url,
        "GF_NOTIFY_KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "GF_NOTIFY_WORKER_PORT": str(port),
        "GF_NOTIFY_DRAIN_SECONDS": "5",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gf_notify.worker", env={**os.environ, **settings}, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert (await answer(f"http://127.0.0.1:{port}/notify/healthz")).status_code == 200
        assert (await answer(f"http://127.0.0.1:{port}/notify/metrics")).status_code == 200
        # Nothing moves without a broker; what readiness says of it is tested with the readers.
        assert (await answer(f"http://127.0.0.1:{port}/notify/readyz")).status_code in (200, 503)
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            log, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0
    assert b"worker ends" in log
    assert b"gf_notify_app:***@" in log, "the settings are logged, redacted"
    assert settings["GF_NOTIFY_DATABASE_URL"].encode() not in log
