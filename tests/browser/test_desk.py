"""What goes wrong at a desk: two clicks, the back button, a session that is over, a faster colleague, hostile input."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect

from gf_standalone.demo import data
from tests.browser.browsing import LAPTOP, PHONE, Visitor
from tests.browser.clerks import Come
from tests.e2e.season import Season

pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]
#: Markup, script, an attribute's end, a template's and a formula's beginning.
HOSTILE = """=1+1 <img src=x onerror="alert(1)"><script>alert(2)</script>"' {{ 7*7 }} </textarea></option>"""


@pytest.fixture(scope="module")
async def at_the_city(season: Season) -> str:
    """An application that lies at a separately planned city; the tests here leave it there."""
    _, submission = await season.applied("shenzhen", "440306")
    await season.desk("sz").case(submission)
    return submission


async def _records(season: Season, submission: str) -> Any:
    return (await season.house.speak("sz-review").get(f"/review/v1/cases/{submission}"))["records"]


async def test_a_double_click_acts_once(season: Season, visitor: Come, at_the_city: str) -> None:
    one = await visitor("sz-review")
    await one.open(f"/review/ui/cases/{at_the_city}")
    form = await one.opened("findings")
    await form.locator("input[type=radio][value=yes]").first.check()
    async with one.page.expect_navigation():
        await form.get_by_role("button", name="保存核查意见").dblclick()
    await one.told("核查意见已保存")
    assert len((await _records(season, at_the_city))["findings"]) == 1


async def test_what_is_wrong_is_said_at_its_field_and_nothing_is_sent(visitor: Come, at_the_city: str) -> None:
    one = await visitor("sz-approve")
    await one.open(f"/review/ui/cases/{at_the_city}")
    refusal = await one.opened("refuse")
    await one.click(refusal)
    reason = refusal.get_by_label("理由")
    await expect(reason).to_be_focused()
    await expect(reason).to_have_attribute("aria-invalid", "true")
    await expect(refusal.locator(".error")).to_have_text(["请填写此项。"])
    await one.accessible()
    findings = await one.opened("findings")
    await findings.locator("input[type=radio][value=no]").first.check()
    with one.expecting_errors():
        await one.click(findings)
        await expect(findings.locator(".failure")).to_contain_text("核查意见有误")
    await expect(findings.locator(".field .error").first).to_contain_text("请写明问题")


async def test_a_colleague_was_faster(visitor: Come, at_the_city: str) -> None:
    mine, hers = await visitor("sz-approve"), await visitor("sz-review")
    for one in (mine, hers):
        await one.open(f"/review/ui/cases/{at_the_city}")
    form = await hers.opened("findings")
    await form.locator("input[type=radio][value=yes]").nth(1).check()
    await hers.send(form)
    back = await mine.opened("return")
    await back.get_by_label("需要更正的字段").select_option("/values/output_value")
    await back.get_by_label("问题及更正要求 1").fill("与审计报告不一致")
    await back.get_by_label("退回理由").fill("请核对产值")
    with mine.expecting_errors():
        await mine.click(back, confirm=True)
        told = back.locator(".failure")
        await expect(told).to_contain_text("已被同事处理")
        await expect(told.locator("li").first).to_contain_text("填写核查意见")
        await expect(told.locator("li").first).to_contain_text("赵一帆")
    await expect(back.get_by_label("退回理由")).to_have_value("请核对产值")
    async with mine.page.expect_navigation():
        await told.get_by_role("button").click()
    await expect(mine.page.locator("section.changes")).to_contain_text("填写核查意见")
    back = mine.form("return")
    await expect(back.get_by_label("退回理由")).to_have_value("请核对产值")
    await expect(back.get_by_label("问题及更正要求 1")).to_have_value("与审计报告不一致")
    await mine.accessible()


