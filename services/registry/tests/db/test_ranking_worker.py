"""The whole way of a ranking: scoring's journal, the registry's worker, the API. And the projection built anew."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from gf_chassis import projections
from gf_chassis.clock import FixedClock
from gf_chassis.database import Database
from gf_chassis.errors import Conflict
from gf_chassis.journal import Entry, Published
from gf_chassis.runtime import ServiceRuntime
from gf_chassis.worker import run_worker
from gf_registry.bootstrap import bootstrap
from gf_registry.settings import Settings
from services.registry.tests.db.support import NATIONAL, FakeLaw, Station, open_database
from services.registry.tests.db.test_rankings import Run, dues, published

pytestmark = pytest.mark.db
PLACES = (
    "select run_id, unit_id, place, points, band, bottom, streak, warned, removal_due, industry_place, industry_count"
    " from ranking_place where side = :side order by 1, 2"
)
RUNS = (
    "select run_id, list_id, year, count, population_at, rules_id, digest, superseded_by from ranking_view"
    " where side = :side order by 1"
)


class World:
    def __init__(self, station: Station, scoring: Database, runtime: ServiceRuntime) -> None:
        self.station, self.scoring, self.runtime = station, scoring, runtime

    async def tell(self, run: Run) -> None:
        """As scoring sends it: numbered under the run's key, in its own journal."""
        async with self.scoring.unit_of_work() as uow:
            for number, message in enumerate([*run.places(), run.end()], 1):
                sent = Published("scoring.rankings", str(run.id), number, message)
                uow.journal(Entry("ranking_run", str(run.id), "told", published=sent))
            await uow.commit()

    @contextlib.asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        worker = asyncio.create_task(run_worker(self.runtime, stop=stop, handle_signals=False))
        try:
            yield
        finally:
            stop.set()
            await asyncio.wait_for(worker, 20)

    async def reached(self, run: Run, group: str) -> None:
        last = len(run.units) + 1
        async with asyncio.timeout(20):
            while not await self.station.rows(  # noqa: ASYNC110 - what is waited for happens in the database
                "select 1 from position where grp = :g and key = :k and number = :n",
                {"g": group, "k": str(run.id), "n": last},
            ):
                await asyncio.sleep(0.05)

    async def side(self, side: int) -> tuple[list[Any], list[Any]]:
        return await self.station.rows(PLACES, {"side": side}), await self.station.rows(RUNS, {"side": side})


@pytest.fixture
async def world(service_database: Callable[..., Any]) -> AsyncIterator[World]:
    own, other = (await service_database("registry")), (await service_database("scoring"))
    settings = Settings(
        database_url=own.app_url, mode="standalone", events="journal",
        journal_urls=dict.fromkeys(("intake", "scoring", "review"), other.app_url),
    )  # fmt: skip
    parts = bootstrap(settings, clock=FixedClock(datetime.now(UTC)), law=FakeLaw())
    database, scoring = open_database(own.app_url), open_database(other.app_url)
    yield World(Station(database), scoring, parts.runtime)
    for one in (database, scoring, parts.runtime.database):
        await one.close()


@pytest.mark.rule("N25-5pct", "CQ-warn")
async def test_from_scorings_journal_to_the_list(world: World) -> None:
    bad, near, good = await published(world.station, "末位厂", "预警厂", "好厂")
    first = Run([(good.unit_id, 0), (near.unit_id, -1), (bad.unit_id, 3)])
    await world.tell(first)
    async with world.working():
        await world.reached(first, "registry.lists")
        await world.reached(first, "registry.rankings@1")
        assert await dues(world.station) == [("末位厂", "open", 2027)]
        again = Run([(bad.unit_id, 0), (good.unit_id, 0), (near.unit_id, 1)], minute=1, supersedes=first)
        await world.tell(again)
        await world.reached(again, "registry.lists")
        await world.reached(again, "registry.rankings@1")
    assert await dues(world.station) == [("末位厂", "lapsed", 2027)]
    marks = await world.station.rows("select data from journal where type = 'removal_due_changed' order by id")
    assert [m.data["state"] for m in marks] == ["open", "lapsed"]
    assert marks[1].data["told_by"] == str(again.id)


async def test_the_projection_built_anew_is_the_same(world: World) -> None:
    bad, good = await published(world.station, "末位厂", "好厂")
    projection = world.runtime.projections[0]
    first = Run([(good.unit_id, 0), (bad.unit_id, 2)], 2026)
    second = Run([(good.unit_id, 0), (bad.unit_id, 3)], 2027)
    corrected = Run([(bad.unit_id, -1), (good.unit_id, 0), (uuid4(), 0)], 2027, 1, second)
    for run in (first, corrected, second):
        await world.tell(run)
    async with world.working():
        for run in (first, corrected, second):
            await world.reached(run, "registry.rankings@1")
        live = await world.side(1)
        assert await projections.begin(world.runtime.database, projection) == 2
        with contextlib.suppress(Conflict):
            await projections.switch(world.runtime.database, projection)
        for run in (first, corrected, second):
            await world.reached(run, "registry.rankings@2")
        if (await generation(world)) == 1:
            assert await projections.switch(world.runtime.database, projection) == 2
    assert (len(live[0]), len(live[1])) == (7, 3)
    assert await world.side(0) == live
    assert await generation(world) == 2
    # The process took each ranking once: marks are facts and were not made anew.
    rows = await world.station.rows("select count(*) from journal where type = 'removal_due_changed'")
    assert rows[0][0] <= 2


async def generation(world: World) -> int:
    async with world.station.database.reading() as session:
        return (await projections.generations(session, "registry.rankings")).active


async def test_the_side_that_serves_is_read(world: World) -> None:
    """While a new generation is built, and after the switch, readers see one side only."""
    from gf_registry.adapters import ranked

    (bad,) = await published(world.station, "末位厂")
    run = Run([(bad.unit_id, 3)])
    await run.tell(world.station)
    projection = world.runtime.projections[0]
    async with world.station.database.reading() as session:
        assert len(await ranked.warned(session, NATIONAL, 2027, None)) == 1
    await projections.begin(world.runtime.database, projection)
    assert await world.side(0) == ([], [])
    async with world.station.database.reading() as session:
        assert len(await ranked.warned(session, NATIONAL, 2027, None)) == 1
    # Nothing was read under the new group yet and no key of the old one is known to it either: it may serve.
    await projections.switch(world.runtime.database, projection)
    async with world.station.database.reading() as session:
        assert await ranked.warned(session, NATIONAL, 2027, None) == []
    # The next generation takes the side on which the first one still lies.
    assert len((await world.side(1))[0]) == 1
    await projections.begin(world.runtime.database, projection)
    assert await world.side(1) == ([], [])
