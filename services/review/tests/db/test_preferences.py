"""优先推荐: tags of the policy on queue, case, batch, summary and export; filtered and sorted by."""

from __future__ import annotations

from typing import Any

import pytest

from services.review.tests.builders import COUNTY
from services.review.tests.db.test_pages import Desk
from services.review.tests.world import CAMPAIGN, PDF, World, bearer

pytestmark = [pytest.mark.db, pytest.mark.rule("GD-16")]
V1 = "/review/v1"


async def listed(world: World, **asked: str) -> list[dict[str, Any]]:
    async with world.http() as http:
        answer = await http.get(f"{V1}/cases", params=asked, headers=bearer(COUNTY))
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


async def names(world: World, **asked: str) -> list[str]:
    return [item["unit_name"] for item in await listed(world, **asked)]


async def four(world: World) -> dict[str, str]:
    """Preferred by a flag; of a key industry; both; neither. The last has the most points."""
    cases = {
        "preferred": await world.admit(name="甲", said={"benchmark_level": True}),
        "key": await world.admit(name="乙", key_industry="cement"),
        "both": await world.admit(name="丙", key_industry="cement", said={"suppliers": "12"}),
        "neither": await world.admit(name="丁", said={"benchmark_level": False, "suppliers": "9"}),
    }
    for total, one in zip(("70", "75", "60", "90"), cases.values(), strict=True):
        await world.score(one, total=total)
    return cases


async def test_tags_are_shown_filtered_and_sorted_by(world: World) -> None:
    await four(world)
    tags = {item["unit_name"]: [one["label"] for one in item["preferences"]] for item in await listed(world)}
    assert tags == {"甲": ["达到标杆水平"], "乙": [], "丙": ["供应商中绿色工厂 12 家"], "丁": []}
    assert set(await names(world, preferred="yes")) == {"甲", "丙"}
    assert set(await names(world, preferred="no")) == {"乙", "丁"}
    assert await names(world, preferred="yes", key_industry="yes") == ["丙"]
    assert await names(world, preferred="no", key_industry="cement") == ["乙"]
    assert set(await names(world, key_industry="yes")) == {"乙", "丙"}
    # Both grounds, one of them, none; within that by points.
    assert await names(world, sort="support") == ["丙", "乙", "甲", "丁"]
    assert await names(world, sort="support", q="SQ-2025") == ["丙", "乙", "甲", "丁"]
    assert await names(world, sort="score") == ["丁", "乙", "甲", "丙"]


async def test_a_level_of_the_sheet_is_a_tag_as_long_as_the_sheet_says_so(world: World) -> None:
    one = await world.admit()
    assert await names(world, preferred="yes") == []
    await world.score(one, 1, branch="by_product", points="7.5")
    assert await names(world, preferred="yes") == [], "not every product"
    await world.score(one, 2, branch="by_product", points="8")
    ((item),) = await listed(world, preferred="yes")
    assert item["preferences"] == [
        {"code": "level_1", "label": "达到限额 1 级", "rule": "GD-16", "article": "GD 第十六条"}
    ]
    await world.score(one, 3, branch="at_or_better_than_lead", points="8")
    assert await names(world, preferred="yes") == [], "the lead of the general table is no limit"


async def test_the_sheet_may_come_before_the_case(world: World) -> None:
    one = "01990000-0000-7000-8000-00000000abcd"
    await world.score(one, 1, branch="by_product", points="8")
    await world.admit(one)
    assert len(await names(world, preferred="yes")) == 1


async def test_pages_batch_summary_and_export_show_them(world: World) -> None:
    cases = await four(world)
    desk = Desk(world, COUNTY)
    page = await desk.page("/review/ui/?view=to_do&preferred=yes")
    assert "优先推荐：达到标杆水平" in page.get_text()
    assert "乙" not in page.find("tbody").get_text()
    case = await desk.page(f"/review/ui/cases/{cases['both']}")
    assert "优先推荐：供应商中绿色工厂 12 家" in case.find("h1").get_text()
    form = {"title": "第一批", "campaign_id": CAMPAIGN, "category": "factory", "kind": "application"}
    page = await desk.submit(await desk.page("/review/ui/batches"), "/batches", **form)
    assert "供应商中绿色工厂 12 家" in page.find(id="add").get_text()
    page = await desk.submit(page, "/add", submission_id=list(cases.values()))
    page = await desk.submit(page, "/document", files={"file": ("a.pdf", PDF, "application/pdf")})
    page = await desk.submit(page, "/seal")
    lines = [[cell.get_text() for cell in row.find_all("td")] for row in page.select("section.summary tbody tr")]
    assert [line[2] for line in lines] == ["丙", "乙", "甲", "丁"]
    assert lines[0][6] == "供应商中绿色工厂 12 家"
    answer = await desk.http.get(str(page.find("a", string="CSV")["href"]))
    assert "优先推荐情形" in answer.text
    exported = (await desk.http.get("/review/ui/export.csv?preferred=yes")).text.splitlines()
    assert len(exported) == 3
    assert any("达到标杆水平" in line for line in exported[1:])