@pytest.mark.rule("N25-53")
async def test_the_industry_is_ruled_and_scored_anew(season: Season, visitor: Come) -> None:
    """Ruled to another industry's table; scoring answers with a new sheet, and the ruling stands on record."""
    _, submission = await season.applied("shenzhen", "440306")
    case = await season.desk("sz").prepare(submission)
    before = case["sheet_revision"]
    one = await visitor("sz-review")
    await one.open(f"/review/ui/cases/{submission}")
    form = await one.opened("industry")
    await expect(form.locator("select option:checked")).to_have_text("请选择")
    await form.get_by_label("认定为").select_option(label="电机")
    await one.click(form)
    await expect(form.locator(".error")).to_have_text(["请填写此项。"])
    await form.get_by_label("认定理由").fill("主导产品为电机，占营业收入九成。")
    await one.send(form)
    await one.told("行业认定已记录")
    await season.house.speak("sz-review").until(
        f"/review/v1/cases/{submission}", lambda now: now["sheet_revision"] > before, what="the new sheet"
    )
    await one.page.reload()
    await expect(one.page.locator("h1")).to_contain_text("重点行业：电机")
    await expect(one.page.locator("#records")).to_contain_text("主导产品为电机，占营业收入九成。")
    await expect(one.page.locator("#history")).to_contain_text("行业认定：电机")
    await expect(one.page.locator("#act-industry > summary")).to_contain_text("现为 电机")
    assert "重点行业尚未单独发布" in await one.page.locator("#score").inner_text()
    await one.accessible()


async def test_an_expired_session_keeps_what_was_typed(season: Season, visitor: Come, at_the_city: str) -> None:
    one = await visitor("sz-review")
    await one.open(f"/review/ui/cases/{at_the_city}")
    form = await one.opened("findings")
    await form.get_by_label("针对单个字段或材料").select_option("/values/energy_total")
    await form.get_by_label("该字段的说明").fill("与统计报表相差较大")
    await one.context.clear_cookies(name="gl_review_session")
    with one.expecting_errors():
        await one.click(form)
        await expect(one.page.locator("dialog[open]")).to_contain_text("登录已过期")
    await one.page.get_by_role("button", name="重新登录").click()
    await one.choose("sz-review")
    form = one.form("findings")
    await expect(form.get_by_label("该字段的说明")).to_have_value("与统计报表相差较大")
    await one.send(form)
    await one.told("核查意见已保存")
    notes = [row["note"] for row in (await _records(season, at_the_city))["findings"]]
    assert notes.count("与统计报表相差较大") == 1
    await one.page.reload()
    await expect(one.form("findings").get_by_label("该字段的说明")).to_have_value("")


async def test_the_back_button_after_a_decision(season: Season, visitor: Come) -> None:
    _, submission = await season.applied("shenzhen", "440306")
    await season.desk("sz").case(submission)
    one = await visitor("sz-approve")
    await one.open("/review/ui/")
    await one.open(f"/review/ui/cases/{submission}")
    form = await one.opened("refuse")
    await form.get_by_label("理由").fill("先进性不足，暂不推荐。")
    await one.send(form, confirm=True)
    await one.told("不予通过")
    await one.open("/review/ui/batches")
    await one.page.go_back()
    await expect(one.page.locator("h1")).to_contain_text("不予通过")
    assert not await one.page.locator('form[action$="/refuse"]').count()


async def test_the_key_of_a_form_decides_once_without_any_script(season: Season, visitor: Come) -> None:
    """A browser without script: the form is posted, the message is shown, a second post does nothing."""
    _, submission = await season.applied("shenzhen", "440306")
    await season.desk("sz").case(submission)
    one = await visitor("sz-approve", java_script_enabled=False)
    await one.open(f"/review/ui/cases/{submission}")
    await one.page.locator("#act-cancel > summary").click()
    form = one.form("cancel")
    await form.get_by_label("依据条款").fill("N25 四（二）")
    await form.get_by_label("查实情况").fill("佐证材料系伪造")
    await form.get_by_role("button").click()
    await one.told("已取消其申报资格")


