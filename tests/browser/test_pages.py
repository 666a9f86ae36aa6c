"""Every page: axe finds nothing, nothing comes from elsewhere, nothing is wider than the window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from tests.browser.browsing import Visitor

pytestmark = pytest.mark.browser
Come = Callable[..., Awaitable[Visitor]]


@pytest.mark.parametrize("path", ["/", "/auth/accounts", "/clock", "/registry/ui/", "/review/problems/stale"])
async def test_pages_that_are_open_to_all(visitor: Come, path: str) -> None:
    one = await visitor()
    await one.open(path)
    await one.accessible()


async def test_the_sign_in(visitor: Come) -> None:
    one = await visitor()
    await one.open("/review/ui/")
    assert "/auth/authorize" in one.page.url
    await one.accessible()
    await one.choose("yubei-review")
    assert one.page.url.endswith("/review/ui/")
    await one.accessible()
