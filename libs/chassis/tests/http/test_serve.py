"""The process that serves: not ready first, then no new connection, requests in flight finished, exit 0."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.process

APPLICATION = """
import asyncio
from gf_chassis.clock import Clock
from gf_chassis.http import Router, create_app
from gf_chassis.runtime import ServiceRuntime
from gf_chassis.settings import ServiceSettings

router = Router()

@router.get("/slow")
async def slow() -> str:
    await asyncio.sleep(1.2)
    return "done"

@router.post("/crash")
async def crash() -> str:
    return "never sent"

def create():
    settings = ServiceSettings(service="toy", mode="compose")
    return create_app("toy", ServiceRuntime("toy", settings, None, Clock()), [router])
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    package = tmp_path / "gf_toy"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "api.py").write_text(textwrap.dedent(APPLICATION), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PYTHONPATH": str(tmp_path),
        "GF_TEST_BUILD": "1",
        "GF_CRASH_POINT": "http.after_commit_before_answer",
    }
    command = [
        sys.executable,
        "-m",
        "gf_chassis.serve",
        "toy",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--grace",
        "0.6",
    ]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
    address = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.get(f"{address}/toy/healthz", trust_env=False)
            break
        except httpx.TransportError:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
    yield process, address
    if process.poll() is None:
        process.kill()
    process.communicate()


async def test_sigterm_drains(server: tuple[subprocess.Popen[bytes], str]) -> None:
    process, address = server
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        slow = asyncio.create_task(client.get("/toy/v1/slow"))
        await asyncio.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.1)
        ready = await client.get("/toy/readyz")
        assert (ready.status_code, ready.json()["checks"]["draining"]) == (503, "shutting down")
        assert (await slow).json() == "done"
        assert "server" not in ready.headers
    assert await asyncio.to_thread(process.wait, 15) == 0


async def test_the_crash_point_lies_between_commit_and_answer(server: tuple[subprocess.Popen[bytes], str]) -> None:
    process, address = server
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        assert (await client.post("/toy/v1/none")).status_code == 404
        with pytest.raises(httpx.TransportError):
            await client.post("/toy/v1/crash")
    assert await asyncio.to_thread(process.wait, 15) == -signal.SIGKILL
