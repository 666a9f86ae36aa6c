"""The page of the queue: filters in the address, marks, bulk assignment, exports, and nothing of other authorities."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from bs4 import BeautifulSoup

from gf_review.usecases.decide_stage import Pass
from services.review.tests.builders import CITY, COUNTY, NOW
from services.review.tests.db.test_pages import Desk, flash
from services.review.tests.db.test_queue import windowed
from services.review.tests.world import CAMPAIGN, FakePolicies, World, principal

pytestmark = pytest.mark.db
MakeWorld = Callable[..., Awaitable[World]]
HOME = "/review/ui/"


def rows(page: BeautifulSoup) -> list[str]:
    return [row.get_text(" ", strip=True) for row in page.select("table.queue tbody tr") if not row.select(".empty")]


def tabs(page: BeautifulSoup) -> dict[str, str]:
    found = {}
    for link in page.select(".tabs a"):
        count = link.find("b")
        assert count is not None
        found[str(parse_qs(urlsplit(str(link["href"])).query)["view"][0])] = count.get_text()
    return found


@pytest.mark.rule("N25-53", "N25-dates")
async def test_the_address_is_the_list(make_world: MakeWorld) -> None:
    """What the form sends comes back filled in, and the same address shows the same list."""
    world = await make_world(FakePolicies({COUNTY: windowed(NOW + timedelta(days=2))}))
    await world.admit(name="北山水泥", key_industry="k1")
    await world.admit(name="南山电子")
    desk = Desk(world, COUNTY)
    page = await desk.page(HOME)
    assert len(rows(page)) == 2
    assert tabs(page) == {"to_do": "2", "waiting": "0", "passed": "0", "returned": "0", "closed": "0", "all": "2"}
    assert "2 件在 7 天内截止" in page.get_text()
    assert len(page.select("tr.near")) == 2
    address = f"{HOME}?view=all&q=%E6%B0%B4%E6%B3%A5&key_industry=yes&campaign_id={CAMPAIGN}&sort=support"
    page = await desk.page(address)
    (row,) = rows(page)
    assert "北山水泥" in row
    assert "剩 2 天" in row
    field: Any = page.find(id="f-q")
    assert field["value"] == "水泥"
    chosen = {str(s["name"]): s.select_one("option[selected]") for s in page.select(".queue-filters select")}
    assert chosen["key_industry"] is not None
    assert chosen["key_industry"]["value"] == "yes"
    assert chosen["sort"]["value"] == "support"  # type: ignore[index]
    assert tabs(page)["to_do"] == "1"
    for link in page.select(".tabs a"):
        assert parse_qs(urlsplit(str(link["href"])).query)["q"] == ["水泥"]
    empty = await desk.page(f"{HOME}?q=没有这个")
    assert "没有符合条件的案件" in empty.get_text()
    assert not empty.select("#assign")


async def test_pages_follow_each_other(world: World) -> None:
    for number in range(28):
        await world.admit(name=f"企业{number:02}")
    desk = Desk(world, COUNTY)
    first = await desk.page(f"{HOME}?sort=admitted")
    following = first.select_one(".pager a[rel=next]")
    assert following is not None
    second = await desk.page(str(following["href"]))
    assert (len(rows(first)), len(rows(second))) == (25, 3)
    assert not set(rows(first)) & set(rows(second))
    assert second.select_one(".pager a[rel=next]") is None
    back = second.select_one(".pager a")
    assert back is not None
    assert rows(await desk.page(str(back["href"]))) == rows(first)


async def test_what_is_ticked_is_assigned_and_what_cannot_be_is_named(world: World) -> None:
    one, two = await world.admit(name="甲公司"), await world.admit(name="乙公司")
    late = await world.admit(name="丙公司")
    await world.review.note_official(principal(COUNTY, "reviewer", subject="wang"))
    desk = Desk(world, COUNTY)
    page = await desk.page(f"{HOME}?view=to_do&sort=newest")
    await world.review.decide_stage(principal(COUNTY), late, 1, await world.seen(late), Pass(""))
    number = await world.one("select number from review_case where submission_id = :id", id=late)
    answered = await desk.submit(page, "/assignments", submission_id=[one, late], assignee="wang")
    assert "已将 1 件分派给wang" in flash(answered)
    assert f"{number}：本级已办理" in flash(answered)
    assert answered.select_one("#f-sort option[selected]")["value"] == "newest"  # type: ignore[index]
    again = await desk.submit(page, "/assignments", submission_id=[one, late], assignee="wang")
    assert flash(again) == flash(answered)
    assert await world.one("select count(*) from assignment") == 1
    mine = await desk.page(f"{HOME}?assignee=wang")
    assert len(rows(mine)) == 1
    assert "甲公司" in rows(mine)[0]
    assert "乙公司" in rows(await desk.page(f"{HOME}?assignee=nobody"))[0]
    nothing = await desk.submit(await desk.page(HOME), "/assignments", assignee="wang")
    assert "请先勾选" in flash(nothing)
    nobody = await desk.submit(await desk.page(HOME), "/assignments", submission_id=[two])
    assert "请选择承办人" in flash(nobody)
    taken = await desk.submit(await desk.page(HOME), "/assignments", submission_id=[one], assignee="nobody")
    assert "已收回 1 件" in flash(taken)


async def test_another_authority_sees_and_assigns_nothing(world: World) -> None:
    one = await world.admit(name="甲公司")
    foshan = Desk(world, "gd.foshan")
    page = await foshan.page(f"{HOME}?view=all")
    assert rows(page) == []
    assert set(tabs(page).values()) == {"0"}
    form = {"csrf_token": "token-of-the-session", "submission_id": one, "assignee": "approver@gd.foshan"}
    answer = await foshan.http.post("/review/ui/assignments", data=form | {"key": "a-key-of-a-page"})
    assert answer.status_code == 404
    assert "甲公司" not in answer.text
    for kind in ("csv", "xlsx"):
        export = await foshan.http.get(f"/review/ui/export.{kind}?view=all")
        assert export.status_code == 200
        assert "甲公司".encode() not in export.content
    lines = list(csv.reader(io.StringIO((await foshan.http.get("/review/ui/export.csv?view=all")).text)))
    assert len(lines) == 1


async def test_the_export_holds_the_filtered_list(world: World) -> None:
    await world.admit(name="甲公司", key_industry="k1")
    await world.admit(name="乙公司")
    desk = Desk(world, COUNTY)
    page = await desk.page(f"{HOME}?key_industry=no&view=all")
    link = next(one for one in page.select(".head a") if "csv" in str(one["href"]))
    answer = await desk.http.get(str(link["href"]))
    lines = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [line[1] for line in lines] == ["申报单位", "乙公司"]


async def test_the_return_address_stays_at_the_queue(world: World) -> None:
    one = await world.admit()
    desk = Desk(world, COUNTY)
    desk.http.follow_redirects = False
    form = {"csrf_token": "token-of-the-session", "key": "a-key-of-a-page", "assignee": "", "submission_id": one}
    for back in ("//evil.example/", "x=1\r\nSet-Cookie: a=b", "view=all&q=水泥"):
        answer = await desk.http.post("/review/ui/assignments", data=form | {"back": back})
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/review/ui/?")
        assert "a=b" not in answer.headers.get("set-cookie", "")


async def test_text_of_people_is_shown_as_text(world: World) -> None:
    await world.admit(name="<script>alert(1)</script>公司")
    desk = Desk(world, COUNTY)
    page = await desk.page(f"{HOME}?q=%3Cscript%3E")
    assert "<script>alert(1)</script>公司" in rows(page)[0]
    assert [s for s in page.find_all("script") if not s.get("src")] == []
    assert rows(await Desk(world, CITY).page(f"{HOME}?view=waiting")) != []
