"""Plans over many cases: whatever the queue offers, no query reads a table of cases from end to end."""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from gf_review.adapters.queue import SORTS, VIEWS, QueueFilter
from services.review.tests.world import World, make
from tests.support import plans
from tests.support.crowd import review as crowd
from tests.support.postgres import DatabaseFactory

pytestmark = [pytest.mark.db, pytest.mark.timeout(900)]
#: `GF_PLAN_CASES=100000` for the size the numbers are promised for.
CASES = int(os.environ.get("GF_PLAN_CASES", "6000"))
#: Tables that grow with the cases. Not `case_search`: a frequent text is read from it only until MANY are found.
LARGE = {
    "review_case", "case_round", "stage", "sheet", "queue_entry", "case_person", "decision", "finding",
    "assignment", "journal", "recommendation_item", "publicity_entry",
}  # fmt: skip
#: One authority with few cases, one with many, one that sees all.
AUTHORITIES = ("gd.guangzhou.huangpu", "cq", "miit")
FILTERS: dict[str, str] = {
    "campaign_id": "01900000-0000-7000-8000-000000002025",
    "category": "park",
    "kind": "benchmark",
    "division": "39",
    "key_industry": "yes",
    "due": "overdue",
    "assignee": "official1@cq",
    "text": "绿源机械",
}
OTHERS: list[dict[str, str]] = [
    {"key_industry": "no"},
    {"key_industry": "cement"},
    {"due": "days30"},
    {"due": "none"},
    {"assignee": "nobody"},
    {"text": "有限公司"},
    {"text": "MA0"},
    {"text": "没有这样的单位"},
]


@pytest.fixture(scope="module")
async def filled(database_factory: DatabaseFactory, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    database = await database_factory("review")
    await crowd.fill(database_factory.address.url(database.name), CASES)
    world = make(database.app_url, Path(tmp_path_factory.mktemp("documents")))
    yield world
    await world.review.runtime.database.close()
    await database_factory.drop(database)


def listening(world: World) -> AbstractContextManager[plans.Asked]:
    return plans.listening(world.review.runtime.database.engine)


async def scanned(world: World, asked: plans.Asked) -> list[tuple[str, str]]:
    return await plans.scanned(world.review.runtime.database.engine, asked, LARGE)


@pytest.mark.parametrize("authority", AUTHORITIES)
async def test_every_filter_in_every_sort(filled: World, authority: str) -> None:
    queue = filled.review.queue
    singles = [{}, *({name: value} for name, value in FILTERS.items()), *OTHERS]
    pairs = [dict(pair) for pair in itertools.combinations(FILTERS.items(), 2)]
    for wanted in [*singles, *pairs]:
        with listening(filled) as asked:
            for sort, view in [(one, "all") for one in SORTS] if wanted in singles else [("due", "to_do")]:
                _, after = await queue.page(authority, QueueFilter(view=view, **wanted), sort, limit=20)
                if after is not None:
                    await queue.page(authority, QueueFilter(view=view, **wanted), sort, after=after, limit=20)
                await queue.shown(authority, QueueFilter(view=view, **wanted), sort, after=after, limit=20)
            await queue.counts(authority, QueueFilter(**wanted))
        assert await scanned(filled, asked) == [], wanted


@pytest.mark.parametrize("authority", AUTHORITIES)
async def test_every_view(filled: World, authority: str) -> None:
    for view in (*VIEWS, "all"):
        with listening(filled) as asked:
            for sort in SORTS:
                await filled.review.queue.page(authority, QueueFilter(view=view), sort)
            await filled.review.queue.counts(authority, QueueFilter(view=view))
        assert await scanned(filled, asked) == [], view


async def test_counts_walk_their_own_index(filled: World) -> None:
    """A twentieth of the others: every filter but the text is one of its keys.

    A ground for support or a date leads another index, which may be as cheap.
    """
    names = ("campaign_id", "category", "kind", "division", "assignee")
    for wanted in [{}, *({name: FILTERS[name]} for name in names), {"assignee": "nobody"}]:
        with listening(filled) as asked:
            await filled.review.queue.counts("miit", QueueFilter(**wanted))
        engine = filled.review.runtime.database.engine
        (count,) = [one for one in asked if "count(*)" in one]
        plan = str((await plans._plans(engine, asked, "format json"))[count])
        assert "'Index Only Scan'" in plan, wanted
        assert "ix_queue_entry_count" in plan, wanted


async def test_one_case_batches_publicities_and_documents(filled: World) -> None:
    review = filled.review
    (item,), _ = await review.queue.page("cq", QueueFilter(), limit=1)
    with listening(filled) as asked:
        await review.queries.case("cq", item["submission_id"])
        await review.queries.campaigns()
        items, _ = await review.batch_queries.recommendations("cq")
        await review.batch_queries.recommendation("cq", items[0]["recommendation_id"])
        items, after = await review.batch_queries.publicities("cq", limit=20)
        assert after is not None
        await review.batch_queries.publicities("cq", after=after, limit=20)
        for one in items:
            states = [e["state"] for e in (await review.batch_queries.publicity("cq", one["publicity_id"]))["entries"]]
            assert (one["units"], one["objected"]) == (len(states), states.count("objected"))
        assert any(one["objected"] for one in items)
        await review.batch_queries.public_publicities()
        await review.queue.officials("cq")
    assert await scanned(filled, asked) == []
