"""A projection is rebuilt beside the old one from the first event on, then switched."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import text

from gf_chassis import projections
from gf_chassis.consumer import Event, Subscription
from gf_chassis.database import UnitOfWork
from gf_chassis.errors import Conflict
from gf_chassis.projections import Projection
from gf_chassis.worker import run_worker
from greenladder.intake.v1 import submissions_pb2 as submissions

from .world import World

pytestmark = pytest.mark.db


def count_by_key(world: World, factor: Callable[[], int]) -> Projection:
    """Sums numbers per key, one side a row set of its own; ``factor`` stands for what the code does today."""

    def subscribe(side: int) -> Subscription:
        async def add(uow: UnitOfWork, event: Event) -> None:
            await uow.session.execute(
                text("insert into effect (grp, key, number) values (:side, :key, :number)"),
                {"side": str(side), "key": event.key, "number": event.number * factor()},
            )

        return Subscription("counts", "projection", (world.topic,), {submissions.WithdrawalRequested: add})

    async def clear(uow: UnitOfWork, side: int) -> None:
        await uow.session.execute(text("delete from effect where grp = :side"), {"side": str(side)})

    return Projection("taker.counts", subscribe, clear)


def runtime(world: World, projection: Projection) -> Any:
    """The part of a service's runtime that the worker looks at."""
    settings = SimpleNamespace(
        events="journal", journal_urls={"maker": world.maker.app_url}, drain_seconds=10, worker_parts=""
    )
    return SimpleNamespace(
        name="taker",
        settings=settings,
        database=world.database,
        subscriptions=(),
        projections=(projection,),
        ticks=[],
    )


async def sums(world: World, side: int) -> dict[str, int]:
    found = await world.rows("select key, sum(number) s from effect where grp = $1 group by key", str(side))
    return {row["key"]: row["s"] for row in found}


async def test_rebuild_beside_the_old_one_and_switch(make_world: Callable[..., Awaitable[World]]) -> None:
    world = await make_world("journal")
    factor = 1
    projection = count_by_key(world, lambda: factor)
    stop = asyncio.Event()
    worker = asyncio.create_task(run_worker(runtime(world, projection), stop=stop, handle_signals=False))
    for number in range(1, 4):
        await world.emit("a", number)
        await world.emit("b", number)

    async def built() -> bool:
        return await sums(world, 1) == {"a": 6, "b": 6}

    await world.until(built, "the first generation")
    factor = 10
    assert await projections.begin(world.database, projection) == 2
    with pytest.raises(Conflict, match="already_building"):
        await projections.begin(world.database, projection)

    async def rebuilt() -> bool:
        return await sums(world, 0) == {"a": 60, "b": 60}

    await world.until(rebuilt, "the second generation")
    assert await sums(world, 1) == {"a": 6, "b": 6}
    async with world.database.reading() as session:
        assert (await projections.generations(session, projection.name)).side == 1
    assert await projections.switch(world.database, projection) == 2
    async with world.database.reading() as session:
        assert (await projections.generations(session, projection.name)).side == 0
    with pytest.raises(Conflict, match="not_building"):
        await projections.switch(world.database, projection)
    stop.set()
    await asyncio.wait_for(worker, 20)


async def test_a_generation_that_is_behind_does_not_serve(make_world: Callable[..., Awaitable[World]]) -> None:
    world = await make_world("journal")
    projection = count_by_key(world, lambda: 1)
    world.start(projection.subscription(1))
    await world.emit("a", 1)
    await world.reached(projection.subscription(1), "a", 1)
    await projections.begin(world.database, projection)
    with pytest.raises(Conflict, match="behind"):
        await projections.switch(world.database, projection)


async def test_a_process_is_never_rebuilt(make_world: Callable[..., Awaitable[World]]) -> None:
    world = await make_world("journal")
    process = Projection("x", lambda side: Subscription("x", "process", (world.topic,)), lambda uow, side: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(ValueError, match="never rebuilt"):
        process.subscription(1)


async def test_replay_gives_every_event_in_order(make_world: Callable[..., Awaitable[World]]) -> None:
    world = await make_world("journal")
    for number in range(1, 8):
        await world.emit("a", number)
    subscription = count_by_key(world, lambda: 1).subscription(1)
    found = [event.number async for event in projections.replay(world.maker.app_url, subscription, limit=3)]
    assert found == [1, 2, 3, 4, 5, 6, 7]
