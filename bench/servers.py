"""A durable PostgreSQL and a real Kafka broker for one run of the benchmarks."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from sqlalchemy import make_url

from gf_chassis import migrate
from gf_chassis.topics import ensure, planned
from gf_standalone import databases
from gf_standalone.databases import ServiceDatabase
from gf_standalone.postgres import Address, Postgres
from tests.support.kafka import KafkaServer, obtain


@dataclass(frozen=True)
class Servers:
    postgres: Address
    #: The database server's first process, whose children do the work.
    postmaster: int
    broker: KafkaServer | None

    @property
    def kafka(self) -> KafkaServer:
        """Only for modules that say so in ``KAFKA``."""
        if self.broker is None:
            raise RuntimeError("this module is not in bench.__main__.KAFKA")
        return self.broker

    async def database(self, service: str) -> ServiceDatabase:
        """The service's database, migrated, with its roles."""
        found = await databases.prepare(self.postgres, service)
        await migrate.upgrade(f"gf_{service}", found.owner_url)
        return found

    async def copy_of(self, database: ServiceDatabase, name: str) -> str:
        """A second database with the same tables and rows; the owner's address of it. Nobody may be connected."""
        connection = await asyncpg.connect(self.postgres.url("postgres"))
        try:
            original = make_url(database.owner_url)
            await connection.execute(f'drop database if exists "{name}"')
            await connection.execute(
                f'create database "{name}" template "{original.database}" owner "{original.username}"'
            )
        finally:
            await connection.close()
        return original.set(database=name).render_as_string(hide_password=False)

    async def plain_database(self, name: str, statements: str) -> str:
        """A database of the reference's own; its address."""
        connection = await asyncpg.connect(self.postgres.url("postgres"))
        try:
            if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
                await connection.execute(f'create database "{name}"')
        finally:
            await connection.close()
        url = self.postgres.url(name)
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statements)
        finally:
            await connection.close()
        return url


@asynccontextmanager
async def servers(*, kafka: bool = True) -> AsyncIterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="gf-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # noqa: ASYNC240 - before anything runs
        # Durable: an fsync per commit is part of what is measured.
        server = Postgres(Path(folder), trust=True, durable=True, dies_with_parent=True)
        address = await asyncio.to_thread(server.start)
        print(f"PostgreSQL: {server.how} {server.version}")
        broker = None
        try:
            postmaster = int(next(Path(folder).rglob("postmaster.pid")).read_text().split()[0])  # noqa: ASYNC240
            if kafka:
                broker = await asyncio.to_thread(obtain)
                print(f"Kafka: {broker.how} {broker.version}")
                await _topics(broker.bootstrap)
            yield Servers(address, postmaster, broker)
        finally:
            if broker is not None:
                broker.close()
            await asyncio.to_thread(server.stop, immediate=True)


async def _topics(bootstrap: str) -> None:
    """Listening is not yet answering."""
    for attempt in range(60):
        try:
            await ensure(bootstrap, planned())
            return
        except Exception:
            if attempt == 59:
                raise
            await asyncio.sleep(0.5)


async def execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
