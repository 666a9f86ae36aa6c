"""State change, history and event are one transaction; what could not be published is never accepted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gf_chassis.clock import Clock
from gf_chassis.database import Database, UnitOfWork
from gf_chassis.errors import Rejected
from gf_chassis.faults import describe
from gf_chassis.journal import (
    LINES_SQL,
    MAX_PAYLOAD,
    Actor,
    Entry,
    EventPosition,
    InvalidEvent,
    Published,
    history,
)
from gf_chassis.settings import DatabaseSettings
from greenladder.common.v1 import common_pb2 as common
from greenladder.intake.v1 import submissions_pb2 as submissions

from .world import World, asked

pytestmark = pytest.mark.db
PERSON = Actor("p-1", "李审核", "cq.yubei")


@pytest.fixture
async def database(make_world: Callable[..., Awaitable[World]]) -> AsyncIterator[Database]:
    world = await make_world("journal")
    clock = Clock()
    one = Database(DatabaseSettings(url=world.maker.app_url), clock)
    yield one
    await one.close()


def entry(number: int = 1, message: Any = None, **more: Any) -> Entry:
    return Entry(
        "submission", "s-1", "asked_back", {"round": 1}, published=Published("maker.x", "s-1", number, message), **more
    )


async def test_history_and_positions(database: Database) -> None:
    async with database.unit_of_work(PERSON) as uow:
        uow.journal(entry(message=asked("s-1"), basis="办法第十条", reason="填报有误"))
        uow.journal(Entry("submission", "s-1", "noted"))
        assert uow.positions == []
        await uow.commit()
        assert uow.positions == [EventPosition("maker.x", "s-1", 1)]
    async with database.reading() as session:
        first, second = await history(session, "submission", "s-1")
    assert (first.actor, first.authority, first.basis, first.reason) == ("p-1", "cq.yubei", "办法第十条", "填报有误")
    assert (first.topic, first.number, first.data) == ("maker.x", 1, {"round": 1})
    assert (second.type, second.topic) == ("noted", None)


async def test_without_commit_nothing_remains(database: Database) -> None:
    async with database.unit_of_work() as uow:
        uow.journal(entry(message=asked("s-1")))
        await uow.flush()
    async with database.reading() as session:
        assert await history(session, "submission", "s-1") == []


async def test_an_event_that_is_too_large_is_refused_before_anything_is_accepted(database: Database) -> None:
    async with database.unit_of_work() as uow:
        uow.journal(entry(message=asked("s-1", "x" * (MAX_PAYLOAD - 100))))
        with pytest.raises(Rejected) as refused:
            uow.journal(entry(2, message=asked("s-1", "x" * MAX_PAYLOAD)))
    assert (refused.value.code, refused.value.status) == ("event_too_large", 413)
    assert "256 KiB" in refused.value.detail


@pytest.mark.parametrize(
    "message",
    [
        submissions.SubmissionDropped(submission_id="s-1", round=1),
        submissions.SubmissionAdmitted(submission_id="s-1", facts=[common.Fact(code="x")]),
    ],
    ids=["at the top", "in a row of data"],
)
async def test_an_unspecified_state_is_a_programming_error(database: Database, message: Any) -> None:
    async with database.unit_of_work() as uow:
        with pytest.raises(InvalidEvent, match="UNSPECIFIED"):
            uow.journal(entry(message=message))


async def test_numbers_start_at_one(database: Database) -> None:
    async with database.unit_of_work() as uow:
        with pytest.raises(InvalidEvent, match="start at 1"):
            uow.journal(entry(0, message=asked("s-1")))


async def test_now_is_the_database_clock_with_the_offset(database: Database) -> None:
    async with database.unit_of_work() as uow:
        plain = await uow.now()
        database.clock.set_offset(timedelta(days=3))
        assert timedelta(days=3) <= await uow.now() - plain < timedelta(days=3, seconds=30)


async def test_history_is_recorded_at_the_same_clock(database: Database) -> None:
    database.clock.set_offset(timedelta(days=3))
    async with database.unit_of_work() as uow:
        now = await uow.now()
        uow.journal(entry(message=asked("s-1")))
        await uow.commit()
    async with database.reading() as session:
        (row,) = await history(session, "submission", "s-1")
    assert timedelta(0) <= row.recorded_at - now < timedelta(seconds=30)


async def test_a_reading_session_refuses_to_write(database: Database) -> None:
    with pytest.raises(DBAPIError, match="read-only"):
        async with database.reading() as session:
            await session.execute(text("delete from position"))


async def test_descriptions_of_errors_hold_no_values(database: Database) -> None:
    """They go to the log and to the held events; the database would quote the value."""
    for statement in ("select cast(:name as int)", "select cast(cast(:name as text) as int)"):
        with pytest.raises(DBAPIError) as shown:
            async with database.unit_of_work() as uow:
                await uow.session.execute(text(statement), {"name": "张三13800000000"})
        assert "13800000000" in str(shown.value)
        assert "13800000000" not in describe(shown.value)
        assert describe(shown.value).startswith("database: ")


async def write_first(uow: UnitOfWork) -> None:
    """The line with its row, in one statement."""
    written = text(
        f"with i as (select 's-1' as id) {LINES_SQL} (select id as key, 1 as number, 'p-1' as actor,"
        " 'cq.yubei' as authority, '{\"round\": 1}'::jsonb as data, ''::bytea as payload from i) as line"
    )
    await uow.session.execute(written, uow.lines("submission", "Submitted", "maker.x", "maker.v1.X", "规则", "说明"))


async def test_a_first_event_written_with_its_row_stands_before_the_second(database: Database) -> None:
    """While a third transaction runs whose id lies between theirs."""
    async with database.unit_of_work(PERSON) as early, database.unit_of_work(PERSON) as third:
        for uow in (early, third):
            await uow.session.execute(text("select pg_current_xact_id()"))
        async with database.unit_of_work(PERSON) as uow:
            await write_first(uow)
            await uow.commit()
        early.journal(entry(2, asked("s-1")))
        await early.commit()
    async with database.reading() as session:
        rows = (await session.execute(text("select number, xid::text::bigint as xid from journal order by id"))).all()
    assert [row.number for row in rows] == [1, 2]
    assert rows[0].xid <= rows[1].xid


async def test_lines_written_with_their_rows_are_published(database: Database) -> None:
    """The unit of work knows what it has published, as if the lines had been handed to it."""
    async with database.unit_of_work(PERSON) as uow:
        uow.traceparent = "t"
        await write_first(uow)
        uow.has_published([EventPosition("maker.x", "s-1", 1)])
        assert [str(one) for one in uow.positions] == ["maker.x/s-1/1"]
        await uow.commit()
    async with database.reading() as session:
        (row,) = await history(session, "submission", "s-1")
    assert (row.actor, row.authority, row.type, row.data, row.basis, row.reason, row.trace) == (
        "p-1", "cq.yubei", "Submitted", {"round": 1}, "规则", "说明", "t",
    )  # fmt: skip
    assert (row.topic, row.key, row.number, row.message_type) == ("maker.x", "s-1", 1, "maker.v1.X")


@pytest.mark.parametrize("rested", [0.0, 1.0], ids=["rested long", "used just now"])
async def test_a_connection_the_server_has_left_costs_no_request(
    database: Database, monkeypatch: pytest.MonkeyPatch, rested: float
) -> None:
    monkeypatch.setattr("gf_chassis.database._RESTED", rested)
    async with database.unit_of_work() as other:
        await other.now()  # has a connection of its own
        async with database.unit_of_work() as uow:
            left = (await uow.session.execute(text("select pg_backend_pid()"))).scalar_one()
        await other.session.execute(text("select pg_terminate_backend(:pid)"), {"pid": left})
    if rested:
        await asyncio.sleep(0.2)  # until the loop has heard of it; who asks needs not have heard
    for _ in range(2):
        async with database.unit_of_work() as uow:
            assert (await uow.session.execute(text("select pg_backend_pid()"))).scalar_one() != left
