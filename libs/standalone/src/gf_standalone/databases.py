"""Roles and databases of the five services on one server.

Each service has a database, an owner role that migrates and an application role that the service runs as.
"""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from gf_standalone.postgres import Address

SERVICES = ("intake", "scoring", "review", "registry", "notify")


@dataclass(frozen=True, slots=True)
class ServiceDatabase:
    """Addresses of one service's database (`postgresql://…`)."""

    service: str
    name: str
    owner_url: str
    app_url: str


def describe(address: Address, service: str, password: str = "", name: str | None = None) -> ServiceDatabase:
    database = name or f"gf_{service}"
    return ServiceDatabase(
        service=service,
        name=database,
        owner_url=address.url(database, f"gf_{service}_owner", password),
        app_url=address.url(database, f"gf_{service}_app", password),
    )


async def prepare(address: Address, service: str, password: str = "", name: str | None = None) -> ServiceDatabase:
    """Make the service's roles and database where they are missing; nothing is changed where they are there."""
    found = describe(address, service, password, name)
    connection = await asyncpg.connect(address.url("postgres"))
    try:
        await ensure_roles(connection, service, password)
        if not await connection.fetchval("select 1 from pg_database where datname = $1", found.name):
            await connection.execute(f'create database "{found.name}" owner "gf_{service}_owner" template template0')
            await protect(connection, service, found.name)
    finally:
        await connection.close()
    return found


async def ensure_roles(connection: asyncpg.Connection, service: str, password: str = "") -> None:
    secret = f"password {await connection.fetchval('select quote_literal($1)', password)}" if password else ""
    for role in (f"gf_{service}_owner", f"gf_{service}_app"):
        known = await connection.fetchval("select 1 from pg_roles where rolname = $1", role)
        if not known:
            await connection.execute(f'create role "{role}" login {secret}')
        elif secret:
            await connection.execute(f'alter role "{role}" login {secret}')


async def protect(connection: asyncpg.Connection, service: str, name: str) -> None:
    """Only the service's own two roles may connect."""
    await connection.execute(f'revoke all on database "{name}" from public')
    await connection.execute(f'grant connect, temporary on database "{name}" to "gf_{service}_app"')
