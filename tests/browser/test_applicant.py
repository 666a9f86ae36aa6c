"""An applicant's way through the pages: start, fill, be warned, upload, verify, submit, withdraw, submit again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import expect

from gf_standalone.demo import data
from tests.browser.browsing import Visitor
from tests.e2e.season import Season
from tests.support.enterprises import Enterprise, enterprise

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
Come = Callable[..., Awaitable[Visitor]]
#: Milliseconds; files are looked into and pages are long.
PATIENCE = 30_000
expect.set_options(timeout=PATIENCE)
SLOTS = ("advanced_technology", "retrofit_projects", "green_design_report", "footprint_report")


async def arrive(visitor: Come, season: Season, superior: str = "shenzhen") -> tuple[Visitor, Enterprise]:
    """A new enterprise at its list. Under Shenzhen nothing has to be on a list before."""
    one = await enterprise(season.house, superior, "440306")
    code = one.applicant.unit["uscc"]
    account = next(found for found in season.house.accounts.values() if found.org == code)
    at = await visitor(account.id, "/intake/ui/")
    at.context.set_default_timeout(PATIENCE)
    return at, one


async def start(at: Visitor) -> str:
    """A new form; its address."""
    await at.open("/intake/ui/campaigns")
    await at.page.get_by_role("button", name="开始填写").first.click()
    await at.page.wait_for_url("**/edit")
    return at.page.url.removeprefix(at.base).removesuffix("/edit")


async def filled(at: Visitor, one: Enterprise, path: str) -> None:
    """The form with all its values, saved as a draft by the API: typing fifty numbers shows nothing new."""
    client = one.client
    now = await client.get(f"/intake/v1/submissions/{path.rpartition('/')[2]}")
    await client.send(
        "PUT",
        f"/intake/v1/submissions/{path.rpartition('/')[2]}/content",
        json=data.content(one.applicant.unit),
        match=f'"{now["version"]}"',
    )
    await at.open(f"{path}/edit")


def file(tmp_path: Path, name: str, content: bytes) -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.rule("DM-draft", "DM-warn", "DM-form", "DM-units")
async def test_what_is_typed_is_checked_saved_and_never_lost(visitor: Come, season: Season) -> None:
    at, one = await arrive(visitor, season)
    path = await start(at)
    page = at.page
    await at.accessible()
    await page.locator("[name='value:main_products']").fill("印制电路板")
    await expect(page.locator("#saved")).to_contain_text("已自动保存")
    await filled(at, one, path)
    # A value out of its usual range: a warning that can be closed, and a note beside it.
    cell = page.locator("[data-field='value:ammonia_discharged:2024']")
    await cell.locator("input").first.fill("9000")
    warning = cell.locator("details.warning").first
    await expect(warning).to_be_visible(timeout=15_000)
    await warning.locator("summary").click()
    await expect(warning.locator("p")).to_be_hidden()
    # A unit that is not the form's: the value in the form's own unit is shown.
    await page.locator("[name='unit:output_value']").select_option("千元")
    await expect(page.locator("[data-converted='value:output_value:2024']")).to_contain_text("万元")
    # An error shows at its field while typing; the text stays in this window, reloaded or signed out.
    with at.expecting_errors():
        area = page.locator("[name='value:land_area']")
        await area.fill("五万")
        await expect(page.locator("[data-field='value:land_area'] .error")).to_be_visible(timeout=15_000)
        await expect(page.locator("#saved")).to_contain_text("格式不对")
        await at.accessible()
        page.on("dialog", lambda dialog: dialog.accept())
        await page.reload()
        assert await area.input_value() == "五万"
        await area.fill("52000")
        await at.context.clear_cookies()
        await page.locator("[name='value:main_products']").fill("会话过期时填写的内容")
        await page.get_by_role("button", name="重新登录").click()
        await at.choose(at.account)
    assert await page.locator("[name='value:main_products']").input_value() == "会话过期时填写的内容"
    await page.get_by_role("button", name="暂存").last.click()
    await at.told("已暂存")
    saved = await one.client.get(f"/intake/v1/submissions/{path.rpartition('/')[2]}")
    assert saved["content"]["values"][0]["value"] == "会话过期时填写的内容"


@pytest.mark.rule("DM-draft")
async def test_two_windows_do_not_overwrite_each_other_unseen(visitor: Come, season: Season) -> None:
    at, one = await arrive(visitor, season)
    path = await start(at)
    await filled(at, one, path)
    other = await at.context.new_page()
    await other.goto(f"{at.base}{path}/edit")
    await other.locator("[name='value:land_area']").fill("61000")
    await other.get_by_role("button", name="暂存").last.click()
    await expect(other.locator(".flash")).to_contain_text("已暂存")
    with at.expecting_errors():
        await at.page.locator("[name='value:land_area']").fill("62000")
        told = at.page.locator("#told")
        await expect(told).to_contain_text("厂区用地面积：已保存的是“61000 m2”，您填写的是“62000 m2”")
        await at.page.get_by_role("button", name="以本页内容为准，保存").click()
        await expect(at.page.locator("#saved")).to_contain_text("已自动保存")
    saved = await one.client.get(f"/intake/v1/submissions/{path.rpartition('/')[2]}")
    area = next(value["value"] for value in saved["content"]["values"] if value["code"] == "land_area")
    assert area == "62000"


@pytest.mark.rule("N25-evid", "DM-export", "DM-withdraw", "DM-list")
async def test_from_the_draft_to_the_second_submission(visitor: Come, season: Season, tmp_path: Path) -> None:
    at, one = await arrive(visitor, season)
    path = await start(at)
    page = at.page
    await filled(at, one, path)
    # Evidence with progress, several in one place; what is refused says why; a file is removed again.
    for slot in SLOTS:
        place = page.locator(f"#slot-{slot}")
        files = [file(tmp_path, f"{slot}-{number}.pdf", data.pdf(f"{slot} {number}")) for number in (1, 2)]
        await place.locator("input[type=file]").set_input_files([str(one_) for one_ in files])
        await expect(place.locator(".files a[target]")).to_have_count(2)
    with at.expecting_errors():
        place = page.locator(f"#slot-{SLOTS[0]}")
        bad = file(tmp_path, "假.pdf", b"<script>alert(1)</script>" * 9)
        await place.locator("input[type=file]").set_input_files(str(bad))
        await expect(place.locator(".error")).to_contain_text("只接受")
        await place.get_by_role("button", name="知道了").click()
    await place.locator(f"[data-name='{SLOTS[0]}-2.pdf']").click()
    await expect(place.locator(".files a[target]")).to_have_count(1)
    await at.accessible()
    await at.picture("applicant-form")
    await page.get_by_role("button", name="验证并保存").click()
    await at.told("已通过验证")
    await at.accessible()
    await at.open(f"{path}/print")
    await expect(page.locator(".promise")).to_contain_text("承诺")
    await at.accessible()
    await submitted(at, path, tmp_path)
    await at.accessible()
    await page.evaluate("scrollTo(0, 0)")
    await at.picture("applicant-submission")
    await at.open("/intake/ui/")
    await expect(page.locator("tbody tr")).to_contain_text("上级主管部门审核中")
    await at.accessible()
    await at.picture("applicant-list")
    # Withdrawn before anybody decided: the content stays, everything is done again.
    await at.open(f"{path}#withdraw")
    await page.locator("#withdraw textarea").fill("面积有误")
    await page.locator("#withdraw button.danger").click()
    await page.locator("dialog[open] button.main").click()
    await at.told("已取消上报")
    await at.open(f"{path}/edit")
    await page.locator("[name='value:land_area']").fill("63000")
    await page.get_by_role("button", name="验证并保存").click()
    await at.told("已通过验证")
    await expect(page.locator(".todo")).to_contain_text("原盖章扫描件作废")
    await submitted(at, path, tmp_path)
    await expect(page.locator(".steps")).to_contain_text("深圳市")


async def submitted(at: Visitor, path: str, tmp_path: Path) -> None:
    await at.open(path)
    form = at.form("files/sealed_scan")
    mark = await at.page.locator("aside code").first.text_content()
    await form.locator("input[type=file]").set_input_files(str(file(tmp_path, "盖章.pdf", data.pdf(f"scan {mark}"))))
    await form.locator("button").last.click()
    await at.told("已上传 1 个文件")
    await at.send(at.form("submit"), confirm=True)
    await at.told("已上报")


@pytest.mark.rule("DM-superior", "DM-del")
async def test_the_profile_and_the_deletion(visitor: Come, season: Season) -> None:
    at, _ = await arrive(visitor, season)
    page = at.page
    await at.accessible()
    await at.open("/intake/ui/units")
    await at.accessible()
    await page.get_by_role("link", name="查看和修改").click()
    await at.accessible()
    await page.locator("#f-superior").select_option("gd.foshan")
    await page.get_by_role("button", name="保存").click()
    await at.told("单位信息已保存")
    await at.open("/intake/ui/campaigns")
    await at.accessible()
    await expect(page.locator(".steps").first).to_contain_text("佛山市")
    path = await start(at)
    await at.open(f"{path}#delete")
    await page.locator("#delete button.danger").click()
    await page.locator("dialog[open] button.main").click()
    await at.told("表单已删除")


@pytest.mark.rule("DM-draft")
async def test_the_main_acts_need_no_scripts(visitor: Come, season: Season) -> None:
    one = await enterprise(season.house, "shenzhen", "440306")
    code = one.applicant.unit["uscc"]
    account = next(found for found in season.house.accounts.values() if found.org == code)
    at = await visitor(account.id, "/intake/ui/", java_script_enabled=False)
    path = await start(at)
    await at.page.locator("[name='value:main_products']").fill("不用脚本")
    await at.page.get_by_role("button", name="暂存").last.click()
    await at.page.wait_for_url(f"**{path}/edit")
    await at.told("已暂存")
    assert await at.page.locator("[name='value:main_products']").input_value() == "不用脚本"
