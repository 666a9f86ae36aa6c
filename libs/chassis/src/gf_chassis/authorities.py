"""The authority tree (主管部门树) as a versioned table in every service's database, and scope predicates in SQL.

The tree is law as data; ``sync`` takes its rows as plain values (the chassis knows no policy files)::

    await sync(session, [AuthorityRow(id=a.id, name=a.name, level=a.level, …) for a in book.authorities], source=hash)

Predicates are SQLAlchemy expressions for ``where`` clauses of lists, counts, exports and files alike::

    select(Case).where(under(Case.superior, principal.authority))     # at or below the caller's authority
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Date,
    DateTime,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    bindparam,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession


def add_tables(metadata: MetaData) -> None:
    """The table ``authority``: one row per authority and version; the current version has no ``superseded_at``."""
    authority = Table(
        "authority",
        metadata,
        Column("id", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("name", Text, nullable=False),
        Column("level", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("parent", Text),
        Column("competence", ARRAY(Text), nullable=False, server_default="{}"),
        Column("region", Text),
        Column("valid_from", Date),
        Column("valid_to", Date),
        #: Hash of the source the row came from.
        Column("source", Text, nullable=False),
        Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        Column("superseded_at", DateTime(timezone=True)),
        PrimaryKeyConstraint("id", "version"),
    )
    Index("uq_authority_current", authority.c.id, unique=True, postgresql_where=authority.c.superseded_at.is_(None))
    Index("ix_authority_parent", authority.c.parent, postgresql_where=authority.c.superseded_at.is_(None))


@dataclass(frozen=True, slots=True)
class AuthorityRow:
    """One authority (主管部门) as the policy files have it."""

    id: str
    name: str
    level: str
    kind: str
    parent: str | None
    competence: tuple[str, ...] = ()
    region: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None


_LOCK = text("select pg_advisory_xact_lock(hashtext('authority'))")
_CURRENT = text(
    "select id, name, level, kind, parent, competence, region, valid_from, valid_to from authority"
    " where superseded_at is null"
)
_SUPERSEDE = text(
    "update authority set superseded_at = clock_timestamp()"
    " where superseded_at is null and id = any(cast(:ids as text[]))"
)
_INSERT = text(
    "insert into authority (id, version, name, level, kind, parent, competence, region, valid_from, valid_to, source)"
    " values (:id, coalesce((select max(version) from authority where id = :id), 0) + 1,"
    " :name, :level, :kind, :parent, :competence, :region, :valid_from, :valid_to, :source)"
)


async def sync(session: AsyncSession, rows: Iterable[AuthorityRow], *, source: str) -> int:
    """Bring the table to the tree given: changed and vanished authorities are superseded, never overwritten.

    Returns how many versions were written. The caller commits.
    """
    wanted = {row.id: row for row in rows}
    check(wanted)
    await session.execute(_LOCK)
    current = {
        row.id: AuthorityRow(
            id=row.id,
            name=row.name,
            level=row.level,
            kind=row.kind,
            parent=row.parent,
            competence=tuple(row.competence),
            region=row.region,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in await session.execute(_CURRENT)
    }
    changed = [row for id_, row in sorted(wanted.items()) if current.get(id_) != row]
    gone = [id_ for id_ in current if id_ not in wanted]
    stale = [row.id for row in changed if row.id in current] + gone
    if stale:
        await session.execute(_SUPERSEDE, {"ids": stale})
    for row in changed:
        await session.execute(
            _INSERT,
            {
                "id": row.id,
                "name": row.name,
                "level": row.level,
                "kind": row.kind,
                "parent": row.parent,
                "competence": list(row.competence),
                "region": row.region,
                "valid_from": row.valid_from,
                "valid_to": row.valid_to,
                "source": source,
            },
        )
    return len(changed) + len(gone)


def check(wanted: dict[str, AuthorityRow]) -> None:
    """Every parent exists and no chain runs in a circle."""
    for row in wanted.values():
        seen = {row.id}
        above = row.parent
        while above is not None:
            if above not in wanted:
                raise ValueError(f"authority {row.id}: parent {above} does not exist")
            if above in seen:
                raise ValueError(f"authority {row.id} is its own superior")
            seen.add(above)
            above = wanted[above].parent


#: The authority and everything below it. UNION (not ALL): ends even if a circle got into the table.
_UNDER = (
    "with recursive below(id) as (select cast(:{0} as text) union select a.id from authority a"
    " join below b on a.parent = b.id where a.superseded_at is null) select id from below"
)
#: The authority and everything above it.
_CHAIN = (
    "with recursive above(id) as (select cast(:{0} as text) union select a.parent from authority a"
    " join above b on a.id = b.id where a.superseded_at is null and a.parent is not null) select id from above"
)
_names = iter(range(10**9))


def under(column: Any, authority: str) -> ColumnElement[bool]:
    """``column`` is the authority or one below it (本级及下级). Nothing is under an empty authority."""
    return _within(column, _UNDER, authority)


def above(column: Any, authority: str) -> ColumnElement[bool]:
    """``column`` is the authority or one above it (本级及上级)."""
    return _within(column, _CHAIN, authority)


def _within(column: Any, query: str, authority: str) -> ColumnElement[bool]:
    # A name of its own per predicate, so that two of them can stand in one statement.
    name = f"authority_{next(_names) % 1000}"
    subquery = text(query.format(name)).bindparams(bindparam(name, authority, Text)).columns(Column("id", Text))
    found: ColumnElement[bool] = column.in_(subquery)
    return found


_CHAIN_ROWS = text(
    "with recursive above(id, depth) as (select cast(:authority as text), 0 union"
    " select a.parent, b.depth + 1 from authority a join above b on a.id = b.id"
    " where a.superseded_at is null and a.parent is not null and b.depth < 10)"
    " select id from above order by depth"
)


async def chain(session: AsyncSession, authority: str) -> Sequence[str]:
    """The authority and its superiors, up to the ministry (上级链)."""
    rows = await session.execute(_CHAIN_ROWS, {"authority": authority})
    return [row.id for row in rows]


async def is_under(session: AsyncSession, authority: str, superior: str) -> bool:
    """Whether ``authority`` is ``superior`` or below it."""
    return bool(superior) and superior in await chain(session, authority)
