"""The queue: what is in it, for whom, in which order; and that its rows always say what the cases say."""

from __future__ import annotations

import csv
import importlib.util
import io
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text
from sqlmodel import select

from gf_review.adapters.queue import SORTS, QueueFilter
from gf_review.adapters.scope import visible
from gf_review.adapters.tables import CaseRow
from gf_review.domain.route import WindowPlan
from gf_review.usecases.decide_stage import Pass, Return
from gf_review.usecases.record_findings import FindingDraft
from services.review.tests.builders import CITY, COUNTY, MINISTRY, NOW, PROVINCE, group_route, route
from services.review.tests.world import CAMPAIGN, FakePolicies, World, bearer, principal

pytestmark = pytest.mark.db
MakeWorld = Callable[..., Awaitable[World]]
V1 = "/review/v1"
FOSHAN = "gd.foshan"
AUTHORITIES = (COUNTY, CITY, PROVINCE, MINISTRY, FOSHAN, "group.cnbm", "gd.nowhere")


def windowed(closes: Any, setter: str = "gd") -> Any:
    return route(window=WindowPlan(None, closes, "N25-dates", "N25", setter))


async def ids_of(world: World, authority: str, sort: str = "due", limit: int = 200, **wanted: Any) -> list[str]:
    """Read to the end, page by page."""
    found: list[str] = []
    after = None
    while True:
        items, after = await world.review.queue.page(authority, QueueFilter(**wanted), sort, after=after, limit=limit)
        found += [one["submission_id"] for one in items]
        if after is None:
            return found


async def pass_on(world: World, submission_id: str, authority: str = COUNTY, stage_no: int = 1) -> None:
    seen = await world.seen(submission_id)
    await world.review.decide_stage(principal(authority), submission_id, stage_no, seen, Pass("同意"))


async def send_back(world: World, submission_id: str) -> None:
    finding = FindingDraft("", "/values/energy_total", False, "不符")
    decision = Return("请更正", [finding], NOW + timedelta(days=10))
    await world.review.decide_stage(principal(COUNTY), submission_id, 1, await world.seen(submission_id), decision)


@pytest.mark.rule("DM-superior", "DM-state", "DM-route")
async def test_entries_say_what_the_cases_say(make_world: MakeWorld) -> None:
    """Whoever sees a case has one entry of it, whoever does not has none; also after a change of the superior."""
    foshan = route()
    world = await make_world(FakePolicies({FOSHAN: group_route(), COUNTY: foshan}))
    moved = await world.admit()
    passed, back, gone = await world.admit(), await world.admit(), await world.admit()
    await world.admit(superior="group.cnbm")
    await pass_on(world, passed)
    for one in (moved, back):
        await send_back(world, one)
    await world.withdraw(gone)
    await world.admit(moved, round=2, superior="group.cnbm")
    await world.admit(back, round=2)
    async with world.review.runtime.database.reading() as session:
        for authority in AUTHORITIES:
            seen = set((await session.exec(select(CaseRow.submission_id).where(visible(authority)))).all())
            assert set(await ids_of(world, authority, view="all")) == seen, authority
            counts = await world.review.queue.counts(authority, QueueFilter())
            assert counts.of("all") == len(seen)
    assert moved not in await ids_of(world, COUNTY, view="all")
    assert await ids_of(world, COUNTY, view="passed") == [passed]
    assert await ids_of(world, COUNTY, view="returned") == [gone]
    assert passed in await ids_of(world, CITY)


