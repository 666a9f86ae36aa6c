"""Seals over the journal: every row is under one, and whatever is done to it afterwards shows."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import asyncpg
import pytest

from gf_chassis import seals
from gf_chassis.clock import Clock
from gf_chassis.database import Database
from gf_chassis.settings import DatabaseSettings, plain_url

from .world import World

pytestmark = pytest.mark.db


@pytest.fixture
def transport() -> str:
    """Seals know nothing of the transport."""
    return "journal"


@pytest.fixture
async def maker(world: World) -> Any:
    database = Database(DatabaseSettings(url=world.maker.app_url), Clock())
    yield database
    await database.close()


async def written(world: World, *numbers: int) -> None:
    for number in numbers:
        await world.emit("a", number)


async def sealed(world: World, maker: Database, **how: Any) -> int:
    """Once nothing older runs anywhere on the server: its own housekeeping has transactions, too."""

    async def decided() -> bool:
        return bool(
            await world.owner.fetchval(
                "select pg_snapshot_xmin(pg_current_snapshot()) = pg_snapshot_xmax(pg_current_snapshot())"
            )
        )

    await world.until(decided, "older transactions")
    return await seals.seal(maker, "maker", **how)


def test_the_root_is_that_of_rfc_6962() -> None:
    a, b, c = (hashlib.sha256(bytes([0, n])).digest() for n in range(3))
    ab = hashlib.sha256(b"\x01" + a + b).digest()
    assert seals.merkle_root([a]) == a
    assert seals.merkle_root([a, b]) == ab
    assert seals.merkle_root([a, b, c]) == hashlib.sha256(b"\x01" + ab + c).digest()
    assert seals.merkle_root([]) == hashlib.sha256(b"").digest()


async def test_every_row_comes_under_exactly_one_seal(world: World, maker: Database) -> None:
    await written(world, 1, 2, 3)
    assert await sealed(world, maker) == 3
    assert await seals.seal(maker, "maker") == 0, "nothing new, no seal"
    late = await world.connect_maker()
    slow = late.transaction()
    await slow.start()
    await world.emit("late", 1, connection=late)
    await written(world, 4)
    await seals.seal(maker, "maker")
    await slow.commit()
    await late.close()
    await sealed(world, maker)
    rows = await world.owner.fetch("select ids, rows, number from journal_seal order by number")
    assert sum(row["rows"] for row in rows) == 5
    assert await world.owner.fetchval("select count(*) from journal j, journal_seal s where s.ids @> j.id") == 5
    found = await seals.verify(maker)
    assert (found.fault, found.seals) == ("", len(rows))


async def test_large_journals_are_sealed_in_parts(world: World, maker: Database) -> None:
    await written(world, *range(1, 8))
    await world.owner.execute("begin")
    await written(world, *range(8, 14))
    await world.owner.execute("commit")
    assert await sealed(world, maker, most=3) == 13
    assert [row["rows"] for row in await world.owner.fetch("select rows from journal_seal order by number")] == [
        3, 3, 1, 6,
    ]  # fmt: skip
    assert not (await seals.verify(maker)).fault


async def test_one_transaction_larger_than_a_seal_is_sealed_whole(world: World, maker: Database) -> None:
    async with world.owner.transaction():
        await written(world, *range(1, 6))
    assert await sealed(world, maker, most=2) == 5
    assert [row["rows"] for row in await world.owner.fetch("select rows from journal_seal")] == [5]


async def test_two_processes_do_not_seal_the_same(world: World, maker: Database) -> None:
    await written(world, 1, 2)
    assert sum(await asyncio.gather(*(seals.seal(maker, "maker") for _ in range(4)))) == 2
    assert not (await seals.verify(maker)).fault


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("update journal set reason = 'other' where number = 2", "a row was changed"),
        ("update journal set payload = payload || 'x' where number = 2", "a row was changed"),
        ("update journal set recorded_at = recorded_at - interval '1 day' where number = 1", "a row was changed"),
        ("delete from journal where number = 3", "1 are there"),
        ("delete from journal_seal where number = 1", "does not follow"),
        ("update journal_seal set previous = 'x' where number = 2", "does not follow"),
        ("update journal_seal set hash = sha256('x') where number = 2", "itself was changed"),
        (
            "insert into journal (xid, aggregate, aggregate_id, type, actor, authority, basis, reason, trace, data)"
            " values ('3', 'thing', 'b', 'made', 'x', '', '', '', '', '{}')",
            "no seal holds",
        ),
    ],
)
async def test_what_is_done_to_a_sealed_journal_shows(world: World, maker: Database, deed: str, said: str) -> None:
    await written(world, 1, 2)
    await sealed(world, maker)
    await written(world, 3, 4)
    await sealed(world, maker)
    assert not (await seals.verify(maker)).fault
    await world.owner.execute(deed)
    assert said in (await seals.verify(maker)).fault


async def test_seals_forged_anew_differ_from_the_one_in_the_log(world: World, maker: Database) -> None:
    await written(world, 1, 2)
    await sealed(world, maker)
    last = (await seals.verify(maker)).last
    assert last is not None
    noted = (last.number, last.hash.hex())
    assert not (await seals.verify(maker, noted)).fault
    await world.owner.execute("update journal set reason = 'other' where number = 2; delete from journal_seal")
    assert (await seals.verify(maker, noted)).fault == "seal 1 is not there"
    await sealed(world, maker)
    assert not (await seals.verify(maker)).fault
    assert (await seals.verify(maker, noted)).fault == "seal 1 is not the one that was noted"


async def test_the_application_cannot_break_a_seal(world: World, maker: Database) -> None:
    await written(world, 1)
    await sealed(world, maker)
    application = await asyncpg.connect(plain_url(world.maker.app_url))
    try:
        for deed in ("update journal_seal set rows = 2", "delete from journal_seal", "truncate journal_seal"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await application.execute(deed)
    finally:
        await application.close()


async def test_a_restored_journal_is_looked_at_again(world: World, maker: Database) -> None:
    """Rows that were not sealed before the restore are, though their transaction ids are of the past now."""
    await written(world, 1, 2)
    await sealed(world, maker)
    await written(world, 3)
    await world.owner.execute("update journal set xid = '3'; update journal_seal set system_id = 'another'")
    assert not (await seals.verify(maker)).fault
    assert await sealed(world, maker) == 1
    assert not (await seals.verify(maker)).fault