async def test_forms_of_another_site_or_without_the_token_are_refused(visitor: Come, at_the_city: str) -> None:
    one = await visitor("sz-approve")
    await one.open(f"/review/ui/cases/{at_the_city}")
    address = await one.form("refuse").get_attribute("action")
    token = await one.form("refuse").locator('input[name="csrf_token"]').get_attribute("value")
    good = {"csrf_token": token or "", "seen": "1-1", "reason": "x", "article": "x", "ground": "not_passed"}
    requests = one.context.request
    for form, headers in (
        ({**good, "csrf_token": ""}, {}),
        ({**good, "csrf_token": "another"}, {}),
        (good, {"Origin": "http://evil.example"}),
    ):
        answer = await requests.post(f"{one.base}{address}", form=form, headers=headers)
        assert answer.status == 403, (form, headers)
    stranger = await visitor("gz-approve")
    await stranger.open("/review/ui/")
    other = await stranger.page.locator('form.who input[name="csrf_token"]').get_attribute("value")
    answer = await requests.post(f"{one.base}{address}", form={**good, "csrf_token": other or ""})
    assert answer.status == 403


async def test_another_authority_sees_nothing(season: Season, visitor: Come, at_the_city: str) -> None:
    stranger = await visitor("gz-approve")
    with stranger.expecting_errors():
        await stranger.open(f"/review/ui/cases/{at_the_city}")
        await expect(stranger.page.locator("h1")).to_have_text("未找到")
        await stranger.accessible()
        case = await season.desk("sz").case(at_the_city)
        evidence = f"/intake/ui/evidence/{case['content']['evidence'][0]['evidence_id']}"
        await stranger.enter(season.house, "gz-approve", evidence)
        for path in (evidence, evidence + "/view"):
            assert (await stranger.context.request.get(stranger.base + path)).status == 404
    applicant = await visitor()
    with applicant.expecting_errors():
        await applicant.sign_in("unit-sz")
        assert "仅供主管部门" in await applicant.page.inner_text("main")


async def test_markup_in_every_text_field_is_shown_as_text(season: Season, visitor: Come) -> None:
    _, submission = await season.applied("shenzhen", "440306", name=f"深圳<b>{HOSTILE[5:40]}</b>有限公司")
    await season.desk("sz").case(submission)
    one = await visitor("sz-approve")
    case = f"/review/ui/cases/{submission}"
    one.page.on("dialog", lambda dialog: one.strange.append(f"dialog: {dialog.message}"))
    for act in ("findings", "marks", "industry", "consult-answer", "expert", "reason", "return"):
        await one.open(case)
        if act == "consult-answer" and await one.page.locator('form[action$="/consult"]').count():
            await one.send(await one.opened("consult"))
        if not await one.form(act).count():
            continue
        form = await one.opened(act)
        await _fill(one, form)
        await one.send(form, confirm=act == "return")
    await one.open(case)
    shown = await one.page.inner_text("main")
    assert "<script>alert(2)</script>" in shown
    assert "{{ 7*7 }}" in shown
    assert not await one.page.locator("main script, main img").count()
    await one.open("/review/ui/batches")
    form = one.page.locator('form[action="/review/ui/batches"]')
    await form.get_by_label("批次名称").fill(HOSTILE)
    await one.send(form)
    assert "<script>alert(2)</script>" in await one.page.inner_text("h1")
    await one.open(f"/review/ui/?view=all&q={'%3Cscript%3Ealert(1)%3C/script%3E'}")
    assert not await one.page.locator("main script").count()


async def _fill(one: Visitor, form: Any) -> None:
    """Every free text takes the hostile text; what has to be chosen is chosen."""
    for box in await form.locator("textarea, input[maxlength], input[name=note]").all():
        if await box.is_visible():
            await box.fill(HOSTILE)
    for number in await form.locator("input[type=number]").all():
        await number.fill("1")
    for radio in await form.locator("input[type=radio][value=no], input[type=radio][value=done]").all():
        await radio.check()
    for choice in await form.locator('input[name="kind"]').all():
        await choice.check()
    for select in await form.locator('select[name="pointer"], select[name="industry"]').all():
        if await select.is_visible():
            await select.select_option(index=1)


