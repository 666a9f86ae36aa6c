"""The programme as a person runs it: started, stopped, killed, started again; two at once; wrong settings."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from gf_standalone.demo import data
from gf_standalone.demo.story import NATIONAL, ROUTES
from gf_standalone.postgres import Postgres, free_port

pytestmark = [pytest.mark.e2e, pytest.mark.db, pytest.mark.timeout(400)]


@dataclass
class Programme:
    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None

    def start(self, *, demo: bool = False, port: int | None = None) -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "PORT": str(port or self.port),
            "DATA": str(self.folder / "data"),
            "GF_STANDALONE_DEMO": "1" if demo else "0",
        }
        return subprocess.Popen(
            [sys.executable, "-m", "gf_standalone"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *, demo: bool = False) -> subprocess.Popen[str]:
        self.process = self.start(demo=demo)
        return self.process

    def read_until(self, words: str, *, times: int = 1) -> list[str]:
        """What it says, up to the line with the words."""
        assert self.process is not None
        assert self.process.stdout is not None
        lines: list[str] = []
        for line in self.process.stdout:
            lines.append(line)
            times -= words in line
            if times == 0:
                return lines
        raise AssertionError("".join(lines))

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=20)

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        assert self.process is not None
        self.process.send_signal(how)
        return self.process.wait(40)


@pytest.fixture
def programme() -> Iterator[Programme]:
    with tempfile.TemporaryDirectory(prefix="gf-run-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # our own folder; the database's user must reach it
        made = Programme(Path(folder))
        yield made
        if made.process is not None and made.process.poll() is None:
            made.process.kill()
            made.process.wait()
        # A killed programme leaves its database running, on purpose.
        left = Postgres(Path(folder) / "data")
        left.start()
        left.stop(immediate=True)


def servers(folder: Path) -> int:
    cluster = next((folder / "data").glob("pg*"))
    return int((cluster / "postmaster.pid").exists())


def test_started_stopped_and_started_again(programme: Programme) -> None:
    programme.run()
    lines = programme.read_until("演示时钟  ")
    assert any("审核工作台" in line for line in lines)
    assert programme.get("/readyz").status_code == 200
    for path in ("/", "/review/docs", "/intake/openapi.json", "/auth/accounts", "/clock", "/scoring/healthz"):
        assert programme.get(path).status_code == 200, path
    assert programme.stop() == 0
    assert servers(programme.folder) == 0

    began = time.monotonic()
    programme.run()
    programme.read_until("就绪")
    assert programme.get("/readyz").status_code == 200
    # The promise is 30 s on an idle machine; a test machine may be busy.
    assert time.monotonic() - began < 90
    assert programme.stop(signal.SIGTERM) == 0


def test_killed_and_started_again(programme: Programme) -> None:
    programme.run()
    programme.read_until("就绪")
    programme.stop(signal.SIGKILL)
    assert servers(programme.folder) == 1
    programme.run()
    lines = programme.read_until("就绪")
    assert any("接管" in line for line in lines)
    assert programme.get("/readyz").status_code == 200
    assert programme.stop() == 0
    assert servers(programme.folder) == 0


def test_what_it_says_when_it_cannot_start(programme: Programme) -> None:
    programme.run()
    programme.read_until("就绪")
    second = programme.start(port=free_port())
    said, _ = second.communicate(timeout=60)
    assert second.returncode == 2
    assert "正在被使用" in said
    other = Programme(programme.folder / "other", port=programme.port)
    third = other.start()
    said, _ = third.communicate(timeout=60)
    assert third.returncode == 2
    assert f"端口 {programme.port} 已被占用" in said
    assert "Traceback" not in said
    assert programme.get("/readyz").status_code == 200
    programme.stop()


@pytest.mark.parametrize("after", [20])
def test_killed_in_the_middle_of_the_story_it_goes_on(programme: Programme, after: int) -> None:
    programme.run(demo=True)
    programme.read_until("[演示]", times=after)
    programme.stop(signal.SIGKILL)
    programme.run(demo=True)
    programme.read_until("就绪")
    page: dict[str, Any] = programme.get(f"/registry/v1/lists/{NATIONAL}?limit=200").json()
    names = [item["name"] for item in page["items"]]
    for name in ROUTES:
        assert names.count(data.units()[name]["name"]) == 1
    assert programme.stop() == 0
