"""The databases that the tests of every service stand on."""

from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from gf_standalone.databases import ServiceDatabase
from tests.support.postgres import DatabaseFactory

pytestmark = pytest.mark.db


async def with_a_table(database: ServiceDatabase) -> None:
    connection = await asyncpg.connect(database.owner_url)
    await connection.execute("create table t (n int); insert into t values (1); grant select on t to gf_lab_app")
    await connection.close()


async def test_copies_of_a_template_are_separate(
    service_database: Callable[..., Awaitable[ServiceDatabase]],
) -> None:
    first = await service_database("lab", prepare=with_a_table)
    second = await service_database("lab", prepare=with_a_table)
    owner = await asyncpg.connect(first.owner_url)
    await owner.execute("insert into t values (2)")
    await owner.close()
    app = await asyncpg.connect(second.app_url)
    assert await app.fetchval("select count(*) from t") == 1
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await app.execute("insert into t values (3)")
    await app.close()


async def test_a_service_cannot_enter_another_services_database(database_factory: DatabaseFactory) -> None:
    one = await database_factory.empty("lab")
    other = await database_factory.empty("shed")
    stranger = other.app_url.replace(other.name, one.name)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(stranger)
