"""The operators' command line, on a real database."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest

from gf_chassis import cli
from gf_chassis.clock import Clock
from gf_chassis.consumer import Event, Poison
from gf_chassis.database import Database, UnitOfWork
from gf_chassis.settings import DatabaseSettings

from .world import World, note

pytestmark = pytest.mark.db


async def test_held_events_from_the_command_line(
    make_world: Callable[..., Awaitable[World]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = await make_world("journal")
    broken = True

    async def fussy(uow: UnitOfWork, event: Event) -> None:
        if broken:
            raise Poison("not in this version")
        await note(uow, event)

    mine = world.subscription(fussy, group="taker.cli")
    world.start(mine)
    await world.emit("a", 1)
    await world.emit("a", 2)

    async def held_two() -> bool:
        return len(await world.rows("select 1 from held_event where state = 'held'")) == 2

    await world.until(held_two, "two held")

    def runtime(service: str) -> SimpleNamespace:
        assert service == "taker"
        database = Database(DatabaseSettings(url=world.taker.app_url), Clock())
        return SimpleNamespace(database=database, subscriptions=(mine,))

    monkeypatch.setattr(cli, "load_runtime", runtime)

    async def run(*arguments: str) -> tuple[int, str]:
        code = await asyncio.to_thread(cli.main, list(arguments))
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    name = ("taker", "taker.cli", world.topic, "a")
    code, printed = await run("held", "list", "taker")
    assert code == 0
    assert f"taker.cli\t{world.topic}\ta\t1\tpoison\t2\tPoison: not in this version" in printed
    code, printed = await run("held", "show", *name, "--message")
    assert code == 0
    assert '"submissionId": "a"' in printed
    code, printed = await run("held", "redrive", *name, "--person", "ops-1")
    assert (code, "left 2" in printed) == (1, True)
    code, printed = await run("held", "skip", *name, "1", "--person", "ops-1", "--note", "已核实")
    assert (code, "须由另一人确认" in printed) == (0, True)
    code, printed = await run("held", "skip", *name, "1", "--person", "ops-1", "--note", "已核实")
    assert (code, "不能自行确认" in printed) == (1, True)
    broken = False
    code, printed = await run("held", "skip", *name, "1", "--person", "ops-2", "--note", "同意")
    assert (code, "已跳过" in printed) == (0, True)
    assert await world.numbers(mine, "a") == [2]
    code, printed = await run("positions", "taker")
    assert f"taker.cli\t{world.topic}\tkeys 1\tevents 2\tstopped 0" in printed
