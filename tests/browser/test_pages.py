"""Every page: axe finds nothing, nothing comes from elsewhere, nothing is wider than the window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect

import gf_policy
from gf_standalone.demo import data
from gf_standalone.demo.acts import Registrar
from tests.browser.browsing import Visitor
from tests.e2e.season import Season

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
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


async def test_the_public_lists(season: Season, visitor: Come) -> None:
    listed = data.lists()[0]
    await Registrar(season.house.speak(listed["account"])).import_list(listed)
    one = await visitor()
    await one.open("/registry/ui/")
    await one.page.locator("tbody a").first.click()
    await one.page.wait_for_load_state()
    await one.accessible()
    await one.page.get_by_role("link", name="历史").first.click()
    await one.page.wait_for_load_state()
    await one.accessible()


async def test_an_existing_list_is_imported_by_pasting(visitor: Come) -> None:
    one = await visitor("fs-lists", "/registry/ui/desk")
    await one.page.get_by_role("link", name="导入已有名单").click()
    await one.accessible()
    await one.page.locator("#f-list_id").select_option("city:gd.foshan:park")
    await one.page.get_by_label("年份").fill("2024")
    await one.page.get_by_label("公布文件").fill("佛工信〔2024〕8号")
    await one.page.get_by_label("生效日期").fill("2024-12-20")
    await one.page.locator("#f-entries").fill("甲园区\t123")
    await one.page.get_by_role("button", name="导入并公布").click()
    with one.expecting_errors():
        await one.page.locator("dialog").get_by_role("button", name="导入并公布").click()
        await expect(one.page.locator(".field .error")).to_contain_text("第 1 家，统一社会信用代码")
    await one.accessible()
    await one.page.locator("#f-entries").fill("甲园区\t\t440604\n乙园区")
    await one.page.get_by_role("button", name="导入并公布").click()
    await one.page.locator("dialog").get_by_role("button", name="导入并公布").click()
    await expect(one.page.get_by_text("已导入，作为 2024 年第 1 期公布：2 家。")).to_be_visible()
    await expect(one.page.get_by_text("甲园区").first).to_be_visible()
    await one.accessible()


async def test_the_pages_of_stewards(visitor: Come) -> None:
    """A campaign announced and opened by clicking; what is missing is said at its field."""
    one = await visitor("miit-lists", "/intake/ui/")
    assert one.page.url.endswith("/intake/ui/steward")
    await one.accessible()
    await one.page.get_by_role("link", name="发布申报批次").click()
    await one.accessible()
    await one.page.get_by_label("批次名称").fill("又一批绿色工业园区推荐")
    await one.page.get_by_label("绿色工业园区").check()
    with one.expecting_errors():
        await one.page.get_by_role("button", name="发布").click()
        await expect(one.page.locator("fieldset .error")).to_have_text("表单：至少 1 项。")
    await one.accessible()
    await one.page.get_by_label("申报表").check()
    await one.page.get_by_role("button", name="发布").click()
    await expect(one.page.locator("h1")).to_have_text("又一批绿色工业园区推荐")
    await one.accessible()
    await one.page.get_by_label("最后一天").fill("2027-06-30")
    await one.page.get_by_label("依据文件").fill("工信厅节函〔2027〕1号")
    await one.page.get_by_role("button", name="登记时间").click()
    await expect(one.page.get_by_text("立即生效").first).to_be_visible()
    await one.page.locator("#open").get_by_role("button", name="开始受理").click()
    await one.page.locator("dialog").get_by_role("button", name="开始受理").click()
    await expect(one.page.locator(".head .badge")).to_have_text("受理中")
    await one.accessible()


async def test_the_pages_of_scoring(season: Season, visitor: Come) -> None:
    """Rules for all; the sheet with a link back to the form or the case it belongs to."""
    one, submission = await season.applied("shenzhen", "440306")
    await season.desk("sz").prepare(submission)
    official = await visitor("sz-approve", "/scoring/ui/")
    await official.accessible()
    sheet = f"/scoring/ui/sheets/{submission}"
    for path in ("rulesets", "industries", "limits", "rankings", "rescorings"):
        await official.open(f"/scoring/ui/{path}")
        await official.accessible()
    await official.open("/scoring/ui/rulesets")
    await official.page.locator("tbody a").first.click()
    await official.page.wait_for_load_state()
    await official.accessible()
    await official.open(sheet)
    await official.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    await official.accessible()
    back = official.page.locator(".crumbs a").first
    assert await back.get_attribute("href") == f"/review/ui/cases/{submission}"
    await official.page.get_by_role("link", name="假设测算").first.click()
    await official.page.wait_for_url("**/what-if")
    await official.page.get_by_role("button", name="测算").click()
    await expect(official.page.locator("aside caption")).to_have_text("有变化的指标")
    await official.accessible()
    code = one.applicant.unit["uscc"]
    account = next(found.id for found in season.house.accounts.values() if found.org == code)
    applicant = await visitor(account, sheet)
    assert (
        await applicant.page.locator(".crumbs a").first.get_attribute("href") == f"/intake/ui/submissions/{submission}"
    )
    await applicant.accessible()


async def test_the_runs_of_scoring(season: Season, visitor: Come) -> None:
    """A ranking that still collects, a shadow run with its report."""
    _, submission = await season.applied("shenzhen", "440306")
    await season.desk("sz").prepare(submission)
    steward = season.house.speak("miit-lists")
    asked = {"campaign_id": season.campaign, "category": "factory"}
    ranking = (await steward.post("/scoring/v1/rankings", asked))["id"]
    rules = gf_policy.load().root / "national/2025/n25/ruleset-factory.yaml"
    text = rules.read_text(encoding="utf-8").replace('version: "1"', 'version: "2"', 1)
    trial = (await steward.post("/scoring/v1/rescore-runs", asked | {"title": "取水强度权重试算", "ruleset": text}))[
        "id"
    ]
    await steward.until(
        f"/scoring/v1/rescore-runs/{trial}", lambda run: run["state"] == "finished", what="the end of the shadow run"
    )
    one = await visitor("miit-lists", f"/scoring/ui/rankings/{ranking}")
    assert await one.page.get_by_text("还在等待").count()
    await one.accessible()
    await one.open(f"/scoring/ui/rescorings/{trial}")
    assert await one.page.get_by_role("heading", name="试算报告").count()
    await one.accessible()
    for path in ("rankings", "rescorings"):
        await one.open(f"/scoring/ui/{path}")
        await one.accessible()


@pytest.mark.parametrize(
    ("account", "path"),
    [
        ("cq-lists", "/notify/ui/"),
        ("yubei-review", "/review/ui/cases/01990000-0000-7000-8000-000000000000"),
        ("unit-cq", "/review/ui/"),
        ("ops-1", "/review/ops/held"),
    ],
)
async def test_pages_behind_the_sign_in(visitor: Come, account: str, path: str) -> None:
    one = await visitor()
    with one.expecting_errors():
        await one.open(path)
        await one.choose(account)
        await one.accessible()


async def test_a_sign_in_that_another_site_began_is_refused(visitor: Come) -> None:
    one = await visitor()
    with one.expecting_errors():
        await one.open("/review/ui/callback?code=x&state=y")
        assert "登录未完成" in await one.page.inner_text("main")
        await one.accessible()


async def test_at_twice_the_size_nothing_is_lost(visitor: Come) -> None:
    """WCAG 1.4.4, 1.4.10: a laptop at 200 % is a window half as wide."""
    one = await visitor("yubei-review")
    for path in ("/review/ui/", "/review/ui/batches", "/review/ui/publicities"):
        await one.open(path)
        await one.resize((683, 384))
        over = await one.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, (path, over)
