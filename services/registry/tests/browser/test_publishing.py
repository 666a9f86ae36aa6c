"""The registry's desk in Chromium: publishing, dynamic management; at three widths, and axe finds nothing."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from services.registry.tests.db.support import NATIONAL
from services.registry.tests.db.test_editions import listed, names, publish
from services.registry.tests.db.test_rankings import Run
from services.registry.tests.http.browser import cookie
from services.registry.tests.http.test_http import World, world  # noqa: F401 - a fixture
from tests.browser.browsing import ARGUMENTS, AXE_RULES, LAPTOP, PHONE, STICK, UNSTICK, WIDE, find_chromium

pytestmark = [pytest.mark.db, pytest.mark.browser]
EDITION = f"/registry/ui/lists/{NATIONAL}/edition"
#: Where pictures of the pages go, to be looked at; nowhere without it.
PICTURES = os.environ.get("GF_REGISTRY_PICTURES", "")


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    path = find_chromium()
    if not path:
        pytest.skip("没有找到 Chromium：apt-get install chromium fonts-noto-cjk，或用 GF_TEST_CHROMIUM 指明路径")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def address(world: World) -> AsyncIterator[str]:  # noqa: F811
    server = uvicorn.Server(uvicorn.Config(world.app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    task = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.05)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await task


async def enter(chromium: Browser, address: str, world: World, token: str) -> tuple[BrowserContext, Page]:  # noqa: F811
    context = await chromium.new_context(viewport={"width": LAPTOP[0], "height": LAPTOP[1]}, locale="zh-CN")
    await sign_in(context, address, world, token)
    return context, await context.new_page()


async def sign_in(context: BrowserContext, address: str, world: World, token: str) -> None:  # noqa: F811
    name, _, value = cookie(world.app, token).partition("=")
    await context.add_cookies([{"name": name, "value": value, "url": address}])


async def look(page: Page, name: str) -> None:
    """axe finds nothing and nothing is wider than the window, at three widths."""
    for size in (WIDE, LAPTOP, PHONE):
        await page.set_viewport_size({"width": size[0], "height": size[1]})
        over = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, (name, size, over)
        if PICTURES:
            await page.screenshot(path=Path(PICTURES) / f"{name}-{size[0]}.png", full_page=True)
        await page.evaluate(UNSTICK)
        found = await Axe().run(page, options={"runOnly": AXE_RULES, "resultTypes": ["violations"]})
        await page.evaluate(STICK)
        assert not found.violations_count, f"{name} {size}\n{found.generate_report()}"
    await page.set_viewport_size({"width": LAPTOP[0], "height": LAPTOP[1]})


async def test_every_page(world: World, chromium: Browser, address: str) -> None:  # noqa: F811
    bad = await listed(world.station, name="佛山市顺德区末位电器有限公司")
    near = await listed(world.station, name="重庆预警机械有限公司")
    await world.station.hear(bad.unit_changed())
    await publish(world.station)
    await Run([(near.unit_id, -1), (bad.unit_id, 3)]).tell(world.station)
    for number in range(4):
        await listed(world.station, name=f"广东新列入绿色材料股份有限公司第{number}分公司")
    context, page = await enter(chromium, address, world, "registrar@miit")
    for name, path in (
        ("desk", "/registry/ui/desk"),
        ("edition", EDITION),
        ("dynamic-lists", "/registry/ui/dynamic"),
        ("dynamic", f"/registry/ui/lists/{NATIONAL}/dynamic"),
        ("standing", f"/registry/ui/units/{bad.unit_id}/standing"),
        ("list", f"/registry/ui/lists/{NATIONAL}"),
    ):
        answer = await page.goto(address + path)
        assert answer is not None
        assert answer.status == 200, path
        await look(page, name)
    await context.close()
    context, page = await enter(chromium, address, world, f"applicant@@{bad.uscc}")
    await page.goto(f"{address}/registry/ui/mine")
    await look(page, "mine")
    await page.get_by_role("link", name=bad.name).click()
    await expect(page.get_by_text("连续 3 年处于后5%")).to_be_visible()
    await context.close()


async def test_publishing_once_with_everything_in_between(world: World, chromium: Browser, address: str) -> None:  # noqa: F811
    await listed(world.station, name="甲厂")
    context, page = await enter(chromium, address, world, "registrar@miit")
    await page.goto(address + EDITION)
    await page.get_by_label("公布文件").fill("工信厅节函〔2026〕97号")
    # The session is over: what was typed is there again after the sign-in.
    await context.clear_cookies()
    await page.get_by_role("button", name="拟定").click()
    await expect(
        page.get_by_role("dialog").or_(page.locator("form .alert, form .problem, .toasts p")).first
    ).to_be_visible()
    await sign_in(context, address, world, "registrar@miit")
    await page.goto(address + EDITION)
    await expect(page.get_by_label("公布文件")).to_have_value("工信厅节函〔2026〕97号")
    await page.get_by_role("button", name="拟定").click()
    await expect(page.get_by_role("button", name="公布名单")).to_be_visible()
    await look(page, "drafted")
    # A colleague was faster.
    await listed(world.station, name="乙厂")
    await page.get_by_role("button", name="公布名单").click()
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / "confirm.png")
    await page.get_by_role("dialog").get_by_role("button", name="公布名单").click()
    await expect(page.get_by_text("新增：乙厂").first).to_be_visible()
    assert await world.station.published(NATIONAL, "EditionPublished") == []
    await page.goto(address + EDITION)
    # Two clicks on the confirmation.
    await page.get_by_role("button", name="公布名单").click()
    await page.get_by_role("dialog").get_by_role("button", name="公布名单").dblclick(no_wait_after=True)
    await expect(page.locator(".flash")).to_contain_text("年第 1 期：在册 2 家")
    # Back, and again: nothing is published a second time.
    await page.go_back()
    await expect(page.get_by_text("没有待公布的变动")).to_be_visible()
    assert len(await world.station.published(NATIONAL, "EditionPublished")) == 1
    ((day,),) = await world.station.rows("select effective from edition")
    assert sorted(await names(world.station, NATIONAL, day)) == ["乙厂", "甲厂"]
    await context.close()
