"""After a restore 恢复之后: transaction ids mean something only within the database system they were counted in.

A journal that was restored elsewhere, or set back, stops its readers with a clear error. This is how a person accepts
it: rows whose transaction id lies in the new system's future get one of the past (the owner may do that), and the
cursors start from the beginning. Consumers skip what they have already applied; nothing is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from gf_chassis.settings import plain_url

_STRANDED = (
    "update journal set xid = '3'::xid8 where xid >= pg_snapshot_xmin(pg_current_snapshot())"
    " and xid <> pg_current_xact_id()"
)


async def accept_journal(owner_url: str) -> int:
    """Run while the service is stopped, as the owner of its database. Returns how many rows were put right."""
    connection = await asyncpg.connect(plain_url(owner_url))
    try:
        async with connection.transaction():
            done = await connection.execute(_STRANDED)
            await connection.execute("delete from relay_cursor")
        return int(done.split()[-1])
    finally:
        await connection.close()


async def accept_producers(url: str, producers: Sequence[str] = ()) -> int:
    """Forget the standalone cursors of a consumer's database for these producers, or for all. Returns how many."""
    connection = await asyncpg.connect(plain_url(url))
    try:
        if producers:
            done = await connection.execute("delete from journal_cursor where producer = any($1)", list(producers))
        else:
            done = await connection.execute("delete from journal_cursor")
        return int(done.split()[-1])
    finally:
        await connection.close()