async def test_approved_with_the_keyboard_alone(season: Season, visitor: Come) -> None:
    """From the queue to the decision at the last level, without a mouse."""
    _, submission = await season.applied("shenzhen", "440306")
    city, ministry = season.desk("sz"), season.desk("miit")
    await city.prepare(submission)
    await city.recommend([submission], season.campaign, f"批次 {submission}")
    await ministry.prepare(submission)
    one = await visitor("miit-approve")
    await one.open("/review/ui/")
    await one.tab_to(f'a[href="/review/ui/cases/{submission}"]')
    async with one.page.expect_navigation():
        await one.page.keyboard.press("Enter")
    await one.tab_to("#f-pass-reason")
    await one.page.keyboard.type("同意")
    await one.tab_to('form[action$="/pass"] button')
    await one.page.keyboard.press("Enter")
    await expect(one.page.locator("dialog[open] button").first).to_be_focused()
    await one.page.keyboard.press("Escape")
    await expect(one.page.locator('form[action$="/pass"] button')).to_be_focused()
    await one.page.keyboard.press("Enter")
    await one.page.keyboard.press("Tab")
    async with one.page.expect_navigation():
        await one.page.keyboard.press("Enter")
    await one.told("已上报")


async def test_evidence_is_shown_over_the_page(season: Season, visitor: Come, at_the_city: str) -> None:
    """intake serves the file to its own session; the first time one signs in there and comes back."""
    one = await visitor("sz-review")
    await one.open(f"/review/ui/cases/{at_the_city}")
    await one.page.locator("#evidence a.preview").first.click()
    await one.page.get_by_role("button", name="登录申报系统").click()
    await one.choose("sz-review")
    assert f"/review/ui/cases/{at_the_city}" in one.page.url
    await one.page.locator("#evidence a.preview").first.click()
    frame = one.page.locator("dialog.viewer iframe")
    await expect(frame).to_be_visible()
    source = await frame.get_attribute("src")
    answer = await one.context.request.get(source or "")
    assert answer.headers["content-type"] == "application/pdf"
    assert (await answer.body()) == data.pdf(await _title(season, at_the_city))
    await one.accessible()
    await one.page.keyboard.press("Escape")
    await expect(one.page.locator("#evidence a.preview").first).to_be_focused()


async def _title(season: Season, submission: str) -> str:
    case = await season.desk("sz").case(submission)
    first = case["content"]["evidence"][0]
    return f"GreenLadder demo: {first['slot']} {case['uscc']}"


async def test_on_a_phone_the_cases_come_before_the_filters(visitor: Come, at_the_city: str) -> None:
    one = await visitor("sz-review")
    await one.resize(PHONE)
    await one.open("/review/ui/?kind=application&assignee=nobody")
    folded = one.page.locator("details.fold > summary")
    await expect(folded).to_contain_text("已设 2 项")
    await expect(one.page.get_by_label("名称、编号")).to_be_hidden()
    place = await one.page.locator("table.queue tbody tr").first.bounding_box()
    assert place is not None
    assert place["y"] < PHONE[1], "the first case is on the first screen"
    await folded.click()
    await one.page.get_by_label("名称、编号").fill("深圳")
    await one.page.get_by_role("button", name="查询").click()
    await one.page.wait_for_url("**q=*")
    await expect(folded).to_contain_text("已设 3 项")
    await one.accessible()
    await one.resize(LAPTOP)
    await expect(one.page.get_by_label("名称、编号")).to_be_visible()
    await expect(folded).to_be_hidden()


async def test_pages_of_the_desk_are_accessible(visitor: Come, at_the_city: str) -> None:
    one = await visitor("sz-approve")
    for path in ("/review/ui/", "/review/ui/?view=all", "/review/ui/batches", "/review/ui/publicities"):
        await one.open(path)
        await one.accessible()
    await one.open(f"/review/ui/cases/{at_the_city}")
    await one.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    await one.accessible()
    await one.resize(PHONE)
    assert await one.page.get_by_role("link", name="作出决定").is_visible()
