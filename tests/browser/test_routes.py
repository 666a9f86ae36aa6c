"""The five real routes through the pages, from the first level to the national list.

What reviewers, approvers and registrars do is clicked, at every level; the applicants' own way through their pages is
in `test_applicant`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from gf_standalone.demo import data
from gf_standalone.demo.acts import Applicant, Registrar
from gf_standalone.demo.story import DESKS
from tests.browser.browsing import WIDE, Visitor
from tests.browser.clerks import Come, Office, announce
from tests.e2e.season import Season

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1500)]
ROUTES = ("cq", "gz", "fs", "sz", "cnbm")
#: Level by level: which authority sends which units on together.
LEVELS = (
    (("yubei", ("cq",)), ("huangpu", ("gz",))),
    (("gz", ("gz",)), ("fs", ("fs",)), ("sz", ("sz",))),
    (("cq", ("cq",)), ("gd", ("gz", "fs")), ("cnbm", ("cnbm",))),
)
#: Who keeps a list: the ministry; and cities that put their units on one of their own as they send them on.
LISTS = {"miit": "国家级绿色工厂名单", "gz": "市级绿色工厂名单（广州市", "fs": "市级绿色工厂名单（佛山市"}
#: What a level does though nothing asks it to: a municipality marks anew, the ministry has experts look.
ALSO = {"cq": ("定性评分",), "miit": ("专家评审",)}


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


@pytest.mark.rule("DM-route", "DM-route-group", "DM-route-plan", "DM-route-city", "DM-state", "CQ-doc", "GD-12-list")
async def test_five_routes_to_the_national_list(
    season: Season, applied: dict[str, str], visitor: Come, tmp_path: Path
) -> None:
    publicities: dict[str, tuple[Visitor, str]] = {}

    async def office_of(name: str, units: tuple[str, ...]) -> None:
        office, *others = await asyncio.gather(*(Office.of(name, visitor) for _ in units))
        reviews = zip((office, *others), units, strict=True)
        await asyncio.gather(*(clerk.review(applied[unit], also=ALSO.get(name, ())) for clerk, unit in reviews))
        if name == "yubei":
            await _pictures_of_the_first_level(office, applied["cq"])
        folder = tmp_path / name
        folder.mkdir()
        await office.recommend([applied[unit] for unit in units], f"{DESKS[name]} 2025 年度第一批", folder)
        if name in LISTS:
            publicities[name] = (office.approver, await office.publish(LISTS[name]))
        if name == "gd":
            await office.approver.accessible()
            await office.approver.picture("batch")

    for level in LEVELS:
        await asyncio.gather(*(office_of(name, units) for name, units in level))
    ministry = await Office.of("miit", visitor)

    async def put_on_record() -> None:
        for unit in ROUTES:
            await ministry.review(applied[unit], also=ALSO["miit"])
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
    publicities["miit"] = (ministry.approver, await ministry.publish(LISTS["miit"]))
    await ministry.approver.accessible()
    await ministry.approver.picture("publicity")
    await _until_the_publicity_is_over(season, ministry.approver)
    await asyncio.gather(*(_edition(visitor, name, *publicities[name]) for name in LISTS))
    reader = await visitor()
    await reader.open("/registry/ui/")
    await reader.picture("lists")
    await reader.page.get_by_role("row", name=LISTS["miit"]).get_by_role("link").first.click()
    for unit in ROUTES:
        await expect(reader.page.get_by_role("cell", name=data.units()[unit]["name"])).to_be_visible()


async def _edition(visitor: Come, name: str, approver: Visitor, publicity: str) -> None:
    """What stood the publicity is published by the list's registrar, and is on the list that comes up."""
    await approver.comes('h1 .badge:has-text("公示结束")', publicity)
    number = await approver.page.locator("table tbody tr").count()
    registrar = await visitor(f"{name}-lists", "/registry/ui/desk")
    await announce(registrar, LISTS[name], number, "关于公布2025年度绿色工厂名单的通知")
    for unit in ROUTES if name == "miit" else (name,):
        await expect(registrar.page.get_by_role("cell", name=data.units()[unit]["name"])).to_be_visible()


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
