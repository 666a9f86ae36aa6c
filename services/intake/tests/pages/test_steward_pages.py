"""The stewards' pages: announcing, opening and dating a campaign, as a browser without scripts sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup

from services.intake.tests.world import CSRF, POLICY, World, applicant, official

pytestmark = pytest.mark.db
HERE = "/intake/ui/steward"
NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
NEW = {
    "name": "2025年度国家绿色工厂",
    "year": "2025",
    "policy": POLICY,
    "categories": ["factory"],
    "kinds": ["application"],
}


@pytest.fixture
async def ministry(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.browser(official("miit", "steward")) as browser:
        yield browser


async def page_of(browser: httpx.AsyncClient, path: str, status: int = 200) -> BeautifulSoup:
    answer = await browser.get(path)
    assert answer.status_code == status, answer.text[:2000]
    return BeautifulSoup(answer.text, "html.parser")


async def post(browser: httpx.AsyncClient, path: str, data: dict[str, Any]) -> httpx.Response:
    """As base.js posts an act."""
    return await browser.post(path, data={"csrf_token": CSRF, **data}, headers={"accept": "application/json"})


async def announced(browser: httpx.AsyncClient, **more: Any) -> str:
    answer = await post(browser, f"{HERE}/new", {**NEW, **more})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["to"])


def seen(page: BeautifulSoup, form: str) -> str:
    return str(page.select_one(f"#{form} input[name=seen]")["value"])  # type: ignore[index]


@pytest.mark.rule("GD-3")
async def test_a_campaign_is_announced_and_opened(world: World, ministry: httpx.AsyncClient) -> None:
    home = await ministry.get("/intake/ui/")
    assert (home.status_code, home.headers["location"]) == (303, HERE)
    where = await announced(ministry, title_1="填报指南", url_1="https://example.org/guide", name=NASTY)
    page = await page_of(ministry, where)
    assert page.h1 is not None
    assert page.h1.text == NASTY
    assert not page.select("img[src=x]")
    assert "已发布，未开始" in page.text
    assert page.find("a", href="https://example.org/guide") is not None
    assert "2025-11-07（当日有效）" in page.text
    opened = await post(ministry, f"{where}/open", {"seen": seen(page, "open"), "renewal_document": ""})
    assert opened.status_code == 200, opened.text
    page = await page_of(ministry, where)
    assert "受理中" in page.text
    assert page.select_one("#open") is None
    assert "受理中" in (await page_of(ministry, HERE)).text
    # Now units may apply.
    unit = await world.unit()
    await world.listed(unit["id"])
    assert (await world.draft(unit, where.rpartition("/")[2]))["state"] == "draft"


async def test_what_is_wrong_names_its_field(ministry: httpx.AsyncClient) -> None:
    for wrong, field in (
        ({"name": ""}, "name"),
        ({"year": "明年"}, "year"),
        ({"categories": []}, "categories"),
        ({"categories": ["supply_chain"]}, "categories"),
        ({"title_1": "指南", "url_1": "javascript:alert(1)"}, "links.url"),
        ({"title_1": "指南", "url_1": "https://a\x00b"}, "links.url"),
        ({"name": "批\x00次"}, "name"),
    ):
        answer = await post(ministry, f"{HERE}/new", {**NEW, **wrong})
        assert answer.status_code == 422, (wrong, answer.text)
        assert field in [one["field"] for one in answer.json()["errors"]], wrong
        assert any("一" <= letter <= "鿿" for letter in answer.json()["detail"])
    where = await announced(ministry)
    for wrong, field in (({"closes_at": "31.10."}, "closes_at"), ({"document": ""}, "document")):
        answer = await post(
            ministry, f"{where}/dates", {"act": "submit", "closes_at": "2025-10-31", "document": "文", **wrong}
        )
        assert [one["field"] for one in answer.json()["errors"]] == [field]


@pytest.mark.rule("GD-32")
async def test_a_policy_out_of_force_needs_its_renewal(ministry: httpx.AsyncClient) -> None:
    where = await announced(ministry, policy="national/2023/n23", year="2023")
    page = await page_of(ministry, where)
    refused = await post(ministry, f"{where}/open", {"seen": seen(page, "open")})
    assert (refused.status_code, refused.json()["code"]) == (422, "policy_not_in_force")
    opened = await post(ministry, f"{where}/open", {"seen": seen(page, "open"), "renewal_document": "延期〔2025〕1号"})
    assert opened.status_code == 200, opened.text
    assert "延期〔2025〕1号" in (await page_of(ministry, where)).text


async def test_a_campaign_whose_time_is_over_is_dated_before_it_is_opened(
    world: World, ministry: httpx.AsyncClient
) -> None:
    where = await announced(ministry)
    assert "上报时间已经届满" not in (await page_of(ministry, where)).text
    world.pass_time(timedelta(days=30))
    assert "上报时间已经届满" in (await page_of(ministry, where)).text
    asked = {"act": "submit", "closes_at": "2026-06-30", "document": "工信厅节函〔2026〕1号"}
    extended = await post(ministry, f"{where}/dates", asked)
    assert extended.status_code == 200, extended.text
    page = await page_of(ministry, where)
    assert "上报时间已经届满" not in page.text
    assert "延长" in page.text


@pytest.mark.rule("N25-dates")
async def test_a_lower_level_sets_an_earlier_last_day_only(world: World, ministry: httpx.AsyncClient) -> None:
    where = f"{HERE}/{await world.campaign()}"
    async with world.browser(official("cq", "steward")) as city:
        page = await page_of(city, where)
        assert page.select_one("#open") is None
        asked = {"act": "submit", "document": "渝经信绿发〔2025〕7号"}
        late = await post(city, f"{where}/dates", {**asked, "closes_at": "2025-11-20"})
        assert late.status_code == 422, late.text
        assert "closes_at" in [one["field"] for one in late.json()["errors"]]
        earlier = await post(city, f"{where}/dates", {**asked, "closes_at": "2025-10-31"})
        assert earlier.status_code == 200, earlier.text
        page = await page_of(city, where)
        assert "2025-10-31（当日有效）" in page.text
        assert "渝经信绿发〔2025〕7号" in page.text
    # It binds those below only.
    own = (await page_of(ministry, where)).find("caption", string="对本部门生效的时间")
    assert own is not None
    assert own.parent is not None
    assert "2025-10-31" not in own.parent.text


async def test_a_double_click_and_a_stale_page(ministry: httpx.AsyncClient) -> None:
    first = await announced(ministry, key="page-0001")
    assert await announced(ministry, key="page-0001") == first
    late = await post(ministry, f"{first}/open", {"seen": "7"})
    assert late.status_code == 412
    unseen = await post(ministry, f"{first}/open", {})
    assert unseen.status_code == 412


async def test_who_organises_no_applications_has_no_pages_here(world: World) -> None:
    campaign = await world.campaign()
    for who in (official("miit", "reviewer"), applicant("91500112000000001X")):
        async with world.browser(who) as browser:
            for path in (HERE, f"{HERE}/new", f"{HERE}/{campaign}"):
                assert (await browser.get(path)).status_code == 403
            for path in (f"{HERE}/new", f"{HERE}/{campaign}/open", f"{HERE}/{campaign}/dates"):
                assert (await post(browser, path, {})).status_code == 403


async def test_a_campaign_is_opened_by_its_own_authority(world: World, ministry: httpx.AsyncClient) -> None:
    where = await announced(ministry)
    async with world.browser(official("cq", "steward")) as other:
        refused = await post(other, f"{where}/open", {"seen": "1"})
    assert refused.status_code == 404
