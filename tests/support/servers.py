"""The servers that tests run on. What starts them is imported when the first test asks: no unit test does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gf_standalone.databases import ServiceDatabase
    from gf_standalone.postgres import Address
    from tests.support.kafka import Cluster, KafkaServer
    from tests.support.postgres import DatabaseFactory, Prepare


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Iterator[Address]:
    """The session's database server."""
    from tests.support.postgres import serve

    with serve(request.config) as address:
        yield address


@pytest.fixture(scope="session")
async def database_factory(postgres: Address) -> AsyncIterator[DatabaseFactory]:
    """Databases that live as long as the session: `db = await database_factory("intake")`."""
    from tests.support.postgres import DatabaseFactory

    factory = DatabaseFactory(postgres)
    yield factory
    await factory.close()


@pytest.fixture
async def service_database(
    database_factory: DatabaseFactory,
) -> AsyncIterator[Callable[..., Awaitable[ServiceDatabase]]]:
    """Databases that live as long as the test: `db = await service_database("intake")`."""
    mine: list[ServiceDatabase] = []

    async def make(service: str, *, prepare: Prepare | None = None) -> ServiceDatabase:
        database = await database_factory(service, prepare=prepare)
        mine.append(database)
        return database

    yield make
    for database in mine:
        await database_factory.drop(database)


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> Iterator[KafkaServer]:
    """A broker that lives as long as the session; topics are the test's own affair."""
    from tests.support.kafka import serve

    with serve(request.config) as server:
        yield server


@pytest.fixture
async def kafka_cluster(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """Clusters of one's own, to be stopped and killed: ``cluster = await kafka_cluster(3)``."""
    from tests.support.kafka import Cluster, NoKafka, await_ready, missing

    made: list[Cluster] = []

    async def make(nodes: int = 1) -> Cluster:
        try:
            cluster = await asyncio.to_thread(Cluster.create, nodes)
        except NoKafka as error:
            missing(request.config, error)
            raise
        made.append(cluster)
        await await_ready(cluster.bootstrap)
        return cluster

    yield make
    for cluster in made:
        await asyncio.to_thread(cluster.close)
