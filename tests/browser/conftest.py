"""One house, one browser, for all tests of the pages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.browsing import ARGUMENTS, Visitor, find_chromium, visit
from tests.e2e.season import Season, open_season
from tests.support.postgres import DatabaseFactory
from tests.support.report import announce

Visit = Callable[..., AbstractAsyncContextManager[Visitor]]


@pytest.fixture(scope="session")
async def chromium(request: pytest.FixtureRequest) -> AsyncIterator[Browser]:
    path = find_chromium()
    if not path:
        announce(request.config, "Chromium", "NONE")
        pytest.skip("没有找到 Chromium：apt-get install chromium fonts-noto-cjk，或用 GF_TEST_CHROMIUM 指明路径")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        announce(request.config, "Chromium", browser.version)
        yield browser
        await browser.close()


@pytest.fixture(scope="session")
async def season(database_factory: DatabaseFactory, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Season]:
    """The whole house with a campaign under way."""
    async with open_season(database_factory, tmp_path_factory.mktemp("browser")) as opened:
        yield opened


@pytest.fixture
async def visitor(chromium: Browser, season: Season) -> AsyncIterator[Callable[..., object]]:
    """`await visitor("yubei-approve")`: a person who has signed in; several in one test are several windows."""
    async with AsyncExitStack() as stack:

        async def come(account: str = "", path: str = "/review/ui/", **options: object) -> Visitor:
            one = await stack.enter_async_context(visit(chromium, season.house.base_url, **options))
            if account:
                await one.enter(season.house, account, path)
            return one

        yield come
