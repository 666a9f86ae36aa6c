"""Score sheets and what they wait for, in the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple, TypeAlias
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis import journal
from gf_chassis.database import UnitOfWork
from gf_chassis.journal import EventPosition
from gf_scoring.adapters.contracts import SCORED, TOPIC
from gf_scoring.adapters.tables import AssessmentRow, CaseRow, SheetRow
from gf_scoring.domain.sheets import Assessment, Sheet

#: One lock for the whole service. Whole batches of admissions share it; what must see their result takes it alone.
#: It takes the place of 500 row locks, of rows which do not exist yet.
_LOCK = 0x5C0_4E5
_SHARED = text("select pg_advisory_xact_lock_shared(:lock)")
_ALONE = text("select pg_advisory_xact_lock(:lock)")

_HEADS = text(
    "select submission_id, max(number) from score_sheet"
    " where submission_id = any(cast(:ids as uuid[])) group by submission_id"
)
_ASSESSMENTS = text(
    "select distinct on (submission_id, round) submission_id, round, marks, industry_ruling, person, reason,"
    " recorded_at from assessment where submission_id = any(cast(:ids as uuid[]))"
    " order by submission_id, round, number desc"
)
#: Differ from sheet to sheet; the rest is mostly alike in a batch and goes as one value per group.
_OWN = (
    ("submission_id", "uuid"),
    ("number", "int"),
    ("total", "numeric"),
    ("unit_id", "uuid"),
    ("superior", "text"),
    ("admitted", "bytea"),
    ("published", "bytea"),
)
_ALIKE = (
    ("round", "int"),
    ("revision", "int"),
    ("basis", "text"),
    ("outcome", "text"),
    ("category", "text"),
    ("kind", "text"),
    ("campaign_id", "uuid"),
    ("benchmark_set_id", "uuid"),
    ("marks", "jsonb"),
)
#: Sheets and their lines of history: the lock that the journal asks for is taken by then (``share`` or ``alone``).
_APPEND = text(
    "with given as materialized (select * from unnest("
    + ", ".join(f"cast(:{name} as {kind}[])" for name, kind in _OWN)
    + f") as given ({', '.join(name for name, _ in _OWN)})), sheets as ("
    f"insert into score_sheet ({', '.join(name for name, _ in (*_OWN, *_ALIKE))}, scored_at)"
    f" select {', '.join(name for name, _ in _OWN)}, "
    + ", ".join(f"cast(:{name} as {kind})" for name, kind in _ALIKE)
    + ", clock_timestamp() + cast(:line_offset as interval) from given) "
    + journal.LINES_SQL
    + "(select submission_id::text as key, number, :actor as actor, :authority as authority,"
    " cast(:data as jsonb) as data, published as payload from given) as line"
)


async def share(session: AsyncSession) -> None:
    """Keep out those who must see what this transaction adds, until it has ended."""
    await session.execute(_SHARED, {"lock": _LOCK})


async def patient(session: AsyncSession) -> None:
    """Let this transaction's statements take the minutes that sorting a whole country may need on a busy server."""
    await session.execute(text("set local statement_timeout = '5min'"))


async def alone(session: AsyncSession) -> None:
    """Wait for running batches to end, and hold up the next ones."""
    await session.execute(_ALONE, {"lock": _LOCK})


async def heads(session: AsyncSession, ids: Collection[str]) -> dict[str, int]:
    """Last number of each submission that has a sheet."""
    if not ids:
        return {}
    found = await session.execute(_HEADS, {"ids": list(ids)})
    return {str(submission_id): number for submission_id, number in found}


async def assessments(session: AsyncSession, ids: Collection[str]) -> Mapping[tuple[str, int], Assessment]:
    """The marks now in force by submission and round."""
    found = await session.execute(_ASSESSMENTS, {"ids": list(ids)})
    return {(str(row[0]), row[1]): Assessment(_json(row[2]), *row[3:]) for row in found}


