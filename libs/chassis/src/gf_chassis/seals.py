"""Seals 封印: evidence that a journal was not changed afterwards (防篡改).

Once a minute the rows that were decided since are put under a seal: the root of a Merkle tree over them (RFC 6962,
section 2.1), chained to the seal before. Nothing of it happens inside a request. Whoever changes, removes or slips in
a row later, the database's owner included, must forge every later seal, and those stand in the log too, outside of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gf_chassis.database import Database

log = structlog.get_logger(__name__)

#: Rows under one seal, unless a single transaction wrote more.
MOST: Final = 50_000
#: One process seals at a time.
_LOCK: Final = 0x5EA1

# The transaction id is left out: accepting a restored journal gives rows another one.
_LEAF: Final = (
    r"sha256('\x00'::bytea || convert_to(jsonb_build_array(j.id, extract(epoch from j.recorded_at), j.aggregate,"
    " j.aggregate_id, j.type, j.actor, j.authority, j.basis, j.reason, j.trace, j.data, j.topic, j.key, j.number,"
    " j.message_type, encode(sha256(j.payload), 'hex'))::text, 'UTF8'))"
)
_NOT_SEALED: Final = "not exists (select 1 from journal_seal s where s.ids @> j.id)"
_LAST: Final = text(
    "select number, hash, hi, system_id, (select system_identifier::text from pg_control_system()),"
    " pg_snapshot_xmin(pg_current_snapshot())::text::bigint from (select 1) one"
    " left join (select * from journal_seal order by number desc limit 1) last on true"
)
_CUT: Final = text(
    "select xid::text::bigint from journal j where xid >= cast(:lo as text)::xid8 and xid < cast(:hi as text)::xid8"
    f" and {_NOT_SEALED} order by xid offset :skip limit 1"
)
_NEW: Final = text(
    f"select array_agg({_LEAF} order by j.id), range_agg(int8range(j.id, j.id, '[]'))::text from journal j"
    f" where xid >= cast(:lo as text)::xid8 and xid < cast(:hi as text)::xid8 and {_NOT_SEALED}"
)
_STORE: Final = text(
    "insert into journal_seal (number, ids, rows, root, previous, hash, hi, system_id)"
    " values (:number, cast(cast(:ids as text) as int8multirange), :rows, :root, :previous, :hash, :hi, :system_id)"
)
_ALL: Final = text(
    "select number, ids::text as ids, rows, root, previous, hash, sealed_at from journal_seal"
    " where number > :after order by number limit 200"
)
_UNDER: Final = text(
    f"select array_agg({_LEAF} order by j.id) from unnest(cast(cast(:ids as text) as int8multirange)) as r"
    " join journal j on j.id >= lower(r) and j.id < upper(r)"
)
_SLIPPED_IN: Final = text(
    f"select j.id from journal j where xid < cast(:hi as text)::xid8 and {_NOT_SEALED} order by j.id limit 20"
)


@dataclass(frozen=True, slots=True)
class Seal:
    """One seal. Hashes are SHA-256, 32 bytes."""

    number: int
    ids: str  # the rows under it, as an int8multirange
    rows: int
    root: bytes
    previous: bytes
    hash: bytes
    sealed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying found: the last seal that holds, and what is wrong if anything is."""

    last: Seal | None
    fault: str = ""

    @property
    def seals(self) -> int:
        """How many hold: they are numbered from 1 without a gap."""
        return self.last.number if self.last else 0


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Root over hashed leaves (RFC 6962, section 2.1): pairs level by level, an odd one moves up as it is."""
    level = list(leaves)
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        level = [_node(*pair) for pair in zip(level[::2], level[1::2], strict=False)] + odd
    return level[0] if level else hashlib.sha256().digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def chained(number: int, ids: str, rows: int, root: bytes, previous: bytes) -> bytes:
    """The hash of a seal, which the next one names."""
    said = f"{number}\n{ids}\n{rows}\n".encode()
    return hashlib.sha256(said + root + previous).digest()


async def seal(database: Database, service: str, *, most: int = MOST) -> int:
    """Put what was decided since the last seal under seals; how many rows that were."""
    done = 0
    while rows := await _seal_some(database, service, most):
        done += rows
    return done


async def _seal_some(database: Database, service: str, most: int) -> int:
    async with database.unit_of_work() as uow:
        session = uow.session
        if not (await session.execute(text(f"select pg_try_advisory_xact_lock({_LOCK})"))).scalar_one():
            return 0
        number, previous, last, system_then, system, horizon = (await session.execute(_LAST)).one()
        # Another database system, or one that was set back, counts transactions anew: all is looked at again.
        lo = last if system_then == system and last <= horizon else 0
        hi = await _cut(session, lo, horizon, most)
        leaves, ids = (await session.execute(_NEW, {"lo": str(lo), "hi": str(hi)})).one()
        if not leaves:
            return 0
        made = _made((number or 0) + 1, ids, leaves, previous or b"")
        stored = {name: getattr(made, name) for name in ("number", "ids", "rows", "root", "previous", "hash")}
        await session.execute(_STORE, {**stored, "hi": hi, "system_id": system})
        await uow.commit()
    log.info("journal sealed", service=service, number=made.number, rows=made.rows, hash=made.hash.hex())
    return made.rows


async def _cut(session: AsyncSession, lo: int, horizon: int, most: int) -> int:
    """Where the next seal ends: at the horizon, or before the transaction that would make it too large."""
    window = {"lo": str(lo), "hi": str(horizon)}
    first, over = [(await session.execute(_CUT, {**window, "skip": skip})).scalar() for skip in (0, most)]
    if over is None:
        return horizon
    return int(over) if over != first else int(over) + 1


def _made(number: int, ids: str, leaves: Sequence[bytes], previous: bytes) -> Seal:
    root = merkle_root(leaves)
    return Seal(number, ids, len(leaves), root, previous, chained(number, ids, len(leaves), root, previous))


async def verify(database: Database, expected: tuple[int, str] | None = None) -> Verdict:
    """Work every seal out again. ``expected``: number and hash (hex) of a seal as somebody noted it outside."""
    last: Seal | None = None
    async with database.reading() as session:
        async for one in _seals(session):
            if fault := await _fault(session, one, last, expected):
                return Verdict(last, fault)
            last = one
        if expected is not None and (last is None or last.number < expected[0]):
            return Verdict(last, f"seal {expected[0]} is not there")
        if last is not None and (slipped := await _slipped_in(session)):
            return Verdict(last, f"rows that no seal holds among sealed ones: {slipped}")
    return Verdict(last)


async def _seals(session: AsyncSession) -> AsyncIterator[Seal]:
    after = 0
    while page := [Seal(*row) for row in await session.execute(_ALL, {"after": after})]:
        for one in page:
            yield one
        after = page[-1].number


async def _fault(session: AsyncSession, one: Seal, last: Seal | None, expected: tuple[int, str] | None) -> str:
    number, previous = (last.number, last.hash) if last else (0, b"")
    if one.number != number + 1 or one.previous != previous:
        return f"seal {one.number} does not follow on seal {number}"
    leaves: Any = (await session.execute(_UNDER, {"ids": one.ids})).scalar() or []
    again = _made(one.number, one.ids, leaves, previous)
    if again.rows != one.rows:
        return f"seal {one.number}: {one.rows} rows were sealed, {again.rows} are there (ids {one.ids})"
    if again.root != one.root:
        return f"seal {one.number}: a row was changed (ids {one.ids})"
    if again.hash != one.hash:
        return f"seal {one.number} itself was changed"
    if expected is not None and expected[0] == one.number and expected[1] != one.hash.hex():
        return f"seal {one.number} is not the one that was noted"
    return ""


async def _slipped_in(session: AsyncSession) -> list[int]:
    _, _, hi, system_then, system, horizon = (await session.execute(_LAST)).one()
    if system_then != system or hi > horizon:
        return []  # restored: the next seal looks at everything again
    return [id_ for (id_,) in await session.execute(_SLIPPED_IN, {"hi": str(hi)})]
