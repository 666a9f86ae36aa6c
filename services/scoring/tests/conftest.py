"""Fixtures of scoring: the service on a real database, events put to it by hand, the API with known callers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING

import httpx
import pytest

import gf_policy
from services.scoring.tests.sample import POLICIES

if TYPE_CHECKING:  # the whole service: only for tests that have a world
    from gf_scoring.bootstrap import Bootstrap
    from services.scoring.tests.world import World


@cache
def book() -> gf_policy.Book:
    return gf_policy.load(POLICIES)


@pytest.fixture
async def parts(service_database: Callable[[str], Awaitable[object]]) -> AsyncIterator[Bootstrap]:
    from gf_scoring.bootstrap import bootstrap
    from gf_scoring.settings import Settings

    database = await service_database("scoring")
    settings = Settings(database_url=database.app_url, mode="standalone", events="journal", pool_size=5)  # type: ignore[attr-defined]
    parts = bootstrap(settings, book=book())
    yield parts
    await parts.database.close()


@pytest.fixture
async def world(parts: Bootstrap) -> World:
    from services.scoring.tests.world import World

    return World(parts)


@pytest.fixture
async def api(parts: Bootstrap) -> AsyncIterator[httpx.AsyncClient]:
    from gf_scoring.api import create
    from services.scoring.tests.world import Callers

    app = create(parts, verifier=Callers())  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test/scoring/v1") as client:
        yield client
