"""The five real routes through the pages, from the first level to the national list.

All decisions are clicked; of what is put on record before them, all at the first level and at the last.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gf_standalone.demo import data
from gf_standalone.demo.acts import Applicant, Registrar
from gf_standalone.demo.story import DESKS, NATIONAL, YEAR
from tests.browser.browsing import WIDE, Visitor
from tests.browser.clerks import Come, Office
from tests.e2e.season import Season

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]
ROUTES = ("cq", "gz", "fs", "sz", "cnbm")
#: Level by level: which authority sends which units on together.
LEVELS = (
    (("yubei", ("cq",)), ("huangpu", ("gz",))),
    (("gz", ("gz",)), ("fs", ("fs",)), ("sz", ("sz",))),
    (("cq", ("cq",)), ("gd", ("gz", "fs")), ("cnbm", ("cnbm",))),
)
#: Where each application is reviewed first.
FIRST = {("yubei", "cq"), ("huangpu", "gz"), ("fs", "fs"), ("sz", "sz"), ("cnbm", "cnbm")}


@pytest.fixture(scope="module")
async def applied(season: Season) -> dict[str, str]:
    """The demo's five enterprises have applied through the API."""
    for listed in data.lists():
        await Registrar(season.house.speak(listed["account"])).import_list(listed)
    return dict(zip(ROUTES, await asyncio.gather(*(_apply(season, name) for name in ROUTES)), strict=True))


async def _apply(season: Season, name: str) -> str:
    unit = data.units()[name]
    applicant = Applicant(season.house.speak(unit["account"]), unit)
    unit_id = await applicant.register()
    if name == "cq":
        # Chongqing takes only units of its list; intake hears of the import a moment later.
        for _ in range(100):
            try:
                return await applicant.apply(unit_id, season.campaign)
            except Exception as refused:
                if "CQ-pre" not in str(getattr(refused, "problem", "")):
                    raise
                await asyncio.sleep(0.2)
    return await applicant.apply(unit_id, season.campaign)


@pytest.mark.rule("DM-route", "DM-route-group", "DM-route-plan", "DM-route-city", "DM-state", "CQ-doc")
async def test_five_routes_to_the_national_list(
    season: Season, applied: dict[str, str], visitor: Come, tmp_path: Path
) -> None:
    async def office_of(name: str, units: tuple[str, ...]) -> None:
        office = await Office.of(name, season, visitor)
        for unit in units:
            if (name, unit) in FIRST:
                await office.review(applied[unit])
            else:
                # Between the first level and the last, what is put on record goes through the API.
                await season.desk(name).prepare(applied[unit])
        if name == "yubei":
            await _pictures_of_the_first_level(office, applied["cq"])
        folder = tmp_path / name
        folder.mkdir()
        await office.recommend([applied[unit] for unit in units], f"{DESKS[name]} 2025 年度第一批", folder)
        if name == "gd":
            await office.approver.accessible()
            await office.approver.picture("batch")

    for level in LEVELS:
        await asyncio.gather(*(office_of(name, units) for name, units in level))
    ministry = await Office.of("miit", season, visitor)

    async def put_on_record() -> None:
        for unit in ROUTES:
            await ministry.review(applied[unit], also=("expert_review",))
            reviewed[unit].set()

    async def decide() -> None:
        for unit in ROUTES:
            await reviewed[unit].wait()
            await ministry.decide(applied[unit])

    reviewed = {unit: asyncio.Event() for unit in ROUTES}
    await asyncio.gather(put_on_record(), decide())
    await ministry.approver.open(f"/review/ui/cases/{applied['gz']}")
    states = await ministry.approver.page.locator("ol.steps > li").evaluate_all("all => all.map(one => one.className)")
    assert states == ["passed", "passed", "passed", "passed"]
    address = await ministry.publish("国家级绿色工厂名单")
    await ministry.approver.accessible()
    await ministry.approver.picture("publicity")
    await _until_the_publicity_is_over(season, ministry.approver)
    for _ in range(150):
        await ministry.approver.page.goto(address)
        if await ministry.approver.page.locator("h1 .badge").inner_text() == "公示结束":
            break
        await asyncio.sleep(0.2)
    assert await ministry.approver.page.locator("h1 .badge").inner_text() == "公示结束"
    registrar = Registrar(season.house.speak("miit-lists"))
    document = "关于公布2025年度绿色工厂名单的通知"
    await registrar.publish_edition(NATIONAL, year=YEAR, document=document, expects=len(ROUTES))
    reader = await visitor()
    for unit in ROUTES:
        name = data.units()[unit]["name"]
        await reader.open(f"/registry/ui/lists/{NATIONAL}?q={name}")
        assert await reader.page.get_by_role("cell", name=name).count(), name
    await reader.open("/registry/ui/")
    await reader.picture("lists")


async def _until_the_publicity_is_over(season: Season, anyone: Visitor) -> None:
    """The clock's page moves time to the morning after."""
    before = season.house.clock.now()
    await anyone.open("/clock")
    await anyone.page.get_by_label("向前（天）").fill("30")
    await anyone.page.get_by_role("button", name="向前调整").click()
    await anyone.page.wait_for_load_state()
    assert season.house.clock.now() >= before + timedelta(days=30)


async def _pictures_of_the_first_level(office: Office, submission_id: str) -> None:
    one = office.approver
    await one.open("/review/ui/?view=all")
    await one.picture("queue")
    await one.open(f"/review/ui/cases/{submission_id}")
    await one.picture("case", WIDE)
    await one.picture("case-phone", (390, 844))


def test_the_routes_are_those_of_the_documents() -> None:
    units: dict[str, Any] = data.units()
    assert {units[name]["superior"] for name in ROUTES} == {
        "cq.yubei",
        "gd.guangzhou.huangpu",
        "gd.foshan",
        "shenzhen",
        "group.cnbm",
    }
