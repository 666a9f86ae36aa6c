"""行业认定: what a reviewer rules goes to scoring, on record, and into the flag of the queue."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.review.tests.builders import COUNTY, guard, route
from services.review.tests.db.test_pages import Desk, flash
from services.review.tests.world import FakePolicies, World, bearer

pytestmark = [pytest.mark.db, pytest.mark.rule("N25-53")]
MakeWorld = Callable[..., Awaitable[World]]
WHY = "营业收入九成来自水泥熟料。"


async def ruled_to(world: World, submission_id: str) -> list[tuple[str, Any]]:
    """Journal type and ruling of every assessment that went out."""
    rows = await world.sql(
        "select type, data ->> 'industry_ruling' from journal where aggregate_id = :id"
        " and type in ('industry_ruled', 'assessment_recorded') order by id",
        id=submission_id,
    )
    return [(kind, ruling) for kind, ruling in rows]


async def test_ruled_on_the_page(make_world: MakeWorld) -> None:
    world = await make_world(FakePolicies({COUNTY: route(guard("marks"))}))
    one = await world.admit(key_industry="paper")
    address = f"/review/ui/cases/{one}"
    desk = Desk(world, COUNTY)
    page = await desk.page(address)
    assert page.find(id="act-industry") is None, "nothing to rule on before there is a sheet"
    await world.score(one)
    page = await desk.page(address)
    offered = {str(option["value"]) for option in page.select("#f-industry option")}
    assert offered == {"", "general", "cement"}, "the industry that applies is none to choose"
    page = await desk.submit(page, "/industry", industry="cement", reason="")
    assert "请写明认定理由" in flash(page)
    page = await desk.submit(page, "/industry", industry="cement", reason=WHY)
    assert "行业认定已记录" in flash(page)
    records = page.find(id="records").get_text(" ", strip=True)
    assert f"造纸 水泥 {WHY} 李明" in records
    assert "行业认定" in page.find(id="history").get_text()
    assert WHY in page.find(id="history").get_text()
    assert "行业认定尚未计入评分表" in page.find(id="act").get_text()
    # A mark given later takes the ruling with it, or scoring would forget it.
    page = await desk.submit(page, "/marks", points__green_design="6", reason__green_design="有报告")
    assert await ruled_to(world, one) == [("industry_ruled", "cement"), ("assessment_recorded", "cement")]
    await world.score(one, 2, marks="6")
    page = await desk.submit(await desk.page(address), "/pass", reason="")
    assert "已上报" in flash(page)


async def test_the_queue_flags_by_the_ruling(world: World) -> None:
    plain, key = await world.admit(), await world.admit(key_industry="cement")
    for one, ruling in ((plain, "paper"), (key, "general")):
        await world.score(one)
        async with world.http() as http:
            http.headers.update(bearer(COUNTY))
            tag = (await http.get(f"/review/v1/cases/{one}")).headers["ETag"]
            body = {"industry_ruling": ruling, "reason": WHY}
            answer = await http.post(f"/review/v1/cases/{one}/stages/1/marks", json=body, headers={"If-Match": tag})
            assert answer.status_code == 200, answer.text
    flags = await world.sql(
        "select submission_id, key_industry, support from queue_entry where authority = :a", a=COUNTY
    )
    assert {row[0]: (row[1], row[2]) for row in flags} == {plain: ("paper", 1), key: ("", 0)}


async def test_a_new_round_begins_with_what_was_filed(world: World) -> None:
    one = await world.admit(key_industry="paper")
    await world.score(one)
    desk = Desk(world, COUNTY)
    page = await desk.submit(await desk.page(f"/review/ui/cases/{one}"), "/industry", industry="cement", reason=WHY)
    await desk.submit(page, "/return", pointer="/values/energy_total", note="不符", reason="请更正", term="2025-11-01")
    await world.admit(one, round=2, key_industry="paper")
    await world.score(one, 3, round=2)
    page = await desk.page(f"/review/ui/cases/{one}")
    assert "现为 造纸" in page.find(id="act-industry").get_text()
    assert await world.one("select count(*) from industry_ruling") == 1


async def test_who_saw_less_is_told_what_was_ruled(world: World) -> None:
    one = await world.admit()
    await world.score(one)
    address = f"/review/ui/cases/{one}"
    mine, hers = Desk(world, COUNTY), Desk(world, COUNTY)
    seen_by_me = await mine.page(address)
    await hers.submit(await hers.page(address), "/industry", industry="cement", reason=WHY)
    page = await mine.submit(seen_by_me, "/industry", industry="paper", reason="产品为纸。")
    assert "已被同事处理" in flash(page)
    assert "行业认定：水泥" in page.find(class_="changes").get_text()
    assert await world.one("select industry from industry_ruling") == "cement"
