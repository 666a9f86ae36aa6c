"""The known traps of reading a journal: each is a way to skip or to swap events."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from gf_chassis import restore
from gf_chassis.readers.window import Cursor, JournalMoved, JournalWindowReader
from gf_chassis.settings import plain_url

from .world import World

pytestmark = pytest.mark.db


@pytest.fixture
async def journal(make_world: Callable[..., Awaitable[World]]) -> World:
    return await make_world("journal")


async def read(connection: Any, reader: JournalWindowReader, limit: int = 100) -> list[tuple[str, int]]:
    """All that is decided now."""
    found: list[tuple[str, int]] = []
    while rows := await reader.next(connection, limit):
        found += [(row["key"], row["number"]) for row in rows]
    return found


async def test_a_late_commit_is_not_skipped(journal: World) -> None:
    """The id was drawn before another row's, the commit comes after it was read."""
    reader = JournalWindowReader(Cursor())
    late, reading = await journal.connect_maker(), await journal.connect_maker()
    transaction = late.transaction()
    await transaction.start()
    await journal.emit("late", 1, connection=late)
    await journal.emit("early", 1)
    assert await read(reading, reader) == []  # the early one waits too: it may not overtake
    await transaction.commit()
    assert await read(reading, reader) == [("late", 1), ("early", 1)]
    assert await read(reading, reader) == []
    for connection in (late, reading):
        await connection.close()


async def test_what_is_rolled_back_leaves_nothing_behind(journal: World) -> None:
    reader = JournalWindowReader(Cursor())
    reading, other = await journal.connect_maker(), await journal.connect_maker()
    transaction = other.transaction()
    await transaction.start()
    await journal.emit("gone", 1, connection=other)
    await journal.emit("a", 1)
    await transaction.rollback()
    await journal.emit("a", 2)
    assert await read(reading, reader) == [("a", 1), ("a", 2)]
    for connection in (other, reading):
        await connection.close()


@pytest.mark.parametrize("between", [False, True], ids=["two writers", "a third one runs between them"])
async def test_a_transaction_that_took_its_id_before_the_lock_keeps_the_order(journal: World, between: bool) -> None:
    """By the writers' own ids the second event of the key would come first.

    With a third transaction still running whose id lies between the two, the second event would even be decided while
    the first is not.
    """
    await journal.owner.execute("create table aggregate (id text primary key, number int)")
    await journal.owner.execute("insert into aggregate values ('a', 0)")
    reader = JournalWindowReader(Cursor())
    early, third, reading = [await journal.connect_maker() for _ in range(3)]
    second = early.transaction()
    await second.start()
    await early.fetchval("select pg_current_xact_id()")
    running = third.transaction()
    await running.start()
    if between:
        await third.fetchval("select pg_current_xact_id()")

    async with journal.owner.transaction():
        await journal.owner.execute("update aggregate set number = 1 where id = 'a'")
        await journal.emit("a", 1)
    assert await read(reading, reader) == []

    await early.execute("update aggregate set number = 2 where id = 'a'")
    await journal.emit("a", 2, connection=early)
    await second.commit()
    if between:
        assert await read(reading, reader) == []
    await running.commit()
    assert await read(reading, reader, limit=1) == [("a", 1), ("a", 2)]
    for connection in (early, third, reading):
        await connection.close()


async def test_nothing_waits_for_a_transaction_that_never_comes(journal: World) -> None:
    """On a server where nobody else writes, the last row is read at once."""
    reader = JournalWindowReader(Cursor())
    reading = await journal.connect_maker()
    for number in range(1, 6):
        await journal.emit("a", number)
        assert await read(reading, reader) == [("a", number)]
    await reading.close()


async def test_a_snapshot_held_open_does_not_stall_the_reader(journal: World) -> None:
    holder, reading = await journal.connect_maker(), await journal.connect_maker()
    held = holder.transaction(isolation="repeatable_read", readonly=True)
    await held.start()
    await holder.fetchval("select count(*) from journal")
    reader = JournalWindowReader(Cursor())
    for number in range(1, 51):
        await journal.emit("a", number)
    assert await read(reading, reader, limit=7) == [("a", number) for number in range(1, 51)]
    await held.rollback()
    for connection in (holder, reading):
        await connection.close()


