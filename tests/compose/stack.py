"""The whole compose installation under a project name and ports of its own, and what a test may do to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import yaml

from gf_standalone.timepiece import SHANGHAI
from tests.support.kafka import free_ports

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ("intake", "scoring", "review", "registry", "notify")
PROCESSES = tuple(f"{service}-{kind}" for service in SERVICES for kind in ("api", "worker"))
#: The password of every role where no .env says another.
DEMO_PASSWORD = "demo-only"
_FILES = ("docker-compose.yml", "tests/compose/override.yml")
#: Public images that the stack and its builds begin with.
IMAGES = ("python:3.13-slim", "postgres:17", "apache/kafka:4.3.1", "nginx:1.26", "quay.io/keycloak/keycloak:26.5")


class NoStack(Exception):
    """The stack cannot run on this machine; the text says why."""


def require_engine() -> None:
    """An engine, Compose v2 and the images, pulled where they are missing and can be had."""
    if shutil.which("docker") is None:
        raise NoStack("no docker")
    for command, what in (
        (["docker", "info"], "the Docker engine does not answer"),
        (["docker", "compose", "version"], "no Compose v2"),
    ):
        if subprocess.run(command, capture_output=True, timeout=60, check=False).returncode != 0:
            raise NoStack(what)
    for image in IMAGES:
        here = subprocess.run(["docker", "image", "inspect", image], capture_output=True, timeout=60, check=False)
        if here.returncode == 0:
            continue
        pulled = subprocess.run(["docker", "pull", "-q", image], capture_output=True, timeout=900, check=False)
        if pulled.returncode != 0:
            raise NoStack(f"no image {image}")


def version() -> str:
    done = subprocess.run(["docker", "compose", "version", "--short"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@dataclass
class Stack:
    project: str
    folder: Path
    environment: dict[str, str]

    @classmethod
    def create(cls, folder: Path) -> Stack:
        port, ops, kafka, postgres = (str(number) for number in free_ports(4))
        clock = folder / "clock"
        clock.mkdir()
        clock.chmod(0o755)  # the database's user reads it
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GL_")},
            # The machine's own .env is not ours.
            "COMPOSE_DISABLE_ENV_FILE": "1",
            "GL_PORT": port,
            "GL_OPS_PORT": ops,
            "GL_KAFKA_PORT": kafka,
            "GL_CHECK_INTERVAL": "3s",
            "GL_TEST_POSTGRES_PORT": postgres,
            "GL_TEST_CLOCK": str(clock),
        }
        stack = cls(f"greenladder-test-{os.getpid()}", folder, environment)
        stack.move_clock(timedelta(0))
        return stack

    # --- addresses ---------------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        return f"http://localhost:{self.environment['GL_PORT']}"

    @property
    def ops_url(self) -> str:
        return f"http://localhost:{self.environment['GL_OPS_PORT']}"

    @property
    def kafka(self) -> str:
        return f"127.0.0.1:{self.environment['GL_KAFKA_PORT']}"

    def database(self, service: str) -> str:
        port = self.environment["GL_TEST_POSTGRES_PORT"]
        return f"postgresql://gf_{service}_app:{DEMO_PASSWORD}@127.0.0.1:{port}/gf_{service}"

    # --- the commands an operator has --------------------------------------------------------------------------------

    def compose(self, *arguments: str, check: bool = True, timeout: float = 600) -> str:
        files = [part for name in _FILES for part in ("-f", name)]
        command = ["docker", "compose", "--project-directory", ".", "-p", self.project, *files, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=timeout, check=False
        )
        if check and done.returncode != 0:
            raise AssertionError(f"docker compose {' '.join(arguments)}: {(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def up(self) -> None:
        self.compose("build", "--quiet", timeout=900)
        try:
            self.compose("up", "-d", "--wait", "--no-build", timeout=900)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.state()}\n{self.logs(15)}") from None

    def down(self) -> None:
        self.compose("down", "--volumes", "--timeout", "5", check=False)

    def state(self) -> str:
        return self.compose("ps", "-a", "--format", "{{.Service}} {{.Status}}", check=False)

    def logs(self, lines: int = 40, *services: str) -> str:
        return self.compose("logs", "--no-color", "--tail", str(lines), *services, check=False)

    def containers(self, service: str) -> list[str]:
        return self.compose("ps", "-q", service).split()

    def exit_codes(self, *services: str) -> dict[str, int]:
        names = [name for service in services for name in self.compose("ps", "-aq", service).split()]
        done = subprocess.run(["docker", "inspect", *names], capture_output=True, text=True, check=True)
        return {
            one["Config"]["Labels"]["com.docker.compose.service"]: one["State"]["ExitCode"]
            for one in json.loads(done.stdout)
        }

    def await_healthy(self, *services: str, seconds: float = 180) -> float:
        """How long it took until every container of the services said so."""
        began = time.monotonic()
        while True:
            names = [name for service in services for name in self.containers(service)]
            done = subprocess.run(
                ["docker", "inspect", "--format", "{{.State.Health.Status}}", *names],
                capture_output=True,
                text=True,
                check=True,
            )
            if names and set(done.stdout.split()) == {"healthy"}:
                return time.monotonic() - began
            if time.monotonic() - began > seconds:
                raise AssertionError(f"{services}: {done.stdout.split()}\n{self.logs(40, *services)}")
            time.sleep(0.5)

    # --- the database server's clock ---------------------------------------------------------------------------------

    def move_clock(self, offset: timedelta) -> None:
        """The shared file of the test image. In place: the folder is mounted, readers look once a second."""
        file = self.folder / "clock" / "offset"
        file.write_text(f"+{offset.total_seconds():.0f}\n", encoding="ascii")
        file.chmod(0o644)


class ServerClock:
    """The clock of the stack's database server, as the story moves a clock: forward only."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(SHANGHAI) + self.offset

    def move_to(self, instant: datetime) -> datetime:
        assert instant > self.now()
        self.offset = instant - datetime.now(SHANGHAI) + timedelta(seconds=1)
        self._stack.move_clock(self.offset)
        # Every backend looks at its file again within its second.
        time.sleep(2.5)
        return self.now()


def topics() -> dict[str, int]:
    """Topic → partitions, as the topic files say."""
    found = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "proto/topics").glob("*.yaml"))
    return {about["topic"]: about["partitions"] for about in found}
