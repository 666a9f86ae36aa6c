"""All five services in this process behind their real HTTP addresses, for whole journeys."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from joserfc.jwk import RSAKey

from gf_chassis import logging
from gf_standalone import compose, pages, people
from gf_standalone.compose import Service
from gf_standalone.databases import SERVICES, ServiceDatabase
from gf_standalone.demo.client import LIMITS, Client
from gf_standalone.dispatch import Dispatcher
from gf_standalone.issuer import Issuer, issuer_app
from gf_standalone.people import Account
from gf_standalone.serving import listen, serving
from gf_standalone.settings import StandaloneSettings
from gf_standalone.timepiece import DemoClock

_KEY = RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


@dataclass
class House:
    base_url: str
    clock: DemoClock
    services: dict[str, Service]
    databases: dict[str, ServiceDatabase]
    accounts: dict[str, Account]
    http: httpx.AsyncClient
    workers: compose.Workers | None = None
    _clients: dict[str, Client] = field(default_factory=dict)

    def speak(self, account: str) -> Client:
        """A client of the public API as one of the accounts."""
        return self._clients.setdefault(account, Client(self.http, account))

    def invite(self, account: Account) -> Client:
        """Somebody who is not among the demo accounts."""
        self.accounts[account.id] = account
        return self.speak(account.id)

    def pass_days(self, days: float) -> datetime:
        return self.clock.move_to(self.clock.now() + timedelta(days=days))


Databases = Callable[..., Awaitable[ServiceDatabase]]


@contextlib.asynccontextmanager
async def open_house(
    make_database: Databases, folder: Path, *, workers: bool = True, **overrides: Any
) -> AsyncIterator[House]:
    """Composed as the standalone programme composes them; `overrides` are settings of every service."""
    logging.configure("house", "WARNING")
    clock = DemoClock(folder)
    made = {service: await make_database(service) for service in SERVICES}
    listener = listen(StandaloneSettings(port=0, data=folder))
    settings = StandaloneSettings(port=listener.getsockname()[1], data=folder)
    services = compose.compose(
        made, clock=clock.clock, issuer=settings.issuer, public_url=settings.address, data=folder, **overrides
    )
    accounts = dict(people.accounts())
    issuer = issuer_app(Issuer(settings, accounts, _KEY), pages.environment(), settings.port)
    applications = {name: service.app for name, service in services.items()}
    own = pages.own_app(pages.environment(), clock, pages.Readiness(applications, lambda: "done"), settings.port)
    async with (
        serving(Dispatcher({**applications, "auth": issuer}, own), listener),
        httpx.AsyncClient(base_url=settings.address, timeout=30, limits=LIMITS) as http,
    ):
        running = compose.Workers(services) if workers else None
        try:
            yield House(settings.address, clock, services, made, accounts, http, running)
            failed = running.failed() if running else {}
            assert not failed, failed
        finally:
            if running:
                await running.stop()
