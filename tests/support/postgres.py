"""A real PostgreSQL for tests: one server per session, a migrated database per test in about 30 ms.

An address in GF_TEST_POSTGRES (`postgresql://superuser:password@host:port`) comes first; else the embedded server.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg
import pytest

from gf_chassis.migrate import upgrade
from gf_standalone import databases
from gf_standalone.databases import ServiceDatabase
from gf_standalone.postgres import Address, Postgres
from tests.support.report import announce

Prepare = Callable[[ServiceDatabase], Awaitable[None]]
PASSWORD = "test"


@contextlib.contextmanager
def serve(config: pytest.Config) -> Iterator[Address]:
    """The session's server."""
    given = os.environ.get("GF_TEST_POSTGRES")
    if given:
        parts = urlsplit(given)
        address = Address(
            parts.hostname or "127.0.0.1",
            parts.port or 5432,
            unquote(parts.username or ""),
            unquote(parts.password or ""),
        )
        announce(config, "PostgreSQL", f"address {asyncio.run(_server_version(address))}")
        yield address
        return
    with tempfile.TemporaryDirectory(prefix="gf-postgres-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # our own folder; the database's user must reach it
        # Its log of changes may lie in memory, and nobody needs more of it than for a checkpoint now and then.
        server = Postgres(
            Path(folder), trust=True, durable=False, dies_with_parent=True, settings={"max_wal_size": "512MB"}
        )
        address = server.start()
        announce(config, "PostgreSQL", f"{server.how} {server.version}")
        try:
            yield address
        finally:
            server.stop(immediate=True)


async def _server_version(address: Address) -> str:
    connection = await asyncpg.connect(address.url("postgres"))
    try:
        return str(await connection.fetchval("show server_version")).split()[0]
    finally:
        await connection.close()


@dataclass
class DatabaseFactory:
    """Fresh databases from one template per service and session."""

    address: Address
    session: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    templates: dict[str, str] = field(default_factory=dict)
    made: set[str] = field(default_factory=set)

    async def __call__(self, service: str, *, prepare: Prepare | None = None) -> ServiceDatabase:
        """A database with the service's migrations applied, or with `prepare` applied instead (to the template)."""
        template = await self._template(service, prepare or migrate)
        return await self._create(service, f"gf_{service}_{uuid.uuid4().hex[:12]}", template)

    async def empty(self, service: str) -> ServiceDatabase:
        """A database with nothing in it, for tests of migrations."""
        return await self._create(service, f"gf_{service}_{uuid.uuid4().hex[:12]}", "template0")

    async def drop(self, database: ServiceDatabase) -> None:
        await self._execute(f'drop database if exists "{database.name}" with (force)')
        self.made.discard(database.name)

    async def close(self) -> None:
        for name in sorted(self.made):
            await self._execute(f'drop database if exists "{name}" with (force)')

    async def _template(self, service: str, prepare: Prepare) -> str:
        key = f"{service}:{prepare.__module__}.{prepare.__qualname__}"
        if key not in self.templates:
            name = f"gf_{service}_t{len(self.templates)}_{self.session}"
            await prepare(await self._create(service, name, "template0"))
            # A pool that the preparation left open would stop every copy.
            await self._execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                f" where datname = '{name}' and pid <> pg_backend_pid()"
            )
            self.templates[key] = name
        return self.templates[key]

    async def _create(self, service: str, name: str, template: str) -> ServiceDatabase:
        connection = await asyncpg.connect(self.address.url("postgres"))
        try:
            await databases.ensure_roles(connection, service, PASSWORD)
            await connection.execute(f'create database "{name}" owner "gf_{service}_owner" template "{template}"')
            await databases.protect(connection, service, name)
        finally:
            await connection.close()
        self.made.add(name)
        return databases.describe(self.address, service, PASSWORD, name)

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.address.url("postgres"))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


async def migrate(database: ServiceDatabase) -> None:
    """Apply the service's migrations as its owner."""
    await upgrade(f"gf_{database.service}", database.owner_url)
