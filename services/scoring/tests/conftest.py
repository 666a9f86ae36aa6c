"""Fixtures of scoring: the service on a real database, events put to it by hand, the API with known callers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import cache
from typing import TYPE_CHECKING

import httpx
import pytest

import gf_policy
from services.scoring.tests.sample import POLICIES

if TYPE_CHECKING:  # the whole service: only for tests that have a world
    from gf_scoring.bootstrap import Bootstrap
    from services.scoring.tests.world import World


#: A browser in which somebody is signed in; nobody is by an empty name.
Browse = Callable[[str], httpx.AsyncClient]


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


@pytest.fixture
async def browse(parts: Bootstrap) -> AsyncIterator[Browse]:
    from gf_scoring.api import create
    from services.scoring.tests.signed_in import cookie
    from services.scoring.tests.world import Callers

    app = create(parts, verifier=Callers())  # type: ignore[arg-type]
    async with AsyncExitStack() as stack:
        opened: list[httpx.AsyncClient] = []

        def as_person(name: str) -> httpx.AsyncClient:
            client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test/scoring/ui")
            if name:
                client.cookies.set(*cookie(app, name))
            opened.append(client)
            stack.push_async_callback(client.aclose)
            return client

        yield as_person
