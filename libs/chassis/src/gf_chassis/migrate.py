"""Migrations 数据库迁移: one alembic environment for all services; a service keeps only ``migrations/versions``.

    python -m gf_chassis.migrate upgrade intake            # owner address from GF_INTAKE_OWNER_URL, or --url
    python -m gf_chassis.migrate revision intake -m "..."  # --url of any server where databases may be created
    python -m gf_chassis.migrate check intake              # tables and migrations say the same

The owner role migrates; afterwards the application's role gets reading and writing on every table, but only
``select`` and ``insert`` on the journal. A service names its metadata by convention:
``gf_<service>.adapters.tables:Base.metadata``.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import sys
import zlib
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from gf_chassis.settings import async_url

_ENVIRONMENT = Path(__file__).parent / "alembic_env"
#: A migration waits this long for a lock, then gives up rather than stop the traffic behind it.
LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "10min"
#: Largest row that is kept in its page as it is (toast_tuple_target; PostgreSQL's most for 8 kB pages).
WHOLE_ROW = 8160


def package_of(service: str) -> str:
    return service if service.startswith("gf_") else f"gf_{service}"


def metadata_of(package: str) -> MetaData:
    """The service's metadata: its own tables and those of the chassis."""
    metadata: MetaData = importlib.import_module(f"{package}.adapters.tables").Base.metadata
    return metadata


def versions_of(package: str) -> Path:
    """``migrations/versions`` beside ``src/`` of the service, or inside its package."""
    module = importlib.import_module(package)
    if module.__file__ is None:
        raise LookupError(f"{package} has no folder")
    folder = Path(module.__file__).parent
    for candidate in (folder / "migrations" / "versions", folder.parent.parent / "migrations" / "versions"):
        if candidate.is_dir():
            return candidate
    return folder.parent.parent / "migrations" / "versions"


def _config(package: str, connection: Connection, *, metadata: bool = False) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_ENVIRONMENT))
    config.set_main_option("version_locations", str(versions_of(package)))
    config.set_main_option("path_separator", "newline")
    config.attributes["connection"] = connection
    if metadata:
        config.attributes["metadata"] = metadata_of(package)
    return config


async def upgrade(service_package: str, owner_url: str, *, app_role: str | None = None, revision: str = "head") -> None:
    """Bring the database to the newest version and give the application's role its rights."""
    package = package_of(service_package)
    role = app_role or f"{package}_app"
    engine = create_async_engine(async_url(owner_url), poolclass=NullPool)
    try:
        async with engine.begin() as connection:
            await _guard(connection, package)
            await connection.run_sync(lambda sync: command.upgrade(_config(package, sync), revision))
            await _keep_whole(connection)
            await grant(connection, role)
    finally:
        await engine.dispose()


async def _guard(connection: AsyncConnection, package: str) -> None:
    """Two migrations of one service wait for each other; neither waits for ever on the tables."""
    await connection.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
    await connection.execute(text(f"set local statement_timeout = '{STATEMENT_TIMEOUT}'"))
    await connection.execute(
        text("select pg_advisory_xact_lock(:key)"), {"key": zlib.crc32(f"migrate:{package}".encode())}
    )


async def _keep_whole(connection: AsyncConnection) -> None:
    """Journal rows stay whole up to a page: compressing events of a few kB and moving them out costs more than the
    insert itself (51 against 29 µs a row), and the relay reads each of them once and soon."""
    wanted = f"toast_tuple_target={WHOLE_ROW}"
    options = (
        await connection.execute(text("select reloptions from pg_class where oid = 'journal'::regclass"))
    ).scalar()
    if wanted not in (options or ()):
        await connection.execute(text(f"alter table journal set ({wanted})"))


async def grant(connection: AsyncConnection, role: str) -> None:
    """The application's rights: everything it needs on its tables, append and read on the journal and its seals."""
    name = connection.dialect.identifier_preparer.quote(role)
    if not (await connection.execute(text("select 1 from pg_roles where rolname = :r"), {"r": role})).scalar():
        raise LookupError(f"role {role} does not exist: create it before migrating")
    for statement in (
        "grant usage on schema public to {role}",
        "grant select, insert, update, delete on all tables in schema public to {role}",
        "grant usage, select on all sequences in schema public to {role}",
        "revoke all on journal, journal_seal from {role}",
        "grant select, insert on journal, journal_seal to {role}",
        "revoke insert, update, delete on alembic_version from {role}",
    ):
        await connection.execute(text(statement.format(role=name)))


async def revision(service: str, message: str, server_url: str) -> None:
    """Write a new migration: what the tables in code have and the newest version has not."""
    package = package_of(service)
    versions_of(package).mkdir(parents=True, exist_ok=True)

    def write(sync: Connection) -> None:
        config = _config(package, sync, metadata=True)
        command.upgrade(config, "head")
        existing = len(list(versions_of(package).glob("[0-9]*.py")))
        command.revision(config, message, autogenerate=True, rev_id=f"{existing + 1:04d}")

    await _scratch(server_url, write)


async def check(service: str, server_url: str) -> None:
    """Fail when the tables in code and the migrations say different things."""
    package = package_of(service)

    def compare(sync: Connection) -> None:
        config = _config(package, sync, metadata=True)
        command.upgrade(config, "head")
        command.check(config)

    await _scratch(server_url, compare)


async def _scratch(server_url: str, work: object) -> None:
    """Run ``work(connection)`` on an empty database that is dropped afterwards."""
    name = f"gf_scratch_{os.getpid()}"
    server = create_async_engine(async_url(server_url), poolclass=NullPool, isolation_level="AUTOCOMMIT")
    target = make_url(async_url(server_url)).set(database=name)
    try:
        async with server.connect() as connection:
            await connection.execute(text(f"create database {name} template template0 encoding 'UTF8'"))
        engine = create_async_engine(target, poolclass=NullPool)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(work)  # type: ignore[arg-type]
        finally:
            await engine.dispose()
    finally:
        async with server.connect() as connection:
            await connection.execute(text(f"drop database if exists {name} with (force)"))
        await server.dispose()


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m gf_chassis.migrate")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("upgrade", "revision", "check"):
        sub = commands.add_parser(name)
        sub.add_argument("service")
        sub.add_argument("--url", help="database address; default: GF_<SERVICE>_OWNER_URL")
        if name == "revision":
            sub.add_argument("-m", "--message", required=True)
        if name == "upgrade":
            sub.add_argument("--app-role")
    options = parser.parse_args(argv)
    service = options.service.removeprefix("gf_")
    url = options.url or os.environ.get(f"GF_{service.upper()}_OWNER_URL")
    if not url:
        print(f"no address: set GF_{service.upper()}_OWNER_URL or give --url", file=sys.stderr)
        return 2
    if options.command == "upgrade":
        asyncio.run(upgrade(service, url, app_role=options.app_role))
    elif options.command == "revision":
        asyncio.run(revision(service, options.message, url))
    else:
        asyncio.run(check(service, url))
    return 0


if __name__ == "__main__":
    sys.exit(main())