async def test_many_writers_that_commit_in_any_order(journal: World) -> None:
    """Nothing skipped, nothing twice, every key in order, while reader and writers race."""
    await journal.owner.execute("create table aggregate (id text primary key, number int)")
    await journal.owner.executemany("insert into aggregate values ($1, 0)", [(f"k{n}",) for n in range(5)])
    done = asyncio.Event()
    rounds, writers = 40, 6

    async def write(seed: int) -> None:
        connection = await journal.connect_maker()
        for n in range(rounds):
            async with connection.transaction():
                if n % 3 == seed % 3:
                    await connection.fetchval("select pg_current_xact_id()")
                key = f"k{(n * 7 + seed) % 5}"
                number = await connection.fetchval(
                    "update aggregate set number = number + 1 where id = $1 returning number", key
                )
                await journal.emit(key, number, connection=connection)
                await asyncio.sleep(0.001 * (seed % 3))
        await connection.close()

    async def follow() -> list[tuple[str, int]]:
        connection = await journal.connect_maker()
        reader = JournalWindowReader(Cursor())
        found: list[tuple[str, int]] = []
        while not done.is_set():
            found += await read(connection, reader, limit=5)
            await asyncio.sleep(0.001)
        found += await read(connection, reader, limit=5)
        await connection.close()
        return found

    following = asyncio.create_task(follow())
    await asyncio.gather(*(write(seed) for seed in range(writers)))
    done.set()
    found = await following
    assert len(found) == len(set(found)) == rounds * writers
    for key in {key for key, _ in found}:
        numbers = [number for name, number in found if name == key]
        assert numbers == list(range(1, len(numbers) + 1))


async def test_a_cursor_goes_on_inside_a_window(journal: World) -> None:
    async with journal.owner.transaction():
        for number in range(1, 11):
            await journal.emit("a", number)
    reading = await journal.connect_maker()
    first = JournalWindowReader(Cursor())
    rows = await first.next(reading, 4)
    assert [row["number"] for row in rows] == [1, 2, 3, 4]
    await journal.emit("a", 11)
    second = JournalWindowReader(first.cursor)
    assert [number for _, number in await read(reading, second)] == [5, 6, 7, 8, 9, 10, 11]
    await reading.close()


async def test_a_journal_of_another_system_stops_the_reader(journal: World) -> None:
    reading = await journal.connect_maker()
    strange = JournalWindowReader(Cursor(lo=1, hi=1, system_id="1234"), name="relay of maker")
    with pytest.raises(JournalMoved, match="accept-restore"):
        await strange.verify(reading)
    await reading.close()


async def test_a_journal_that_was_set_back_stops_the_reader_and_can_be_accepted(journal: World) -> None:
    """Restored rows carry transaction ids of the future; the owner puts them right and all is read from the start."""
    await journal.emit("a", 1)
    reading = await journal.connect_maker()
    ahead = JournalWindowReader(Cursor(lo=10**12, hi=10**12))
    with pytest.raises(JournalMoved, match="set back"):
        await ahead.next(reading, 10)
    await journal.owner.execute("update journal set xid = '99999999999'::xid8")
    await journal.emit("a", 2)
    assert await read(reading, JournalWindowReader(Cursor())) == [("a", 2)]
    assert await restore.accept_journal(journal.maker.owner_url) == 1
    assert await read(reading, JournalWindowReader(Cursor())) == [("a", 1), ("a", 2)]
    await reading.close()


@pytest.mark.parametrize(
    "statement",
    ["update journal set reason = 'x'", "delete from journal", "truncate journal", "drop table journal"],
)
async def test_the_application_may_not_change_the_journal(journal: World, statement: str) -> None:
    await journal.emit("a", 1)
    connection = await asyncpg.connect(plain_url(journal.maker.app_url))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    assert await connection.fetchval("select count(*) from journal") == 1
    await connection.close()


async def test_a_number_is_given_once(journal: World) -> None:
    await journal.emit("a", 1)
    with pytest.raises(asyncpg.UniqueViolationError):
        await journal.emit("a", 1)
