"""The stack that all tests of this folder share: brought up once, taken down with its volumes."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from gf_standalone.demo.client import LIMITS
from tests.compose.people import Company, Keycloak
from tests.compose.stack import NoStack, ServerClock, Stack, require_engine, version
from tests.support.report import announce


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    try:
        require_engine()
    except NoStack as error:
        announce(request.config, "Compose", f"NONE, its tests were left out ({error})")
        if os.environ.get("REQUIRE_COMPOSE") == "1":
            pytest.fail(f"REQUIRE_COMPOSE=1 and no stack: {error}", pytrace=False)
        pytest.skip(f"no compose stack: {error}")
    announce(request.config, "Compose", version())
    with tempfile.TemporaryDirectory(prefix="gf-stack-") as folder:
        made = Stack.create(Path(folder))
        try:
            made.up()
            yield made
        finally:
            made.down()


@pytest.fixture(scope="session")
def clock(stack: Stack) -> ServerClock:
    return ServerClock(stack)


@pytest.fixture(scope="session")
def keycloak(stack: Stack) -> Iterator[Keycloak]:
    made = Keycloak(stack)
    yield made
    made.close()


@pytest.fixture(scope="session")
async def http(stack: Stack) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stack.url, timeout=60, limits=LIMITS) as client:
        yield client


@pytest.fixture(scope="session")
def company(http: httpx.AsyncClient, keycloak: Keycloak) -> Company:
    return Company(http, keycloak)
