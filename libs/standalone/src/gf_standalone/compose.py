"""The five services in one process: each with its own database, one port, journals read directly."""

from __future__ import annotations

import asyncio
import importlib
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

import gf_policy
from gf_chassis import migrate
from gf_chassis.clock import Clock
from gf_chassis.runtime import ServiceRuntime
from gf_chassis.worker import run_worker
from gf_standalone import databases
from gf_standalone.databases import SERVICES, ServiceDatabase
from gf_standalone.postgres import Address


@dataclass(frozen=True, slots=True)
class Service:
    """One service, composed and not yet running."""

    name: str
    bootstrap: Any
    app: ASGIApp

    @property
    def runtime(self) -> ServiceRuntime:
        runtime: ServiceRuntime = self.bootstrap.runtime
        return runtime


async def prepare_databases(address: Address, password: str) -> dict[str, ServiceDatabase]:
    """Roles, databases and migrations of all services."""
    made = {service: await databases.prepare(address, service, password) for service in SERVICES}
    for service, database in made.items():
        await migrate.upgrade(f"gf_{service}", database.owner_url)
    return made


def compose(
    made: Mapping[str, ServiceDatabase],
    *,
    clock: Clock,
    issuer: str,
    public_url: str,
    data: Path,
    **overrides: Any,
) -> dict[str, Service]:
    """Each service from its own `bootstrap`, as in a cluster; only the settings differ."""
    book = gf_policy.load(None)  # read once: it is the same law for all five
    journals = {service: database.app_url for service, database in made.items()}
    services = {}
    for service, database in made.items():
        values = {
            "mode": "standalone",
            "database_url": database.app_url,
            "events": "journal",
            "journal_urls": {name: url for name, url in journals.items() if name != service},
            "issuer": issuer,
            "jwks_url": f"{issuer}/jwks",
            "public_url": public_url,
            "pool_size": 5,
            "evidence_url": str(data / "evidence"),
            "documents_dir": data / "documents" / service,
        }
        settings = settings_of(service, **{**values, **overrides})
        services[service] = make(service, settings, clock, book)
    return services


def settings_of(service: str, **values: Any) -> Any:
    """The service's settings; what it does not have is left out."""
    kind = importlib.import_module(f"gf_{service}.settings").Settings
    return kind(**{name: value for name, value in values.items() if name in kind.model_fields})


def make(service: str, settings: Any, clock: Clock, book: gf_policy.Book) -> Service:
    build = importlib.import_module(f"gf_{service}.bootstrap").bootstrap
    takes_book = "book" in inspect.signature(build).parameters
    bootstrap = build(settings, clock=clock, **({"book": book} if takes_book else {}))
    return Service(service, bootstrap, importlib.import_module(f"gf_{service}.api").create(bootstrap))


class Workers:
    """The workers of all services in this event loop: readers of the journals and work on deadlines."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        self._stops: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        for name, service in services.items():
            self.start(name, service.runtime)

    def start(self, name: str, runtime: ServiceRuntime) -> None:
        stop = self._stops[name] = asyncio.Event()
        work = run_worker(runtime, stop=stop, handle_signals=False)
        self._tasks[name] = asyncio.create_task(work, name=f"worker-{name}")

    def failed(self) -> dict[str, BaseException]:
        """Workers that ended though nobody told them to."""
        return {
            name: task.exception() or RuntimeError("ended")
            for name, task in self._tasks.items()
            if task.done() and not task.cancelled() and not self._stops[name].is_set()
        }

    async def stop(self, *names: str, seconds: float = 15.0) -> None:
        """Those named, or all: what is in hand is finished first."""
        chosen = names or tuple(self._tasks)
        for name in chosen:
            self._stops[name].set()
        tasks = [self._tasks[name] for name in chosen]
        _, pending = await asyncio.wait(tasks, timeout=seconds)
        for task in pending:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