async def test_the_migration_fills_in_what_was_there(make_world: MakeWorld) -> None:
    world = await make_world(FakePolicies({COUNTY: windowed(NOW + timedelta(days=3))}))
    one, two = await world.admit(), await world.admit(superior="group.cnbm", key_industry="k1")
    await world.score(one)
    await pass_on(world, one)
    await send_back(world, await world.admit())
    await world.admit(two, round=1)
    tables = ("queue_entry", "case_search", "queue_window", "stage")
    before = {table: await world.sql(f"select * from {table} order by 1, 2, 3") for table in tables}
    assert all(before.values())
    path = Path(__file__).parents[2] / "migrations" / "versions" / "0002_queue.py"
    spec = importlib.util.spec_from_file_location("m0002", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    async with world.review.runtime.database.unit_of_work() as uow:
        for table in tables[:3]:
            await uow.session.execute(text(f"delete from {table}"))
        await uow.session.execute(text("update stage set window_key = ''"))
        for statement in module.BACKFILL:
            await uow.session.execute(text(statement))
        await uow.commit()
    for table in tables:
        assert await world.sql(f"select * from {table} order by 1, 2, 3") == before[table], table


@pytest.mark.rule("N25-53")
async def test_every_sort_pages_through_the_same_cases(make_world: MakeWorld) -> None:
    world = await make_world(
        FakePolicies({COUNTY: windowed(NOW + timedelta(days=3)), CITY: windowed(NOW + timedelta(days=1))})
    )
    made = []
    for number in range(9):
        superior = CITY if number % 3 == 0 else COUNTY
        made.append(await world.admit(superior=superior, key_industry="k1" if number % 2 else ""))
        if number % 4:
            await world.score(made[-1], total=str(60 + number))
    for sort in SORTS:
        for view in ("to_do", "all"):
            whole = await ids_of(world, COUNTY, sort, view=view)
            assert sorted(whole) == sorted(made), sort
            assert await ids_of(world, COUNTY, sort, limit=2, view=view) == whole, sort
    due = await ids_of(world, COUNTY, "due")
    assert set(due[:3]) == {made[0], made[3], made[6]}
    score = await ids_of(world, COUNTY, "score")
    assert score[:3] == [made[7], made[6], made[5]]
    support = await ids_of(world, COUNTY, "support")
    assert support[:4] == [made[7], made[5], made[3], made[1]]
    # The same order where a text has been gathered first.
    for sort in SORTS:
        assert await ids_of(world, COUNTY, sort, limit=2, text="绿源") == await ids_of(world, COUNTY, sort), sort


async def test_a_page_is_stable_while_cases_move(world: World) -> None:
    made = [await world.admit() for _ in range(6)]
    first, after = await world.review.queue.page(COUNTY, QueueFilter(), "admitted", limit=3)
    seen = [one["submission_id"] for one in first]
    await pass_on(world, seen[0])
    late = await world.admit()
    rest, _ = await world.review.queue.page(COUNTY, QueueFilter(), "admitted", after=after, limit=10)
    # Nothing is skipped or repeated; the late one has a place of its own in the order, before the cursor or after it.
    assert {*seen, *(one["submission_id"] for one in rest)} - {late} == set(made)
    assert not set(seen) & {one["submission_id"] for one in rest}


@pytest.mark.rule("N25-dates")
async def test_days_left_follow_the_extension(make_world: MakeWorld) -> None:
    world = await make_world(FakePolicies({COUNTY: windowed(NOW - timedelta(days=1))}))
    one = await world.admit()
    queue = world.review.queue

    async def state() -> tuple[str, Any, int, int]:
        (item,), _ = await queue.page(COUNTY, QueueFilter())
        counts = await queue.counts(COUNTY, QueueFilter())
        return item["due_mark"], item["days_left"], counts.overdue, counts.near

    assert (await state())[0] == "overdue"
    assert (await state())[2:] == (1, 0)
    assert await ids_of(world, COUNTY, due="overdue") == [one]
    await world.extend("decide:county", "gd", NOW + timedelta(days=5))
    assert await state() == ("near", 5, 0, 1)
    assert await ids_of(world, COUNTY, due="overdue") == []
    assert await ids_of(world, COUNTY, due="days7") == [one]
    assert await ids_of(world, COUNTY, due="days3") == []
    await world.extend("decide:county", "gd", NOW + timedelta(days=40))
    assert (await state())[0] == ""
    await pass_on(world, one)
    assert (await queue.page(COUNTY, QueueFilter(view="passed")))[0][0]["days_left"] is None
    assert await ids_of(world, CITY, due="none") == [one]


async def test_each_filter_and_its_counts(world: World) -> None:
    park = await world.admit(name="北山工业园区", key_industry="k1")
    await world.admit(name="绿源机械")
    await world.admit(name="100%环保_科技")
    queue = world.review.queue
    cases: list[tuple[dict[str, Any], int]] = [
        ({"key_industry": "yes"}, 1),
        ({"key_industry": "no"}, 2),
        ({"key_industry": "k1"}, 1),
        ({"key_industry": "other"}, 0),
        ({"division": "39"}, 3),
        ({"division": "25"}, 0),
        ({"category": "factory"}, 3),
        ({"category": "park"}, 0),
        ({"kind": "application", "campaign_id": CAMPAIGN}, 3),
        ({"campaign_id": "none"}, 0),
        ({"assignee": "nobody"}, 3),
        ({"assignee": "somebody"}, 0),
        ({"text": "工业园"}, 1),
        ({"text": "0%环"}, 1),
        ({"text": "%"}, 1),
        ({"text": "保_"}, 1),
        ({"text": "绿源"}, 1),
        ({"text": "91440101ma59abcd1x"}, 3),
        ({"text": f"SQ-2025-{park[-8:]}"}, 1),
        ({"text": "不存在"}, 0),
    ]
    for wanted, expected in cases:
        for authority in (COUNTY, PROVINCE):
            view = "all"
            assert len(await ids_of(world, authority, view=view, **wanted)) == expected, wanted
            assert (await queue.counts(authority, QueueFilter(**wanted))).of("all") == expected, wanted
        assert await ids_of(world, FOSHAN, view="all", **wanted) == []
        assert (await queue.counts(FOSHAN, QueueFilter(**wanted))).of("all") == 0


async def test_a_frequent_text_is_found_in_order(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above MANY hits the text is met on the way; the answer is the same."""
    for number in range(6):
        await world.admit(name=f"绿源{number}")
    await world.admit(name="他人")
    plain = {sort: await ids_of(world, COUNTY, sort, text="绿源") for sort in SORTS}
    monkeypatch.setattr("gf_review.adapters.queue.MANY", 2)
    monkeypatch.setattr("gf_review.adapters.queue.COUNTED_OFTEN", 3)
    assert {sort: await ids_of(world, COUNTY, sort, limit=2, text="绿源") for sort in SORTS} == plain
    counts = await world.review.queue.counts(COUNTY, QueueFilter(text="绿源"))
    assert (counts.capped, counts.counted, counts.of("to_do")) == (True, 3, 4)
    assert len(plain["due"]) == 6


@pytest.mark.parametrize("many", [0, 2000])
async def test_a_page_with_its_counts_is_the_page_and_the_counts(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """Few cases are gathered and sorted, many are read in order: the same rows, cursors and counts."""
    world = await make_world(FakePolicies({COUNTY: windowed(NOW + timedelta(days=3))}))
    for number in range(7):
        made = await world.admit(superior=COUNTY, key_industry="k1" if number % 2 else "")
        if number % 3:
            await world.score(made, total=str(60 + number % 2))
    await pass_on(world, made)
    monkeypatch.setattr("gf_review.adapters.queue.MANY", many)
    queue, after = world.review.queue, None
    for view in ("to_do", "passed", "all"):
        for sort in SORTS:
            wanted, after = QueueFilter(view=view), None
            while True:
                shown = await queue.shown(COUNTY, wanted, sort, after=after, limit=2)
                assert (shown.items, shown.following) == await queue.page(COUNTY, wanted, sort, after=after, limit=2)
                assert shown.counts == await queue.counts(COUNTY, wanted)
                assert shown.items
                after = shown.following
                if after is None:
                    break


# --- over the API -----------------------------------------------------------------------------------------------------


async def test_exports_hold_what_the_queue_shows_and_no_formula(world: World) -> None:
    await world.admit(name="=HYPERLINK(1)", key_industry="k1")
    await world.admit(name="　＝1+1")
    await world.admit(name="普通公司")
    async with world.http() as http:
        for authority, expected in ((COUNTY, 3), (PROVINCE, 0), (FOSHAN, 0)):
            http.headers.update(bearer(authority))
            plain = await http.get(f"{V1}/cases/export.csv")
            assert plain.headers["content-type"].startswith("text/csv")
            lines = list(csv.reader(io.StringIO(plain.content.decode("utf-8-sig"))))
            assert len(lines) == expected + 1
            book = openpyxl.load_workbook(io.BytesIO((await http.get(f"{V1}/cases/export.xlsx")).content))
            cells = list(book.active.iter_rows(min_row=2))  # type: ignore[union-attr]
            assert len(cells) == expected
            assert all(cell.data_type in ("s", "n", "inlineStr") and cell.data_type != "f" for r in cells for cell in r)
            assert [[str(c.value or "") for c in r] for r in cells] == lines[1:]
            for value in (cell for line in lines[1:] for cell in line):
                assert value.strip(" \u3000")[:1] not in tuple("=+-@＝＋－＠")
        http.headers.update(bearer(COUNTY))
        filtered = await http.get(f"{V1}/cases/export.csv", params={"key_industry": "yes"})
        assert filtered.text.count("\n") == 2
        wide = await http.get(f"{V1}/cases/export.csv", params={"view": "all", "q": "普通"})
        assert wide.text.count("\n") == 2


async def test_what_cannot_be_asked_is_said(world: World) -> None:
    async with world.http() as http:
        http.headers.update(bearer(COUNTY))
        for query in ("q=x", "view=mine", "sort=name", "due=days4", "division=3x", "cursor=abc", "limit=0"):
            assert (await http.get(f"{V1}/cases?{query}")).status_code == 422, query
        first = (await http.get(f"{V1}/cases?sort=due")).json()
        assert first["next"] is None
        http.headers.update(bearer(COUNTY, "applicant"))
        for path in ("cases", "cases/export.csv", "cases/export.xlsx", "officials"):
            assert (await http.get(f"{V1}/{path}")).status_code == 403


async def test_a_cursor_of_another_sort_is_refused(world: World) -> None:
    for _ in range(3):
        await world.admit()
    async with world.http() as http:
        http.headers.update(bearer(COUNTY))
        cursor = (await http.get(f"{V1}/cases?sort=due&limit=1")).json()["next"]
        assert (await http.get(f"{V1}/cases?sort=score&limit=1&cursor={cursor}")).status_code == 422
        assert (await http.get(f"{V1}/cases?sort=due&limit=1&cursor={cursor}")).status_code == 200
