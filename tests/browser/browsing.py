"""People at the pages: a window of Chromium each, that looks for what must never happen on any page."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.async_playwright import Axe
from PIL import Image
from playwright.async_api import Browser, BrowserContext, Locator, Page, Request, Response, expect
from playwright.async_api import Error as PlaywrightError
from starlette.requests import Request as Asked
from starlette.responses import Response as Answer

from tests.support.house import House

#: The manual's screen, a common laptop, a phone.
WIDE, LAPTOP, PHONE = (1920, 1080), (1366, 768), (390, 844)
PICTURES = Path(__file__).resolve().parents[2] / "docs" / "pictures"
#: Milliseconds; long, because whoever runs the tests may be busy with something else too.
PATIENCE = 40_000
#: Seconds until a person looks again.
PAUSE = 1.0
expect.set_options(timeout=PATIENCE)
#: Nothing of the browser's own may go out either: no updates, no checks, no sync.
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--force-color-profile=srgb",
]  # fmt: skip
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

#: What a bar that sticks to the window's edge covers comes into view by scrolling; axe only sees that it is covered.
UNSTICK = (
    """for (const one of document.querySelectorAll(".bar, .subnav, .columns > aside")) one.style.position = "static";"""
)
STICK = """for (const one of document.querySelectorAll(".bar, .subnav, .columns > aside")) one.style.position = "";"""
#: The elements beyond the right edge that no scrolling parent holds.
STICKING_OUT = """[...document.querySelectorAll("body *")].filter((one) => {
  if (one.getBoundingClientRect().right + scrollX <= innerWidth + 1) return false;
  for (let up = one.parentElement; up; up = up.parentElement)
    if (getComputedStyle(up).overflowX !== "visible") return false;
  return true;
}).slice(0, 4).map((one) => one.outerHTML.slice(0, 200))"""


def find_chromium() -> str:
    """The browser's path, or nothing."""
    given = os.environ.get("GF_TEST_CHROMIUM", "")
    return given or next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), "")


