"""Shadow runs in the database: chunks that are claimed, rows beside the sheets."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_scoring.adapters.tables import RescoreRunRow

_ANY = "campaign_id = :campaign_id and category = :category and (cast(:kind as text) is null or kind = :kind)"
_CUT = text(
    "insert into rescore_chunk (run_id, chunk, after, until, count)"
    " select :run_id, nth, lag(until, 1, cast(:nil as uuid)) over (order by nth), until, members from ("
    "  select (n - 1) / :size + 1 as nth, max(submission_id::text)::uuid as until, count(*) as members from ("
    "    select submission_id, row_number() over (order by submission_id) as n from ("
    f"      select distinct submission_id from score_sheet where {_ANY}) one) numbered"
    "  group by 1) chunks"
)
_TOTAL = text("select coalesce(sum(count), 0) from rescore_chunk where run_id = :run_id")
_CLAIM = {
    "scored_at": text(
        "update rescore_chunk set scored_at = clock_timestamp() where run_id = :run_id and chunk = ("
        "  select chunk from rescore_chunk where run_id = :run_id and scored_at is null"
        "  order by chunk limit 1 for update skip locked) returning after, until"
    ),
    "appended_at": text(
        "update rescore_chunk set appended_at = clock_timestamp() where run_id = :run_id and chunk = ("
        "  select chunk from rescore_chunk where run_id = :run_id and appended_at is null"
        "  order by chunk limit 1 for update skip locked) returning after, until"
    ),
}
_OPEN = {
    name: text(f"select exists (select from rescore_chunk where run_id = :run_id and {name} is null)")
    for name in ("scored_at", "appended_at")
}
#: The newest sheets of a stretch. Marks say whether a reviewer's word has to be looked up.
_STRETCH = (
    "select distinct on (submission_id) submission_id, number, total, basis = 'assessed' as marked,"
    " round, revision, admitted{more} from score_sheet"
    f" where submission_id > :after and submission_id <= :until and {_ANY} order by submission_id, number desc"
)
_NEWEST = text(_STRETCH.format(more=""))
_NEWEST_WHOLE = text(_STRETCH.format(more=", published"))
_ADD = text(
    "insert into rescored (run_id, submission_id, sheet_number, kind, unit_id, superior, key_industry, former, total,"
    " former_band, band) select :run_id, * from unnest(cast(:submission_id as uuid[]), cast(:number as int[]),"
    " cast(:kind as text[]), cast(:unit_id as uuid[]), cast(:superior as text[]), cast(:key_industry as text[]),"
    " cast(:former as numeric[]), cast(:total as numeric[]), cast(:former_band as text[]), cast(:band as text[]))"
)


class Rescored(NamedTuple):
    """What one submission is worth by its newest sheet, and would be worth."""

    submission_id: UUID
    number: int
    kind: str
    unit_id: str
    superior: str
    key_industry: str
    former: Decimal | None
    total: Decimal | None
    former_band: str
    band: str


async def cut(session: AsyncSession, run: RescoreRunRow, size: int) -> int:
    """Divide the population into stretches of ``size`` submissions; how many submissions there are."""
    asked = {"run_id": run.id, "size": size, "nil": UUID(int=0), **_of(run)}
    await session.execute(_CUT, asked)
    total: int = (await session.execute(_TOTAL, {"run_id": run.id})).scalar_one()
    return int(total)


def _of(run: RescoreRunRow) -> dict[str, Any]:
    return {"campaign_id": run.campaign_id, "category": run.category, "kind": run.kind}


async def claim(session: AsyncSession, run_id: UUID, column: str) -> tuple[UUID, UUID] | None:
    """Take the next stretch that nobody has; marked done in the transaction that does it."""
    found = (await session.execute(_CLAIM[column], {"run_id": run_id})).first()
    return None if found is None else (found[0], found[1])


async def any_open(session: AsyncSession, run_id: UUID, column: str) -> bool:
    found: bool = (await session.execute(_OPEN[column], {"run_id": run_id})).scalar_one()
    return found


async def newest(
    session: AsyncSession, run: RescoreRunRow, stretch: tuple[UUID, UUID], *, whole: bool = False
) -> Sequence[Any]:
    """The newest sheet of each submission in the stretch."""
    query = _NEWEST_WHOLE if whole else _NEWEST
    return (await session.execute(query, {"after": stretch[0], "until": stretch[1], **_of(run)})).all()


async def add(session: AsyncSession, run_id: UUID, rows: Sequence[Rescored]) -> None:
    if rows:
        columns = {name: list(column) for name, column in zip(Rescored._fields, zip(*rows, strict=True), strict=True)}
        await session.execute(_ADD, {"run_id": run_id, **columns})


_PROGRESS = text(
    "select coalesce(sum(count) filter (where scored_at is not null), 0),"
    " coalesce(sum(count) filter (where appended_at is not null), 0) from rescore_chunk where run_id = :run_id"
)


async def progress(session: AsyncSession, run_id: UUID) -> tuple[int, int]:
    """How many submissions are scored, and how many have their new revision."""
    scored, appended = (await session.execute(_PROGRESS, {"run_id": run_id})).one()
    return int(scored), int(appended)


async def in_state(session: AsyncSession, state: str, *, unfinished: bool = False) -> Sequence[UUID]:
    query = select(RescoreRunRow.id).where(RescoreRunRow.state == state)
    if unfinished:
        query = query.where(RescoreRunRow.appended_at == None)  # noqa: E711
    return (await session.exec(query)).all()


async def locked(session: AsyncSession, run_id: UUID) -> RescoreRunRow | None:
    # Read anew: what the session saw before the lock may have moved.
    return await session.get(RescoreRunRow, run_id, with_for_update=True, populate_existing=True)
