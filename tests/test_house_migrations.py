"""Each service's migrations and its table classes say the same thing."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from gf_chassis import migrate
from gf_standalone.databases import ServiceDatabase
from gf_standalone.postgres import Address

pytestmark = pytest.mark.db


@pytest.mark.parametrize("service", ["intake", "scoring", "review", "registry", "notify"])
async def test_migrations_match_the_tables(postgres: Address, service: str) -> None:
    await migrate.check(service, postgres.url("postgres"))


async def test_forms_are_compressed_by_what_the_server_has(
    service_database: Callable[..., Awaitable[ServiceDatabase]],
) -> None:
    intake = await service_database("intake")
    connection = await asyncpg.connect(intake.owner_url)
    try:
        has = await connection.fetchval(
            "select 'lz4' = any(enumvals) from pg_settings where name = 'default_toast_compression'"
        )
        method = await connection.fetchval(
            "select attcompression from pg_attribute where attrelid = 'form_version'::regclass and attname = 'content'"
        )
    finally:
        await connection.close()
    assert method == (b"l" if has else b"")
