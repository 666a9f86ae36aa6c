"""Exports: exactly what the page shows, with the list's date."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import UUID

import openpyxl
import pytest

from gf_chassis.idempotency import Once
from gf_registry.adapters import reading
from gf_registry.domain.adjustments import AdjustmentKind
from gf_registry.entrypoints import public
from gf_registry.usecases.decide_adjustment import decide_adjustment
from gf_registry.usecases.propose_adjustment import Proposal, propose_adjustment
from services.registry.tests.db.support import NATIONAL, Story, registrar
from services.registry.tests.http.browser import Browser
from services.registry.tests.http.test_dynamic import ranked
from services.registry.tests.http.test_http import CODE, LIST, OTHER, World, imported, world  # noqa: F401 - a fixture

pytestmark = pytest.mark.db


def lines(content: bytes) -> list[list[str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def sheet(content: bytes) -> list[list[str]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert all(cell.data_type in ("s", "inlineStr", "n") for row in book.active for cell in row)
    return [[cell or "" for cell in row] for row in book.active.iter_rows(values_only=True)]


@pytest.mark.rule("reg-lists", "CQ-list")
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", ["'=HYPERLINK(1)", "佛山某厂"]),
        ("?q=佛山&on=2025-06-01", ["佛山某厂"]),
        ("?region=440604", ["'=HYPERLINK(1)"]),
        ("?on=2024-11-30", []),
        ("?known_at=0", []),
        ("?year=2023", []),
    ],
)
async def test_the_list_as_asked(world: World, query: str, names: list[str]) -> None:  # noqa: F811
    await imported(world)
    address = f"/v1/public/lists/{LIST}/export"
    plain, excel = await world.call("GET", f"{address}.csv{query}"), await world.call("GET", f"{address}.xlsx{query}")
    assert (plain.status_code, excel.status_code) == (200, 200), plain.text
    rows = lines(plain.content)
    assert rows[0] == list(public.COLUMNS)
    assert [row[1] for row in rows[1:]] == names
    table = sheet(excel.content)
    assert table[1:] == rows
    shown = (await world.call("GET", f"/v1/public/lists/{LIST}{query}")).json()
    assert shown["total"] == len(names)
    assert f"名单日期 {shown['on']}" in table[0][0]
    assert f"第 {shown['known_at']['position']} 号变更" in table[0][0]
    assert ("筛选" in table[0][0]) is any(part in query for part in ("q=", "region", "year"))
    assert shown["on"] in plain.headers["content-disposition"]
    assert {row[-1] for row in rows[1:]} <= {shown["on"]}


async def test_no_such_list_or_kind(world: World) -> None:  # noqa: F811
    await imported(world)
    assert (await world.call("GET", "/v1/public/lists/city:nowhere:factory/export.xlsx")).status_code == 404
    assert (await world.call("GET", f"/v1/public/lists/{LIST}/export.pdf")).status_code == 404
    assert (await world.call("GET", f"/v1/public/lists/{LIST}/export.csv?known_at=99")).status_code == 422


@pytest.mark.rule("reg-lists")
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_removal_between_two_pages(
    world: World,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
) -> None:
    """Pages of one line, and a unit is removed at once after the first: the export is of the state it began with."""
    await imported(world)
    unit = (await world.call("GET", f"/v1/public/lists/{LIST}?q=佛山")).json()["items"][0]["unit_id"]
    real, pages = reading.items, 0

    async def items(*args: Any, **kwargs: Any) -> Any:
        nonlocal pages
        found = await real(*args, **kwargs)
        pages += 1
        if pages == 1:
            await remove(world, UUID(unit))
        return found

    monkeypatch.setattr(public, "_PAGE", 1)
    monkeypatch.setattr(reading, "items", items)
    content = (await world.call("GET", f"/v1/public/lists/{LIST}/export.{kind}")).content
    rows = lines(content) if kind == "csv" else sheet(content)[1:]
    assert [row[1] for row in rows[1:]] == ["'=HYPERLINK(1)", "佛山某厂"]
    assert pages == 3
    after = lines((await world.call("GET", f"/v1/public/lists/{LIST}/export.csv")).content)
    assert [row[1] for row in after[1:]] == ["'=HYPERLINK(1)"]


async def remove(world: World, unit_id: UUID) -> None:  # noqa: F811
    station = world.station
    first, second = registrar("gd"), registrar("gd", "li")
    proposal = Proposal(unit_id, None, AdjustmentKind.REMOVAL, "major_incident", "重大事故")
    made = await propose_adjustment(station.uow(first), Once(), station.law, first, proposal)
    await decide_adjustment(
        station.uow(second), Once(), station.law, second, UUID(made["adjustment_id"]), agreed=True, reason="核实",
        seen=1,
    )  # fmt: skip


@pytest.mark.rule("N25-5pct", "CQ-warn")
async def test_due_and_warned_to_whom_they_concern(world: World) -> None:  # noqa: F811
    await ranked(world)
    address = f"/v1/lists/{NATIONAL}/attention"
    due = lines((await world.call("GET", f"{address}/due.csv", "reviewer@gd.foshan")).content)
    assert [row[:2] + row[5:8] for row in due[1:]] == [["末位厂", Story.uscc, "3", "2", "待处理"]]
    warned = sheet((await world.call("GET", f"{address}/warned.xlsx", "registrar@miit")).content)
    assert [row[0] for row in warned[2:]] == ["末位厂", "预警厂"]
    assert "预警的单位　2027 年排名" in warned[0][0]
    for what in ("due", "warned"):
        assert len(lines((await world.call("GET", f"{address}/{what}.csv", "reviewer@cq")).content)) == 1
        assert (await world.call("GET", f"{address}/{what}.csv", f"applicant@@{OTHER}")).status_code == 404
        assert (await world.call("GET", f"{address}/{what}.csv")).status_code == 401
        page = Browser(world.app, world.client, "reviewer@gd")
        taken = await page.get(f"/lists/{NATIONAL}/dynamic/{what}.csv")
        assert "末位厂" in taken.text
        foreign = Browser(world.app, world.client, f"applicant@@{CODE}")
        assert (await foreign.get(f"/lists/{NATIONAL}/dynamic/{what}.xlsx")).status_code == 404
