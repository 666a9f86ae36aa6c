"""Five services as processes over a real broker; whoever dies is started again, armed with its next crash point."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.support.kafka import free_ports

SERVICES = ("intake", "scoring", "review", "registry", "notify")
#: The first morning of the campaign.
STARTS = datetime(2025, 10, 20, 1, 0, tzinfo=UTC)


@dataclass
class Inhabitant:
    """A service and its lives."""

    service: str
    port: int
    environment: dict[str, str]
    log: Path
    armed: deque[str] = field(default_factory=deque)
    process: asyncio.subprocess.Process | None = None
    point: str = ""
    lives: int = 0


@dataclass
class Town:
    folder: Path
    inhabitants: dict[str, Inhabitant]
    #: Crash point → how often a process died there, proven by its mark.
    kills: Counter[str] = field(default_factory=Counter)
    #: Deaths that nobody ordered.
    accidents: list[str] = field(default_factory=list)
    _watchers: list[asyncio.Task[None]] = field(default_factory=list)
    _offset: timedelta = timedelta()
    _closing: bool = False

    @classmethod
    def build(cls, folder: Path, databases: dict[str, Any], bootstrap: str, issuer: str, jwks: str) -> Town:
        found = {}
        for service, port in zip(SERVICES, free_ports(len(SERVICES)), strict=True):
            prefix = f"GF_{service.upper()}_"
            settings = {
                "DATABASE_URL": databases[service].app_url,
                "EVENTS": "kafka",
                "KAFKA_BOOTSTRAP": bootstrap,
                "MODE": "compose",
                "ISSUER": issuer,
                "JWKS_URL": jwks,
                "PUBLIC_URL": f"http://127.0.0.1:{port}",
                "LOG_LEVEL": "WARNING",
                "POOL_SIZE": "6",
                "EVIDENCE_URL": str(folder / "evidence"),
                "DOCUMENTS_DIR": str(folder / "documents" / service),
            }
            environment = {
                **os.environ,
                **{prefix + name: value for name, value in settings.items()},
                "GF_TEST_BUILD": "1",
                "GF_TEST_CLOCK": str(folder / "clock"),
                # A member that keeps its name takes its partitions back at once after a kill.
                "GF_INSTANCE_ID": "0",
                "PYTHONUNBUFFERED": "1",
            }
            environment.pop("GF_CRASH_POINT", None)
            found[service] = Inhabitant(service, port, environment, folder / f"{service}.log")
        town = cls(folder, found)
        town.move_to(STARTS)
        return town

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def move_to(self, instant: datetime) -> None:
        """The clock of all services, alive or not: forward only."""
        self._offset = max(self._offset, instant - datetime.now(UTC)) if self._offset else instant - datetime.now(UTC)
        making = self.folder / "clock.new"
        making.write_text(str(self._offset.total_seconds()), encoding="utf-8")
        making.replace(self.folder / "clock")

    def arm(self, service: str, point: str) -> None:
        self.inhabitants[service].armed.append(point)

    @property
    def orders_left(self) -> int:
        waiting = sum(len(one.armed) for one in self.inhabitants.values())
        return waiting + sum(1 for one in self.inhabitants.values() if one.point)

    async def start(self) -> None:
        self._watchers = [asyncio.create_task(self._keep_alive(one)) for one in self.inhabitants.values()]

    async def _keep_alive(self, one: Inhabitant) -> None:
        while not self._closing:
            mark = self.folder / f"{one.service}.mark"
            mark.unlink(missing_ok=True)
            one.point = one.armed.popleft() if one.armed else ""
            environment = dict(one.environment)
            if one.point:
                # The second time: the first may be a start-up's own commit, and both happen.
                nth = 1 + one.lives % 2
                environment |= {"GF_CRASH_POINT": f"{one.point}:{nth}", "GF_CRASH_MARK": str(mark)}
            one.lives += 1
            with one.log.open("ab") as log:
                one.process = await asyncio.create_subprocess_exec(
                    sys.executable, "-m", "tests.faults.process", one.service, str(one.port),
                    env=environment, stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
            code = await one.process.wait()
            if self._closing:
                return
            if one.point and mark.exists() and code == -signal.SIGKILL:
                self.kills[one.point] += 1
            elif code != -signal.SIGTERM:
                self.accidents.append(f"{one.service} ended with {code} ({one.point or 'not armed'})")
                if one.point:
                    one.armed.append(one.point)
                await asyncio.sleep(0.5)

    def kill(self, service: str) -> None:
        """SIGKILL at any moment."""
        process = self.inhabitants[service].process
        if process is not None and process.returncode is None:
            process.kill()

    async def close(self) -> None:
        """SIGTERM: every one must end by itself, in time."""
        if self._closing:
            return
        self._closing = True
        running = [one.process for one in self.inhabitants.values() if one.process and one.process.returncode is None]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        end = time.monotonic() + 40
        for process in running:
            try:
                await asyncio.wait_for(process.wait(), max(0.1, end - time.monotonic()))
            except TimeoutError:
                process.kill()
                self.accidents.append("a process did not end on SIGTERM")
        await asyncio.gather(*self._watchers, return_exceptions=True)

    def tails(self, names: Iterable[str] = SERVICES) -> str:
        """The last lines of the logs, for a failure's message."""
        parts = []
        for name in names:
            path = self.inhabitants[name].log
            if path.exists():
                parts.append(f"--- {name}\n{path.read_text(encoding='utf-8', errors='replace')[-2500:]}")
        return "\n".join(parts)