def _json(value: object) -> Mapping[str, str]:
    """A text() query gives jsonb as text or as a value, by the codec of the connection."""
    loaded: Mapping[str, str] = orjson.loads(value) if isinstance(value, str | bytes) else value  # type: ignore[assignment]
    return loaded


class Drawn(NamedTuple):
    """A sheet to be kept, with the admitted form and the event as bytes."""

    sheet: Sheet
    admitted: bytes
    published: bytes


#: By what sheets have in common, and by ruleset.
_Groups: TypeAlias = dict[tuple[tuple[Any, ...], str], list[Drawn]]


async def append(uow: UnitOfWork, drawn: Sequence[Drawn], reason: str = "") -> None:
    """Append sheets with the line of history that is also the event: one statement for all that are alike.

    Scored at the database clock, moved as ``uow.now()`` is; asking for it first would be a round trip.
    """
    groups: _Groups = {}
    keys: set[str] = set()
    for one in drawn:
        sheet, subject = one.sheet, one.sheet.subject
        journal.require_size(one.published)
        if subject.submission_id in keys:
            # The numbers of a key are written in their order.
            await _append(uow, groups, reason)
            groups, keys = {}, set()
        keys.add(subject.submission_id)
        alike = (
            subject.round,
            sheet.revision,
            sheet.basis.value,
            sheet.outcome.value,
            subject.category,
            subject.kind,
            subject.campaign_id,
            None if sheet.table is None else sheet.table.benchmark_set_id,
            orjson.dumps(sheet.marks).decode() if sheet.marks else None,
        )
        basis = "" if sheet.table is None else sheet.table.scorer.ruleset.id
        groups.setdefault((alike, basis), []).append(one)
    await _append(uow, groups, reason)


async def _append(uow: UnitOfWork, groups: _Groups, reason: str) -> None:
    for (alike, basis), group in groups.items():
        sheets = [one.sheet for one in group]
        common = {name: value for (name, _), value in zip(_ALIKE, alike, strict=True)}
        lines = uow.lines("score_sheet", "submission_scored", TOPIC, SCORED, basis, reason)
        values = {
            "submission_id": [sheet.subject.submission_id for sheet in sheets],
            "number": [sheet.number for sheet in sheets],
            "total": [None if sheet.total is None else Decimal(sheet.total) for sheet in sheets],
            "unit_id": [sheet.subject.unit_id for sheet in sheets],
            "superior": [sheet.subject.superior for sheet in sheets],
            "admitted": [one.admitted for one in group],
            "published": [one.published for one in group],
            "actor": uow.actor.subject,
            "authority": uow.actor.authority,
            "data": orjson.dumps({"round": common["round"], "revision": common["revision"]}).decode(),
        }
        await uow.session.execute(_APPEND, {**values, **common, **lines})
        uow.has_published(EventPosition(TOPIC, sheet.subject.submission_id, sheet.number) for sheet in sheets)


async def revisions(session: AsyncSession, submission_id: UUID) -> Sequence[SheetRow]:
    """All revisions of all rounds, oldest first."""
    found = await session.exec(
        select(SheetRow).where(SheetRow.submission_id == submission_id).order_by(col(SheetRow.number))
    )
    return found.all()


async def newest(session: AsyncSession, submission_id: UUID | str) -> SheetRow | None:
    found = await session.exec(
        select(SheetRow)
        .where(SheetRow.submission_id == UUID(str(submission_id)))
        .order_by(col(SheetRow.number).desc())
        .limit(1)
    )
    return found.first()


async def route_of(session: AsyncSession, submission_id: UUID) -> tuple[str, ...]:
    """Authorities that the present route of the case leads through."""
    case = await session.get(CaseRow, submission_id)
    return tuple(case.authorities) if case else ()


def add_assessment(session: AsyncSession, submission_id: str, number: int, round_: int, given: Assessment) -> None:
    session.add(
        AssessmentRow(
            submission_id=UUID(submission_id),
            number=number,
            round=round_,
            industry_ruling=given.industry_ruling,
            marks=dict(given.marks),
            person=given.person,
            reason=given.reason,
            recorded_at=given.recorded_at,
        )
    )
