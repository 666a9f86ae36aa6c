"""Fixtures of review: a world per test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # the whole service: only for tests that have a world
    from services.review.tests.world import World


@pytest.fixture
async def make_world(
    service_database: Callable[..., Awaitable[Any]], tmp_path: Path
) -> AsyncIterator[Callable[..., Awaitable[World]]]:
    from services.review.tests.world import make

    made: list[World] = []

    async def create(policies: Any = None) -> World:
        database = await service_database("review")
        made.append(make(database.app_url, tmp_path, policies))
        return made[-1]

    yield create
    for world in made:
        await world.review.runtime.database.close()


@pytest.fixture
async def world(make_world: Callable[..., Awaitable[World]]) -> World:
    return await make_world()
