"""The page for importing a list that exists: pasted from a table, all of it or nothing."""

from __future__ import annotations

import pytest

from services.registry.tests.http.browser import Browser
from services.registry.tests.http.test_http import World, world  # noqa: F401 - a fixture

pytestmark = pytest.mark.db
PAGE = "/desk/import"
LIST = "provincial:cq:factory"
FORM = {"list_id": LIST, "year": "2024", "document": "渝经信发〔2024〕10号", "effective": "2024-12-20"}
PASTED = "名称\t统一社会信用代码\t行政区划代码\t行业\n甲厂\t91500112100000016M\t500112\t3442\n\n乙厂\t\t500108\n丙厂\n"


def chongqing(world: World) -> Browser:  # noqa: F811
    return Browser(world.app, world.client, "registrar@cq")


@pytest.mark.rule("reg-lists")
async def test_a_pasted_table_becomes_one_edition(world: World) -> None:  # noqa: F811
    browser = chongqing(world)
    assert "/registry/ui/desk/import" in (await browser.get("/desk")).text
    page = (await browser.get(PAGE)).text
    assert f'value="{LIST}"' in page
    assert "national:miit:factory" not in page
    done = await browser.post(PAGE, key="import-0001", **FORM, entries=PASTED)
    assert done.status_code == 200, done.text
    assert done.json()["to"] == f"/registry/ui/lists/{LIST}"
    shown = (await browser.get(f"/lists/{LIST}")).text
    assert all(name in shown for name in ("甲厂", "乙厂", "丙厂", "渝经信发〔2024〕10号"))
    again = await browser.post(PAGE, key="import-0001", **FORM, entries=PASTED)
    assert again.status_code == 200, again.text
    rows = await world.station.rows("select uscc, region, industry from membership where list_id = '" + LIST + "'")
    assert sorted(rows, key=str) == [("91500112100000016M", "500112", "3442"), (None, "", ""), (None, "500108", "")]


async def test_what_is_wrong_names_unit_and_column_and_nothing_is_imported(world: World) -> None:  # noqa: F811
    browser = chongqing(world)
    for wrong, field, said in (
        ({"entries": "甲厂,91500112100000016A"}, "entries", "第 1 家，统一社会信用代码"),
        ({"entries": "甲厂\n,91500112100000016M"}, "entries", "第 2 家，名称"),
        ({"entries": "甲厂，，50011"}, "entries", "第 1 家，行政区划代码：应为 6 位数字。"),
        ({"entries": "甲厂\t123"}, "entries", "第 1 家，统一社会信用代码：应为 18 位数字或大写字母。"),
        ({"entries": "甲厂,,,,多"}, "entries", "多于 4 列"),
        ({"entries": "甲厂,91500112100000016m\n乙厂,91500112100000016M"}, "entries", "重复出现"),
        ({"entries": "名称\n"}, "entries", "名单："),
        ({"year": "去年"}, "year", "年份："),
        ({"document": ""}, "document", "请填写公布文件"),
        ({"document": "文\x00件"}, "document", "不能保存的字符"),
        ({"entries": "甲厂\n乙\x00厂"}, "entries", "第 2 家：一行过长，或含有不能保存的字符"),
        ({"entries": "甲" * 2_000}, "entries", "第 1 家：一行过长"),
        ({"effective": "20.12."}, "effective", "生效日期："),
    ):
        answer = await browser.post(PAGE, **{**FORM, "entries": PASTED, **wrong})
        assert answer.status_code == 422, (wrong, answer.text)
        found = {one["field"]: one["detail"] for one in answer.json()["errors"]}
        assert said in found[field], (wrong, found)
        assert said in answer.json()["detail"]
    empty = await browser.post(PAGE, **{**FORM, "entries": PASTED, "document": ""})
    assert empty.json()["detail"].count("请填写公布文件") == 1
    many = "\n".join(f"{number}厂,1" for number in range(20))
    answer = await browser.post(PAGE, **FORM, entries=many)
    assert "另有 15 处" in answer.json()["errors"][0]["detail"]
    assert await world.station.rows("select id from membership") == []


@pytest.mark.rule("GD-21")
async def test_only_the_registrar_of_the_lists_own_authority(world: World) -> None:  # noqa: F811
    other = Browser(world.app, world.client, "registrar@gd")
    assert (await other.post(PAGE, **FORM, entries=PASTED)).status_code == 404
    reviewer = Browser(world.app, world.client, "reviewer@cq")
    assert (await reviewer.get(PAGE)).status_code == 403
    assert (await reviewer.post(PAGE, **FORM, entries=PASTED)).status_code == 403
