"""Fixtures of the event tests: worlds of two services, on either transport."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # the database and Kafka drivers: only for tests that have a world
    from .world import World


@pytest.fixture(
    params=[
        pytest.param("journal", marks=pytest.mark.db),
        pytest.param("kafka", marks=[pytest.mark.db, pytest.mark.kafka]),
    ]
)
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def world(transport: str, make_world: Callable[..., Awaitable[World]]) -> World:
    return await make_world(transport)


@pytest.fixture
async def make_world(
    request: pytest.FixtureRequest, service_database: Callable[..., Awaitable[Any]]
) -> AsyncIterator[Callable[..., Awaitable[World]]]:
    from . import world

    made: list[World] = []

    async def make(transport: str, *, bootstrap: str = "", partitions: int = 3, replication: int = 1) -> World:
        if transport == "kafka":
            bootstrap = bootstrap or request.getfixturevalue("kafka").bootstrap
        made.append(
            await world.make_world(
                service_database, transport, bootstrap, partitions=partitions, replication=replication
            )
        )
        return made[-1]

    yield make
    for one in made:
        await one.close()
