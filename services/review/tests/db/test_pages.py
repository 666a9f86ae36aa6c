"""The reviewers' desk: what a person sees, double clicks, and the message after a colleague was faster."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup
from starlette.requests import Request
from starlette.responses import Response

from gf_review.api import create
from services.review.tests.builders import CITY, COUNTY, NOW, ChecklistItem, Department, guard, publicity, route
from services.review.tests.world import CAMPAIGN, PDF, FakePolicies, FakeVerifier, World

pytestmark = pytest.mark.db
MakeWorld = Callable[..., Awaitable[World]]


class Desk:
    """A browser of one signed-in person."""

    def __init__(self, world: World, authority: str, *roles: str) -> None:
        self.app = create(world.review, verifier=FakeVerifier())
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://review.test", follow_redirects=True)
        roles = roles or ("approver", "reviewer")
        person = {
            "sub": f"{roles[0]}@{authority}",
            "name": "李明",
            "roles": list(roles),
            "authority": authority,
            "org": "",
        }
        self._sign_in({"p": person, "csrf": "token-of-the-session"})

    def _sign_in(self, content: dict[str, Any]) -> None:
        request = Request({"type": "http", "headers": [], "scheme": "http", "server": ("review.test", 80), "path": "/"})
        response = Response()
        cookies = self.app.state.pages.login.cookies
        cookies.write(request, response, "session", content, 3600)
        name, _, rest = response.headers["set-cookie"].partition("=")
        self.http.cookies.set(name, rest.split(";")[0].strip('"'), domain="review.test")

    async def page(self, path: str) -> BeautifulSoup:
        answer = await self.http.get(path)
        assert answer.status_code == 200, answer.text
        return BeautifulSoup(answer.text, "html.parser")

    async def submit(self, page: BeautifulSoup, act: str, **values: Any) -> BeautifulSoup:
        """Fill in a form of the page and send it."""
        form = next(one for one in page.find_all("form") if str(one["action"]).endswith(act))
        data: dict[str, Any] = {}
        for field in form.find_all("input"):
            if field.get("type") == "hidden":
                data.setdefault(str(field["name"]), []).append(field.get("value", ""))
        files = values.pop("files", None)
        data.update({name.replace("__", ":"): value for name, value in values.items()})
        answer = await self.http.post(str(form["action"]), data=data, files=files)
        assert answer.status_code == 200, answer.text
        return BeautifulSoup(answer.text, "html.parser")


def flash(page: BeautifulSoup) -> str:
    found = page.find(class_="flash")
    return found.get_text() if found else ""


def full_route() -> Any:
    return route(
        guard("checklist"),
        guard("marks"),
        guard("consultations"),
        guard("recommendation_document"),
        guard("expert_review", optional=True),
        checklist=(ChecklistItem("authenticity", "真实性"),),
        consults=(Department("ecology", "生态环境部门"),),
    )


async def test_without_a_session_the_sign_in_comes_first(world: World) -> None:
    app = create(world.review, verifier=FakeVerifier())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://review.test") as http:
        answer = await http.get("/review/ui/")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/review/ui/login")


@pytest.mark.rule("DM-state", "CQ-1st", "DM-warn")
async def test_a_level_done_in_the_browser(make_world: MakeWorld) -> None:
    world = await make_world(FakePolicies({COUNTY: full_route()}))
    one = await world.admit()
    await world.score(one)
    desk = Desk(world, COUNTY)
    queue = await desk.page("/review/ui/")
    assert "广州绿源电子有限公司" in queue.get_text()
    address = f"/review/ui/cases/{one}"
    page = await desk.page(address)
    shown = page.get_text()
    for text in (
        "综合能源消费量",
        "1200.5",
        "数值超出范围警告",
        "特殊情况说明：新增产线",
        "能源消耗强度",
        "真实性",
        "不适用",
    ):
        assert text in shown or text == "不适用"
    page = await desk.submit(page, "/findings", ok__authenticity="yes")
    assert "核查意见已保存" in flash(page)
    page = await desk.submit(page, "/marks", points__green_design="6", reason__green_design="有报告")
    assert "定性评分已保存" in flash(page)
    await world.score(one, 2, marks="6")
    page = await desk.page(address)
    page = await desk.submit(page, "/consult", asked_on="2025-10-16", department="ecology")
    page = await desk.submit(page, "/consult-answer", answered_on="2025-10-17", agrees="yes", opinion="无意见")
    assert "已登记部门答复" in flash(page)
    refused = await desk.submit(page, "/pass", reason="")
    assert "尚未上传推荐文件" in flash(refused)
    page = await desk.submit(refused, "/document", files={"file": ("推荐函.pdf", PDF, "application/pdf")})
    assert "推荐文件已上传" in flash(page)
    page = await desk.submit(page, "/pass", reason="同意")
    assert "已上报" in flash(page)
    assert await world.one("select state from stage where submission_id = :id and stage_no = 1", id=one) == "passed"


async def test_a_double_click_decides_once(world: World) -> None:
    one = await world.admit()
    desk = Desk(world, COUNTY)
    page = await desk.page(f"/review/ui/cases/{one}")
    for _ in range(2):
        assert "已上报" in flash(await desk.submit(page, "/pass", reason="同意"))
    assert await world.one("select count(*) from decision") == 1


async def test_a_colleague_was_faster(world: World) -> None:
    one = await world.admit()
    mine, hers = Desk(world, COUNTY), Desk(world, COUNTY)
    address = f"/review/ui/cases/{one}"
    seen_by_me, seen_by_her = await mine.page(address), await hers.page(address)
    await hers.submit(
        seen_by_her, "/return", pointer="/values/energy_total", note="不符", reason="请更正", term="2025-11-01"
    )
    page = await mine.submit(seen_by_me, "/pass", reason="同意")
    assert "已被同事处理" in flash(page)
    assert "退回" in page.get_text()
    assert await world.one("select decision from decision") == "return"


async def test_a_newer_sheet_is_told_too(world: World) -> None:
    one = await world.admit()
    desk = Desk(world, COUNTY)
    page = await desk.page(f"/review/ui/cases/{one}")
    await world.score(one)
    assert "评分表已更新" in flash(await desk.submit(page, "/pass", reason=""))


async def test_the_sheet_that_follows_the_marks_stops_no_consultation(make_world: MakeWorld) -> None:
    """Whoever marked goes on at once, on the page as it came back."""
    world = await make_world(FakePolicies({COUNTY: full_route()}))
    one = await world.admit()
    await world.score(one)
    desk = Desk(world, COUNTY, "reviewer")
    page = await desk.page(f"/review/ui/cases/{one}")
    page = await desk.submit(page, "/marks", points__green_design="6", reason__green_design="有报告")
    await world.score(one, 2, marks="6")
    assert "已登记征求意见" in flash(await desk.submit(page, "/consult", asked_on="2025-10-16", department="ecology"))


@pytest.mark.rule("GD-13-consult")
async def test_departments_are_asked_together(make_world: MakeWorld) -> None:
    """Those that are ticked, on one day; asked again by a second click of the same form, nobody is asked twice."""
    wanted = (Department("ecology", "生态环境"), Department("emergency", "应急管理"), Department("tax", "税务"))
    world = await make_world(FakePolicies({COUNTY: route(guard("consultations"), consults=wanted)}))
    one = await world.admit()
    desk = Desk(world, COUNTY, "reviewer")
    page = await desk.page(f"/review/ui/cases/{one}")
    boxes = page.select('form[action$="/consult"] input[type=checkbox]')
    assert [(box["value"], box.has_attr("checked")) for box in boxes] == [
        ("ecology", True), ("emergency", True), ("tax", True),
    ]  # fmt: skip
    assert "请勾选要征求意见的部门" in flash(await desk.submit(page, "/consult", asked_on="2025-10-16"))
    for _ in range(2):
        said = await desk.submit(page, "/consult", asked_on="2025-10-16", department=["ecology", "tax"])
        assert "已登记征求意见" in flash(said)
    asked = await world.sql("select department, asked_on from consultation where submission_id = :id", id=one)
    assert sorted((row[0], str(row[1])) for row in asked) == [("ecology", "2025-10-16"), ("tax", "2025-10-16")]
    assert [box["value"] for box in said.select('form[action$="/consult"] input[type=checkbox]')] == ["emergency"]
    assert len(said.select('form[action$="/consult-answer"]')) == 2


async def test_a_missing_batch_leads_the_reviewer_to_the_batches(make_world: MakeWorld) -> None:
    world = await make_world(FakePolicies({COUNTY: route(guard("batch"))}))
    one = await world.admit()
    page = await Desk(world, COUNTY, "reviewer").page(f"/review/ui/cases/{one}")
    (lacking,) = page.select("#act .todo li:not(.met) a")
    assert (lacking.get_text(), lacking["href"]) == ("推荐批次", "/review/ui/batches")


async def test_a_reviewer_sees_no_decision(world: World) -> None:
    one = await world.admit()
    page = await Desk(world, COUNTY, "reviewer").page(f"/review/ui/cases/{one}")
    assert not [form for form in page.find_all("form") if str(form["action"]).endswith("/pass")]


async def test_what_belongs_to_others_is_a_page_404(world: World) -> None:
    one = await world.admit()
    answer = await Desk(world, "gd.foshan").http.get(f"/review/ui/cases/{one}")
    assert answer.status_code == 404
    assert "广州绿源" not in answer.text


async def test_without_the_forms_token_nothing_happens(world: World) -> None:
    one = await world.admit()
    desk = Desk(world, COUNTY)
    answer = await desk.http.post(f"/review/ui/cases/{one}/1/pass", data={"seen": "1-0", "key": "abcdefgh"})
    assert answer.status_code == 403
    assert await world.one("select count(*) from decision") == 0


@pytest.mark.rule("CQ-doc", "GD-13-publicity")
async def test_batch_and_publicity_in_the_browser(make_world: MakeWorld) -> None:
    county = route(guard("batch"), list_id="city:gd.guangzhou.huangpu:factory", publicity=publicity(), city_list=False)
    world = await make_world(FakePolicies({COUNTY: county}))
    one = await world.admit()
    await world.extend("decide:county", "", NOW)
    desk = Desk(world, COUNTY)
    page = await desk.submit(
        await desk.page("/review/ui/batches"),
        "/batches",
        title="第一批",
        campaign_id=CAMPAIGN,
        category="factory",
        kind="application",
    )
    page = await desk.submit(page, "/add", submission_id=one)
    assert "已加入批次" in flash(page)
    page = await desk.submit(page, "/document", files={"file": ("a.pdf", PDF, "application/pdf")})
    page = await desk.submit(page, "/seal")
    assert "推荐汇总表" in page.get_text()
    page = await desk.submit(page, "/send", reason="")
    assert "批次已上报" in flash(page)
    listing = await desk.page("/review/ui/publicities")
    link = listing.find("a", string="市级绿色工厂名单（机关 gd.guangzhou.huangpu）")
    assert link is not None
    page = await desk.submit(await desk.page(str(link["href"])), "/open")
    assert "公示已开始" in flash(page)
    page = await desk.submit(page, "/objection", text="有异议")
    assert "暂缓列入" in flash(page)
    page = await desk.submit(page, "/ruling", reason="不实", upheld="no")
    assert "异议不成立" in page.get_text()
    assert (await Desk(world, CITY).http.get(str(link["href"]))).status_code == 404
