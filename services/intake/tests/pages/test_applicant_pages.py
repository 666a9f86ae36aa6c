"""The applicant's pages, as a browser without scripts sees them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
from bs4 import BeautifulSoup, Tag

from services.intake.tests.samples import OPENING, PDF, jpeg, packed, pdf
from services.intake.tests.world import CSRF, World, applicant, official

pytestmark = pytest.mark.db
NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@dataclass
class Desk:
    """An applicant with a unit, a draft and a browser."""

    world: World
    browser: httpx.AsyncClient
    unit: dict[str, Any]
    campaign: str
    draft: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/intake/ui/submissions/{self.draft['id']}"

    async def page(self, path: str, status: int = 200) -> BeautifulSoup:
        answer = await self.browser.get(path)
        assert answer.status_code == status, answer.text[:2000]
        return BeautifulSoup(answer.text, "html.parser")

    async def fields(self) -> dict[str, Any]:
        """What a browser would post from the form as it is shown."""
        return filled(await self.page(f"{self.path}/edit"))

    async def post(self, path: str, data: dict[str, Any], **options: Any) -> httpx.Response:
        return await self.browser.post(path, data={"csrf_token": CSRF, **data}, **options)

    async def state(self) -> dict[str, Any]:
        found: dict[str, Any] = (
            await self.world.call(applicant(self.unit["uscc"]), "GET", f"/submissions/{self.draft['id']}")
        ).json()
        return found


def filled(page: BeautifulSoup) -> dict[str, Any]:
    form = page.find("form", id="form")
    assert isinstance(form, Tag)
    data: dict[str, Any] = {}
    for one in form.find_all(["input", "textarea", "select"]):
        name, kind = one.get("name"), one.get("type", "")
        if not name or kind in ("file",) or (kind in ("checkbox", "radio") and not one.has_attr("checked")):
            continue
        if one.name == "select":
            value = next((o.text for o in one.find_all("option") if o.has_attr("selected")), "")
        else:
            value = one.text if one.name == "textarea" else one.get("value", "on")
        data.setdefault(name, []).append(value)
    return data


@pytest.fixture
async def desk(world: World) -> AsyncIterator[Desk]:
    campaign = await world.campaign()
    unit = await world.unit()
    await world.listed(unit["id"])
    draft = await world.draft(unit, campaign)
    async with world.browser(applicant(unit["uscc"])) as browser:
        yield Desk(world, browser, unit, campaign, draft)


async def fill(desk: Desk, **changes: Any) -> dict[str, Any]:
    """The fields of the valid example."""
    from gf_intake.web.form_fields import fields_from
    from services.intake.tests.samples import POLICY, content

    rules = desk.world.intake.policies.rules(POLICY, "cq.yubei", "factory", "application")
    shown = await desk.fields()
    return {**shown, **fields_from(rules.form, content()), **changes}


# --- list, start ------------------------------------------------------------------------------------------------------


@pytest.mark.rule("DM-list")
async def test_the_list_has_a_column_per_level_and_acts_by_state(desk: Desk) -> None:
    page = await desk.page("/intake/ui/")
    heads = [th.text for th in page.find_all("th")]
    assert heads[:7] == ["提交时间", "单位与年度", "状态", "县（区）", "市", "省（集团）", "工信部"]
    row = page.tbody.tr
    assert "填写中" in row.text
    assert [a.text for a in row.select(".does a")] == ["编辑", "删除"]
    form = await desk.world.verified(desk.unit, desk.draft)
    row = (await desk.page("/intake/ui/")).tbody.tr
    assert "填写中(已通过验证)" in row.text
    assert [a.text for a in row.select(".does a")] == ["上报", "编辑", "删除"]
    await desk.world.with_evidence(desk.unit, form)
    assert (await desk.world.submit(desk.unit, form)).status_code == 200
    await desk.world.under_review(form["id"])
    row = (await desk.page("/intake/ui/")).tbody.tr
    cells = [td.get_text(" ", strip=True) for td in row.find_all("td")]
    assert cells[0] == "2025-10-20 10:00"
    assert "上级主管部门审核中" in cells[2]
    assert cells[3] == "渝北区经济和信息化委员会 审核中"
    assert cells[4] == "不适用"
    assert cells[5] == "重庆市经济和信息化委员会 未开始"
    assert [a.text for a in row.select(".does a")] == ["取消上报", "查看"]


async def test_pages_are_for_the_applicant_and_show_only_its_own(desk: Desk) -> None:
    paths = [desk.path, f"{desk.path}/edit", f"{desk.path}/print", f"/intake/ui/units/{desk.unit['id']}"]
    async with desk.world.browser(applicant("91500112MA5U0X1234")) as other:
        for path in paths:
            assert (await other.get(path)).status_code == 404
        assert desk.draft["number"] not in (await other.get("/intake/ui/")).text
        for act in ("edit", "check", "autosave", "submit", "withdraw", "delete", "drop"):
            answer = await other.post(f"{desk.path}/{act}", data={"csrf_token": CSRF, "seen": "1"})
            assert answer.status_code in (303, 404), act
            assert answer.status_code == 404 or "location" in answer.headers
    async with desk.world.browser(official("cq.yubei")) as desk_official:
        for path in ["/intake/ui/", *paths]:
            assert (await desk_official.get(path)).status_code == 403
    assert (await desk.world.http.get(desk.path)).headers["location"].startswith("/intake/ui/login?next=")
    assert (await desk.state())["state"] == "draft"


async def test_the_head_names_the_unit(desk: Desk) -> None:
    for path in ("/intake/ui/", desk.path, f"{desk.path}/edit", "/intake/ui/units"):
        assert (await desk.page(path)).select_one(".who small").text == desk.unit["name"], path
    await desk.world.unit(name="重庆二厂", uscc=desk.unit["uscc"], category="park")
    assert (await desk.page("/intake/ui/")).select_one(".who small").text == f"{desk.unit['name']} 等 2 家"
    async with desk.world.browser(applicant("91500112MA5U0X1234")) as other:
        page = BeautifulSoup((await other.get("/intake/ui/")).text, "html.parser")
        assert page.select_one(".who small").text == "91500112MA5U0X1234", "no unit is registered under it yet"


@pytest.mark.rule("N25-dates", "CQ-pre")
async def test_campaigns_show_the_window_the_way_and_why_not(desk: Desk) -> None:
    other = await desk.world.unit(name="重庆二厂")
    async with desk.world.browser(applicant(other["uscc"])) as browser:
        page = BeautifulSoup((await browser.get("/intake/ui/campaigns")).text, "html.parser")
        assert "2025-11-03（当日有效）" in page.text  # CQ: districts report by 11-03
        assert "按现有情况，上报时将不予受理" in page.text  # not on the municipal list
        assert "渝北区经济和信息化委员会" in page.text
        start = page.find("form", action="/intake/ui/submissions")
        assert isinstance(start, Tag)
        data = {i["name"]: i.get("value", "") for i in start.find_all("input")}
        begun = await browser.post("/intake/ui/submissions", data=data)
        assert begun.status_code == 303
        assert begun.headers["location"].endswith("/edit")
        again = await browser.post("/intake/ui/submissions", data=data)  # double click
        assert again.headers["location"] == begun.headers["location"]
    desk.world.pass_time(timedelta(days=60))
    assert "截止" in (await desk.page("/intake/ui/campaigns")).text


# --- the form ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("DM-form", "DM-units")
async def test_the_form_asks_for_every_row_with_its_units_and_evidence(desk: Desk) -> None:
    page = await desk.page(f"{desk.path}/edit")
    form = desk.world.intake.policies.rules("national/2025/n25", "cq.yubei", "factory", "application").form
    names = {one.get("name") for one in page.find_all(["input", "textarea", "select"])}
    for row in form.rows:
        for year in row.years or (None,):
            tail = f"{row.code}:{year}" if year else row.code
            assert f"value:{tail}" in names or f"value:{tail}@0" in names, row.code
    units = page.find("select", attrs={"name": "unit:energy_total"})
    assert isinstance(units, Tag)
    assert [o.text for o in units.find_all("option")] == ["tce", "kgce", "万tce"]
    assert page.find(id="slot-footprint_report") is not None
    assert page.find(id="slot-sealed_scan") is None  # only for what was verified
    labelled = {label.get("for") for label in page.find_all("label")}
    for one in page.select("#form input:not([type=hidden]), #form textarea, #form select"):
        assert one.get("aria-label") or one.get("id") in labelled or one.find_parent("label"), one
    assert not page.select("script:not([src]), [style], [onclick]")


@pytest.mark.rule("DM-draft")
async def test_drafts_are_saved_any_number_of_times_and_verified_once_whole(desk: Desk) -> None:
    for number in (1, 2):
        data = await desk.fields() | {"value:main_products": f"第{number}稿", "act": "save"}
        saved = await desk.post(f"{desk.path}/edit", data)
        assert saved.status_code == 303, saved.text
        assert (await desk.state())["content"]["values"][0]["value"] == f"第{number}稿"
    verified = await desk.post(f"{desk.path}/edit", await fill(desk, act="verify"))
    assert verified.status_code == 303
    assert (await desk.state())["state"] == "verified"


@pytest.mark.rule("DM-draft", "DM-warn")
async def test_what_is_not_verified_is_kept_as_a_draft_with_errors_at_their_fields(desk: Desk) -> None:
    data = await fill(desk, act="verify", **{"value:energy_feedstock:2024": ["99999999"], "value:main_products": [""]})
    answer = await desk.post(f"{desk.path}/edit", data)
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html.parser")
    cell = page.find(attrs={"data-field": "value:energy_feedstock:2024"})
    assert isinstance(cell, Tag)
    assert "原料用能大于综合能源消费量" in cell.text
    assert "必填" in page.find(attrs={"data-field": "value:main_products"}).text
    state = await desk.state()
    assert (state["state"], state["version"]) == ("draft", 2)
    assert filled(page)["seen"] == ["2"]
    # Not even a draft can hold this; nothing typed is lost.
    data = await fill(desk, act="save", **{"value:land_area": ["五万"], "value:main_products": [NASTY]})
    answer = await desk.post(f"{desk.path}/edit", data)
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html.parser")
    assert filled(page)["value:land_area"] == ["五万"]
    assert filled(page)["value:main_products"] == [NASTY]
    assert not page.select("script:not([src]), img[src=x]")
    assert (await desk.state())["version"] == 2


@pytest.mark.rule("DM-draft")
async def test_a_stale_form_shows_what_differs_and_keeps_what_was_typed(desk: Desk) -> None:
    mine = await fill(desk, act="save", **{"value:land_area": ["53000"]})
    theirs = await fill(desk, act="save", **{"value:land_area": ["54000"]})
    assert (await desk.post(f"{desk.path}/edit", theirs)).status_code == 303
    answer = await desk.post(f"{desk.path}/edit", mine)
    assert answer.status_code == 412
    page = BeautifulSoup(answer.text, "html.parser")
    (line,) = page.select(".changes tbody tr")
    assert [cell.text for cell in line.find_all(["th", "td"])] == ["厂区用地面积", "54000 m2", "53000 m2"]
    again = filled(page)
    assert again["value:land_area"] == ["53000"]
    assert (await desk.post(f"{desk.path}/edit", again | {"act": "save"})).status_code == 303  # now it is a decision


@pytest.mark.rule("DM-draft")
async def test_an_expired_sign_in_gives_back_what_was_typed(desk: Desk) -> None:
    data = await fill(desk, act="save", **{"value:main_products": ["第一行\n第二行"]})
    expired = await desk.world.http.post(f"{desk.path}/edit", data={**data, "csrf_token": CSRF})
    assert expired.status_code == 401
    page = BeautifulSoup(expired.text, "html.parser")
    form = page.find("form", action=f"{desk.path}/restore")
    assert isinstance(form, Tag)
    kept: dict[str, Any] = {}
    for one in form.find_all(["input", "textarea"]):
        value = one.text.removeprefix("\n") if one.name == "textarea" else one["value"]
        kept.setdefault(one["name"], []).append(value)
    assert "csrf_token" not in kept
    restored = await desk.browser.post(f"{desk.path}/restore", data=kept)
    assert restored.status_code == 200, restored.text
    shown = filled(BeautifulSoup(restored.text, "html.parser"))
    assert shown["value:main_products"] == ["第一行\n第二行"]
    assert shown["value:land_area"] == ["52000"]
    assert (await desk.state())["version"] == 1  # nothing was written
    # Another sign-in meanwhile: the token is another, and the text still there.
    foreign = await desk.browser.post(f"{desk.path}/edit", data={**data, "csrf_token": "old"})
    assert foreign.status_code == 403
    assert "第一行" in foreign.text
    # Nobody else's page fills ours.
    crossed = await desk.browser.post(f"{desk.path}/restore", data=kept, headers={"origin": "https://evil.example"})
    assert crossed.status_code == 403


@pytest.mark.rule("DM-draft")
async def test_autosave_saves_changes_only(desk: Desk) -> None:
    data = await fill(desk)
    first = await desk.post(f"{desk.path}/autosave", data)
    assert first.json() == {"version": 2, "saved": True}
    form = await desk.world.verified(desk.unit, await desk.state())
    same = await desk.post(f"{desk.path}/autosave", {**data, "seen": [str(form["version"])]})
    if (await desk.state())["content_hash"] == form["content_hash"]:
        assert (await desk.state())["state"] == "verified"
    assert same.status_code == 200
    stale = await desk.post(f"{desk.path}/autosave", {**data, "seen": ["1"], "value:land_area": ["1234"]})
    assert stale.status_code == 412
    assert any("厂区用地面积" in line for line in stale.json()["changed"])
    now = (await desk.state())["version"]
    bad = await desk.post(f"{desk.path}/autosave", {**data, "seen": [str(now)], "value:land_area": ["x"]})
    assert (bad.status_code, list(bad.json()["errors"])) == (422, ["value:land_area"])
    expired = await desk.world.http.post(f"{desk.path}/autosave", data=data, headers={"accept": "application/json"})
    assert expired.status_code == 401


@pytest.mark.rule("DM-warn", "DM-units")
async def test_live_checks_name_the_field_and_the_converted_value(desk: Desk) -> None:
    changes = {
        "value:ammonia_discharged:2024": ["9000"],
        "value:main_products": [""],
        "value:land_area": ["5.2"],
        "unit:land_area": ["公顷"],
    }
    found = (await desk.post(f"{desk.path}/check", await fill(desk, **changes))).json()
    assert any("氨氮" in text for text in found["warnings"]["value:ammonia_discharged:2024"])
    assert found["left"] == 1
    assert found["errors"] == {}
    assert found["converted"]["value:land_area"] == "折合 52000 m2"
    assert (await desk.state())["version"] == 1


@pytest.mark.rule("DM-warn")
async def test_a_note_travels_with_its_row(desk: Desk) -> None:
    data = await fill(desk, act="verify", **{"note:water_intake": ["新建二期"], "note": ["整表说明"]})
    assert (await desk.post(f"{desk.path}/edit", data)).status_code == 303
    content = (await desk.state())["content"]
    assert [v["note"] for v in content["values"] if v["code"] == "water_intake"] == ["新建二期"] * 3
    assert content["note"] == "整表说明"
    page = await desk.page(desk.path)
    assert "特殊情况说明：新建二期" in page.text


async def test_nasty_texts_are_text_everywhere(desk: Desk) -> None:
    data = await fill(desk, act="save", **{"value:main_products": [NASTY], "note": [NASTY], "note:land_area": [NASTY]})
    data |= {"product:products@0": [NASTY[:55]], "value:product_output:2024@0": ["1"]}
    assert (await desk.post(f"{desk.path}/edit", data)).status_code == 303
    for path in (desk.path, f"{desk.path}/edit", f"{desk.path}/print", "/intake/ui/"):
        page = await desk.page(path)
        assert not page.select("script:not([src]), img"), path
    assert NASTY in (await desk.page(desk.path)).text
    control = await desk.post(f"{desk.path}/edit", {**data, "seen": ["2"], "value:main_products": ["a\x00b"]})
    assert control.status_code == 422
    assert "控制字符" in control.text


# --- evidence ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("N25-evid")
async def test_files_come_with_the_form_or_one_by_one(desk: Desk) -> None:
    data = await fill(desk, act="save")
    files = [
        ("file:footprint_report", ("C:\\报告\\一.pdf", PDF, "application/pdf")),
        ("file:footprint_report", ("二.jpg", jpeg(), "image/jpeg")),
        ("file:green_design_report", ("假.pdf", b"<script>", "application/pdf")),
    ]
    answer = await desk.post(f"{desk.path}/edit", data, files=files)
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html.parser")
    assert "假.pdf" in page.find(id="refused").text
    shown = page.find(id="slot-footprint_report")
    assert isinstance(shown, Tag)
    assert [a.text for a in shown.select("a[target]")] == ["一.pdf", "二.jpg"]
    assert shown.select_one("a[target]")["href"].endswith("/view")
    one = await desk.browser.post(
        f"{desk.path}/files/green_design_report",
        data={"csrf_token": CSRF},
        files={"file": ("x.pdf", pdf("three"), "application/pdf")},
        headers={"accept": "application/json"},
    )
    assert one.status_code == 200, one.text
    bad = await desk.browser.post(
        f"{desk.path}/files/green_design_report",
        data={"csrf_token": CSRF},
        files={"file": ("x.xlsx", packed("xl/workbook.xml"), "")},
        headers={"accept": "application/json"},
    )
    assert (bad.status_code, bad.json()["code"]) == (422, "type_not_for_slot")
    remove = page.find("button", attrs={"data-name": "一.pdf"})
    assert isinstance(remove, Tag)
    assert (await desk.post(str(remove["formaction"]), {})).status_code == 303
    assert "一.pdf" not in (await desk.page(f"{desk.path}/edit")).text


@pytest.mark.rule("N25-evid")
async def test_an_upload_larger_than_the_limit_is_refused_before_it_is_read(desk: Desk) -> None:
    async def endless() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    answer = await desk.browser.post(
        f"{desk.path}/files/footprint_report",
        content=endless(),
        headers={"content-length": str(300 * 1024 * 1024), "content-type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 413
    assert "上限" in answer.text


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_no_other_page_can_act(desk: Desk, origin: str) -> None:
    for act in ("autosave", "check", "submit", "withdraw", "delete", "drop", "files/footprint_report"):
        data = {"csrf_token": CSRF, "seen": "1"}
        assert (await desk.browser.post(f"{desk.path}/{act}", data=data, headers={"origin": origin})).status_code == 403
        assert (await desk.browser.post(f"{desk.path}/{act}", data={"seen": "1"})).status_code == 403
    assert (await desk.state())["state"] == "draft"


# --- print, submit, withdraw, delete ---------------------------------------------------------------------------------


@pytest.mark.rule("DM-export", "DM-draft", "DM-withdraw")
async def test_print_seal_submit_withdraw_edit_submit_again(desk: Desk) -> None:
    assert "这只是草稿" in (await desk.page(f"{desk.path}/print")).text
    await desk.post(f"{desk.path}/edit", await fill(desk, act="verify"))
    for slot in ("advanced_technology", "retrofit_projects", "green_design_report", "footprint_report"):
        await desk.world.upload(applicant(desk.unit["uscc"]), desk.draft["id"], slot, pdf(slot))
    state = await desk.state()
    printed = await desk.page(f"{desk.path}/print")
    assert "本企业承诺已对本表内容进行了全面审核" in printed.text
    assert "盖章处" in printed.text
    assert state["content_hash"][:12] in printed.text
    page = await desk.page(desk.path)
    assert any("盖章扫描件" in li.text for li in page.select(".todo li:not(.met)"))

    async def scan(content_hash: str, note: str) -> httpx.Response:
        return await desk.browser.post(
            f"{desk.path}/files/sealed_scan",
            data={"csrf_token": CSRF, "from": "view", "content_hash": content_hash},
            files={"file": ("扫描.pdf", pdf(note), "application/pdf")},
            headers={"accept": "application/json"},
        )

    assert (await scan("f" * 64, "a")).json()["code"] == "printed_from_other_content"
    assert (await scan(state["content_hash"], "b")).status_code == 200
    page = await desk.page(desk.path)
    assert not page.select(".todo li:not(.met)")
    form = page.find("form", action=f"{desk.path}/submit")
    assert isinstance(form, Tag)
    data = {i["name"]: i["value"] for i in form.find_all("input")}
    assert "渝北区经济和信息化委员会" in form.find("button")["data-confirm"]
    assert (await desk.browser.post(f"{desk.path}/submit", data=data)).status_code == 303
    await desk.browser.post(f"{desk.path}/submit", data=data)  # double click: the first answer again
    assert (await desk.state())["state"] == "submitted"
    # Now it is read only; it can be withdrawn.
    assert (await desk.browser.get(f"{desk.path}/edit")).status_code == 303
    late = await desk.post(f"{desk.path}/edit", {**await_fields(data), "act": "save", "seen": "9"})
    assert late.status_code in (409, 412)
    await desk.world.under_review(desk.draft["id"])
    page = await desk.page(desk.path)
    assert next(li.strong.text for li in page.select(".steps li") if li.strong) == "渝北区经济和信息化委员会"
    asked = await desk.post(f"{desk.path}/withdraw", {"reason": "数据有误", "key": "withdraw-1"})
    assert asked.status_code == 303
    assert (await desk.state())["state"] == "withdrawing"
    await desk.world.answered(desk.draft["id"], granted=True)
    await desk.post(f"{desk.path}/edit", await fill(desk, act="verify", **{"value:land_area": ["53000"]}))
    page = await desk.page(desk.path)
    assert "原盖章扫描件作废" in page.text
    assert page.find("summary", string="放弃申报") is not None
    state = await desk.state()
    assert (await scan(state["content_hash"], "c")).status_code == 200
    again = await desk.post(f"{desk.path}/submit", {"seen": str(state["version"]), "key": "submit-again"})
    assert again.status_code == 303
    assert (await desk.state())["round"] == 2


def await_fields(data: dict[str, Any]) -> dict[str, Any]:
    return {"value:land_area": "1", "csrf_token": data["csrf_token"]}


@pytest.mark.rule("DM-del")
async def test_a_form_is_deleted_before_its_first_submission_only(desk: Desk) -> None:
    page = await desk.page(desk.path)
    form = page.find("form", action=f"{desk.path}/delete")
    assert isinstance(form, Tag)
    assert "不能恢复" in form.find("button")["data-confirm"]
    stale = await desk.post(f"{desk.path}/delete", {"seen": "7"}, headers={"accept": "application/json"})
    assert stale.status_code == 412
    done = await desk.post(f"{desk.path}/delete", {"seen": "1"})
    assert done.headers["location"] == "/intake/ui/"
    assert (await desk.browser.get(desk.path)).status_code == 404


@pytest.mark.rule("return")
async def test_a_returned_form_shows_the_findings_at_their_rows_and_the_term(desk: Desk) -> None:
    form = await desk.world.verified(desk.unit, desk.draft)
    await desk.world.with_evidence(desk.unit, form)
    await desk.world.submit(desk.unit, form)
    await desk.world.returned(form["id"], OPENING + timedelta(days=10))
    page = await desk.page(f"{desk.path}/edit")
    assert "请核对能耗数据" in page.text
    assert "2025-10-30 10:00" in page.text
    (found,) = page.select(".row.found")
    assert found.select_one(".name").text == "未正常经营生产"  # the fourth value of what was admitted
    assert "与统计报表不符" in found.text
    saved = await desk.post(f"{desk.path}/edit", await fill(desk, act="verify", **{"value:land_area": ["1000"]}))
    assert saved.status_code == 303
    assert "与统计报表不符" in (await desk.page(desk.path)).text


# --- the unit ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule("DM-superior", "DM-industry")
async def test_the_profile_is_changed_on_its_page_unless_under_review(desk: Desk) -> None:
    path = f"/intake/ui/units/{desk.unit['id']}"
    page = await desk.page(path)
    form = page.find("form", action=path)
    assert isinstance(form, Tag)
    data = {i["name"]: i.get("value", "") for i in form.find_all("input")}
    data |= {"superior": "cq.liangjiang", "industry_2": "3441 泵及真空设备制造", "contact.person": NASTY[:50]}
    data |= {"key_industry": ""}
    assert (await desk.browser.post(path, data=data)).status_code == 303
    page = await desk.page(path)
    chosen = page.select_one("#f-superior option[selected]")
    assert chosen is not None
    assert chosen["value"] == "cq.liangjiang"
    assert not page.select("script:not([src]), img")
    assert "第 2 版" in page.text
    bad = await desk.browser.post(path, data=data | {"seen": "2", "industry_1": "9999", "name": ""})
    assert bad.status_code == 422
    assert "单位名称" in BeautifulSoup(bad.text, "html.parser").select_one("[role=alert]").text
    stale = await desk.browser.post(path, data=data)
    assert stale.status_code == 412
    form_ = await desk.world.verified(desk.unit, await desk.state())
    await desk.world.with_evidence(desk.unit, form_)
    assert (await desk.world.submit(desk.unit, form_)).status_code == 200
    frozen = await desk.browser.post(path, data=data | {"seen": "2"})
    assert frozen.status_code == 409
    assert "取消上报" in frozen.text


async def test_a_unit_is_registered_under_the_own_code_alone(world: World) -> None:
    from services.intake.tests.world import uscc

    code = uscc()
    async with world.browser(applicant(code)) as browser:
        assert "登记单位" in (await browser.get("/intake/ui/")).text
        data = {"csrf_token": CSRF, "category": "factory", "name": "新厂", "superior": "cq.yubei", "industry_1": "3442"}
        data |= {"region": "", "key_industry": "", "uscc": "91500112MA5U0X1234"}
        done = await browser.post("/intake/ui/units/new", data=data)
        assert done.status_code == 303, re.sub(r"\s+", " ", done.text)[:3000]
        assert await world.rows("select 1 from unit where uscc = :code", code=code)
