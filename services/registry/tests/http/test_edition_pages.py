"""The page for publishing an edition: what it will contain, and acts that happen once and lose nothing."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup

from gf_registry.web import edition_pages
from services.registry.tests.db.support import NATIONAL
from services.registry.tests.db.test_editions import listed, names, position, publish
from services.registry.tests.http.browser import CSRF, Browser
from services.registry.tests.http.test_exports import lines
from services.registry.tests.http.test_http import World, world  # noqa: F401 - a fixture

pytestmark = pytest.mark.db
PAGE = f"/lists/{NATIONAL}/edition"
FORM = {"year": "2025", "document": "工信厅节函〔2026〕97号", "effective": "2025-12-01"}


def miit(world: World) -> Browser:  # noqa: F811
    return Browser(world.app, world.client, "registrar@miit")


async def drafted(world: World) -> dict[str, str]:  # noqa: F811
    """The fields of the publishing form, as the page would carry them."""
    made = await miit(world).post(f"{PAGE}/draft", key="draft", **FORM)
    assert made.status_code == 200, made.text
    ((edition,),) = await world.station.rows("select id from edition where state = 'draft'")
    return {"edition_id": str(edition), "seen": str(await position(world.station, NATIONAL))}


@pytest.mark.rule("reg-lists", "GD-21")
async def test_what_the_edition_will_contain(world: World) -> None:  # noqa: F811
    await listed(world.station, name="甲厂")
    await publish(world.station)
    await listed(world.station, name="乙厂")
    browser = miit(world)
    assert "待公布变动" in (await browser.get("/desk")).text
    page = (await browser.get(PAGE)).text
    assert "<li><b>2</b><span>在册</span></li><li><b>1</b><span>新增</span></li>" in page
    assert "乙厂" in page
    assert "公告2025年第1号" in page
    assert '<a href="/registry/ui/desk" aria-current="page">名单公布</a>' in page
    assert 'name="document"' in page
    table = lines((await browser.get(f"{PAGE}/changes.csv")).content)
    assert [row[:2] for row in table[1:]] == [["新增", "乙厂"]]
    await drafted(world)
    assert "工信厅节函〔2026〕97号" in (await browser.get(PAGE)).text


async def test_the_changes_come_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """The form on a later page still names what was seen on the first."""
    monkeypatch.setattr(edition_pages, "PAGE", 2)
    for name in "甲乙丙":
        await listed(world.station, name=f"{name}厂")
    await drafted(world)
    browser = miit(world)

    async def page(address: str) -> tuple[BeautifulSoup, list[str]]:
        """With the names on it."""
        found = BeautifulSoup((await browser.get(address)).text, "html.parser")
        return found, [row.select("td")[1].text for row in found.select("#changes tbody tr")]

    first, names_on_it = await page(PAGE)
    assert names_on_it == ["甲厂", "乙厂"]
    assert "共 3 项" in first.text
    assert [one.text for one in first.select("#changes .pager a")] == ["下一页"]
    onward = str(first.select("#changes .pager a")[0]["href"])
    await listed(world.station, name="丁厂")
    second, names_on_it = await page(PAGE + onward.partition("#")[0])
    assert names_on_it == ["丙厂", "丁厂"]
    assert [one.text for one in second.select("#changes .pager a")] == ["第一页"]
    assert ["翻页期间名单又有变动" in one.text for one in (first, second)] == [False, True]
    fields = {str(one["name"]): str(one["value"]) for one in second.select('form[action$="/publish"] input')}
    stale = await browser.post(f"{PAGE}/publish", **fields | {"csrf_token": CSRF})
    assert (stale.status_code, stale.json()["changed"]) == (412, ["新增：丁厂（第 4 号变更）"])
    assert len(lines((await browser.get(f"{PAGE}/changes.csv")).content)) == 5


async def test_published_once_however_often_it_is_clicked(world: World) -> None:  # noqa: F811
    await listed(world.station, name="甲厂")
    form = await drafted(world)
    browser = miit(world)
    for _ in range(3):
        answer = await browser.post(f"{PAGE}/publish", key="publish", **form)
        assert (answer.status_code, answer.json()["to"]) == (200, f"/registry/ui/lists/{NATIONAL}")
    assert len(await world.station.published(NATIONAL, "EditionPublished")) == 1
    assert await names(world.station, NATIONAL, (await day(world))) == ["甲厂"]
    # The back button shows the old form under a key of its own: nothing is published again.
    back = await browser.post(f"{PAGE}/publish", key="another", **form)
    assert (back.status_code, back.json()["code"]) == (409, "already_published")
    # The same key with other fields is another form.
    other = await browser.post(f"{PAGE}/publish", key="publish", **{**form, "seen": "99"})
    assert "已经提交过" in other.json()["detail"]


async def day(world: World) -> Any:  # noqa: F811
    ((found,),) = await world.station.rows("select effective from edition where state = 'published'")
    return found


@pytest.mark.rule("reg-lists")
async def test_a_change_meanwhile_is_named(world: World) -> None:  # noqa: F811
    await listed(world.station, name="甲厂")
    form = await drafted(world)
    await listed(world.station, name="乙厂")
    answer = await miit(world).post(f"{PAGE}/publish", key="publish", **form)
    assert answer.status_code == 412
    assert answer.json()["changed"] == ["新增：乙厂（第 2 号变更）"]
    assert answer.json()["to"] == f"/registry/ui{PAGE}"
    assert await world.station.published(NATIONAL, "EditionPublished") == []


async def test_a_draft_that_was_changed_is_looked_at_again(world: World) -> None:  # noqa: F811
    await listed(world.station, name="甲厂")
    form = await drafted(world)
    browser = miit(world)
    again = {**form, **FORM, "document": "更正后的文件"}
    assert (await browser.post(f"{PAGE}/redraft", key="one", **again)).status_code == 200
    stale = await browser.post(f"{PAGE}/publish", key="two", **form)
    assert (stale.status_code, stale.json()["changed"]) == (412, ["拟定的名单已修改，或有决定被撤回。"])
    now = {**form, "seen": str(await position(world.station, NATIONAL))}
    assert (await browser.post(f"{PAGE}/publish", key="three", **now)).status_code == 200
    assert (await world.station.rows("select document from edition"))[0][0] == "更正后的文件"
    late = await browser.post(f"{PAGE}/redraft", key="four", **{**again, "seen": now["seen"]})
    assert late.json()["code"] == "already_published"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"document": " "}, "document"),
        ({"document": "x" * 201}, "document"),
        ({"document": "甲\x00"}, "document"),
        ({"year": "1900"}, "year"),
        ({"year": "二〇二五"}, "year"),
        ({"effective": "2025-13-01"}, "effective"),
    ],
)
async def test_what_is_wrong_is_shown_at_its_field(world: World, change: dict[str, str], field: str) -> None:  # noqa: F811
    await listed(world.station)
    answer = await miit(world).post(f"{PAGE}/draft", key="k", **{**FORM, **change})
    assert answer.status_code == 422, answer.text
    assert [e["field"] for e in answer.json()["errors"]] == [field]
    assert await world.station.rows("select 1 from edition") == []


async def test_only_the_lists_registrar(world: World) -> None:  # noqa: F811
    await listed(world.station)
    form = await drafted(world)
    for token, status in (("registrar@gd", 404), ("reviewer@miit", 403), ("applicant@@91440606MA4UUUUU0X", 404)):
        browser = Browser(world.app, world.client, token)
        assert (await browser.get(PAGE)).status_code == status, token
        assert (await browser.get(f"{PAGE}/changes.xlsx")).status_code == status
        for act in ("draft", "redraft", "publish"):
            answer = await browser.post(f"{PAGE}/{act}", key=f"{token}{act}", **FORM, **form)
            assert answer.status_code == status, (token, act)
    assert await world.station.published(NATIONAL, "EditionPublished") == []


async def test_a_session_that_is_over_loses_nothing(world: World) -> None:  # noqa: F811
    """Base.js keeps what was typed on 401; the same form, with its key, is carried out after the sign-in."""
    await listed(world.station)
    form = await drafted(world)
    path, headers = f"/registry/ui{PAGE}/publish", {"Accept": "application/json"}
    fields = {"csrf_token": CSRF, "key": "k", **form}
    assert (await world.client.post(path, headers=headers, data=fields)).status_code == 401
    forged = await miit(world).post(f"{PAGE}/publish", key="k", **{**form, "csrf_token": "other"})
    assert forged.status_code == 403
    assert (await miit(world).post(f"{PAGE}/publish", key="k", **form)).status_code == 200


async def test_without_script_the_next_page_says_it(world: World) -> None:  # noqa: F811
    await listed(world.station)
    form = await drafted(world)
    browser = miit(world)
    answer = await world.client.post(
        f"/registry/ui{PAGE}/publish", headers=browser.headers, data={"csrf_token": CSRF, "key": "k", **form}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, f"/registry/ui/lists/{NATIONAL}")