@dataclass
class Visitor:
    """One person in one browser window."""

    base: str
    context: BrowserContext
    page: Page
    account: str = ""
    #: Requests to hosts that are not ours, breaches of the content policy, errors in scripts.
    strange: list[str] = field(default_factory=list)
    #: Answers from 500 on.
    broken: list[str] = field(default_factory=list)
    _forgiven: bool = False

    # --- going about -----------------------------------------------------------------------------------------

    async def sign_in(self, account: str, path: str = "/review/ui/") -> None:
        """Ask for a page, choose the account at the issuer, arrive at the page."""
        self.account = account
        await self.page.goto(self.base + path)
        await self.choose(account)

    async def enter(self, house: House, account: str, path: str) -> None:
        """Signed in already: with the cookie that the sign-in would have given (the way there has its own test)."""
        self.account = account
        service = path.split("/")[1]
        cookies = house.services[service].app.state.pages.login.cookies
        said = house.accounts[account].claims()
        names = {"sub": "sub", "name": "name", "roles": "gl_roles", "authority": "gl_authority", "org": "gl_org"}
        person = {name: said.get(claim, "") for name, claim in names.items()}
        answer = Answer()
        asked = Asked({"type": "http", "headers": [], "scheme": "http", "server": ("127.0.0.1", 80), "path": path})
        cookies.write(asked, answer, "session", {"p": person, "csrf": secrets.token_urlsafe(24)}, 3600)
        name, _, rest = answer.headers["set-cookie"].partition("=")
        cookie = {"name": name, "value": rest.split(";")[0].strip('"'), "domain": "127.0.0.1", "path": f"/{service}"}
        await self.context.add_cookies([cookie])  # type: ignore[list-item]
        await self.open(path)

    async def choose(self, account: str) -> None:
        """At the issuer's page."""
        await self.page.wait_for_url("**/auth/authorize**")
        await self.page.locator(f'form:has(input[value="{account}"]) button').click()
        await self.page.wait_for_url(lambda url: "/auth/" not in url)

    async def open(self, path: str) -> None:
        await self.page.goto(self.base + path)

    async def comes(self, selector: str, path: str = "") -> Locator:
        """The element, as soon as this page (or that at the path) has it: another service has to hear of it first."""
        if path and self.page.url != self.base + path:
            await self.open(path)
        end = time.monotonic() + 2 * PATIENCE / 1000
        while not await self.page.locator(selector).count():
            assert time.monotonic() < end, f"{self.account} at {self.page.url}: nowhere {selector}"
            await asyncio.sleep(PAUSE)
            await self.page.reload()
        return self.page.locator(selector).first

    async def resize(self, size: tuple[int, int]) -> None:
        await self.page.set_viewport_size({"width": size[0], "height": size[1]})

    # --- acting ----------------------------------------------------------------------------------------------

    def form(self, act: str) -> Locator:
        """The page's form for an act, by the end of its address."""
        return self.page.locator(f'form[action$="/{act}"]').first

    async def opened(self, act: str) -> Locator:
        """The act's form, its fold opened."""
        form = self.form(act)
        fold = form.locator("xpath=ancestor::details[1]")
        if await fold.count() and not await fold.evaluate("fold => fold.open"):
            await fold.locator(":scope > summary").click()
        return form

    async def send(self, form: Locator, *, confirm: bool = False) -> None:
        """Click the form's button (and the one of the question); the next page has come when this returns."""
        await self.page.evaluate("window.stillHere = true")
        await self.click(form, confirm=confirm)
        for _ in range(800):
            with contextlib.suppress(PlaywrightError):  # between two pages there is nothing to ask
                if not await self.page.evaluate("Boolean(window.stillHere)"):
                    break
                said = await self.page.locator("form .failure, form .error").all_inner_texts()
                assert not said, f"{self.account} at {self.page.url}: {' '.join(said)}"
            await asyncio.sleep(0.05)
        await self.page.wait_for_load_state()

    async def click(self, form: Locator, *, confirm: bool = False) -> None:
        """The same, where the page is to stay."""
        await form.locator("button:not([type=button])").last.click()
        if confirm:
            await self.page.locator("dialog[open] button.main").click()

    async def tab_to(self, selector: str) -> None:
        """With the keyboard alone: Tab until the element has the focus."""
        for _ in range(300):
            await self.page.keyboard.press("Tab")
            if await self.page.evaluate("s => document.activeElement.matches(s)", selector):
                return
        raise AssertionError(f"{selector} is never reached by Tab")

    async def told(self, text: str) -> None:
        """The page says so, once."""
        await expect(self.page.locator(".flash")).to_contain_text(text)

    # --- looking ---------------------------------------------------------------------------------------------

    async def accessible(self) -> None:
        """axe finds nothing, on a laptop and on a phone; and nothing is wider than the window."""
        before = self.page.viewport_size
        for size in (LAPTOP, PHONE):
            await self.resize(size)
            await self._narrow_enough(size)
            await self.page.evaluate(UNSTICK)
            found = await Axe().run(self.page, options={"runOnly": AXE_RULES, "resultTypes": ["violations"]})
            await self.page.evaluate(STICK)
            assert not found.violations_count, f"{self.page.url} {size}\n{found.generate_report()}"
        if before:
            await self.page.set_viewport_size(before)

    async def _narrow_enough(self, size: tuple[int, int]) -> None:
        over = await self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        if over > 0:
            raise AssertionError(
                f"{self.page.url} is {over} px too wide at {size}: {await self.page.evaluate(STICKING_OUT)}"
            )

    async def picture(self, name: str, size: tuple[int, int] = LAPTOP, *, whole: bool = False) -> None:
        """A picture for the documents, only when asked for (GF_PICTURES=1)."""
        if not os.environ.get("GF_PICTURES"):
            return
        await self.resize(size)
        await self.page.evaluate("document.activeElement.blur()")
        PICTURES.mkdir(parents=True, exist_ok=True)
        shot = await self.page.screenshot(full_page=whole, animations="disabled")
        image = Image.open(io.BytesIO(shot)).convert("RGB").quantize(96, dither=Image.Dither.NONE)
        image.save(PICTURES / f"{name}.png", optimize=True)
        await self.resize(LAPTOP)

    @contextmanager
    def expecting_errors(self) -> Iterator[None]:
        """For tests that provoke them: a refused answer is an error on the browser's console."""
        before, self._forgiven = self._forgiven, True
        yield
        self._forgiven = before

    # --- watching --------------------------------------------------------------------------------------------

    def watch(self) -> None:
        self.context.on("request", self._asked)
        self.context.on("response", self._answered)
        self.context.on("weberror", lambda error: self.strange.append(f"script: {error.error}"))
        self.context.on("console", self._said)

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != urlsplit(self.base).netloc:
            self.strange.append(f"outside: {request.url}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.broken.append(f"{response.status} {response.url}")

    def _said(self, message: Any) -> None:
        refused = "Failed to load resource" in message.text
        if message.type == "error" and not (refused and self._forgiven):
            self.strange.append(f"console at {self.page.url}: {message.text}")


@asynccontextmanager
async def visit(chromium: Browser, base: str, **options: Any) -> AsyncIterator[Visitor]:
    """A window of its own; when it closes, nothing strange may have happened in it."""
    context = await chromium.new_context(
        locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": LAPTOP[0], "height": LAPTOP[1]}, **options
    )
    context.set_default_timeout(PATIENCE)
    visitor = Visitor(base, context, await context.new_page())
    visitor.watch()
    try:
        yield visitor
    finally:
        await context.close()
    assert not visitor.strange, visitor.strange
    assert not visitor.broken, visitor.broken
