"""Shadow runs in the database: chunks that are claimed, rows beside the sheets, the report over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_policy.authorities import AuthorityTree
from gf_policy.ranking import RankingRules
from gf_scoring.adapters.rankings import recipients_of
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
    "insert into rescored (run_id, submission_id, sheet_number, unit_id, superior, key_industry, former, total)"
    " select :run_id, * from unnest(cast(:submission_id as uuid[]), cast(:number as int[]), cast(:unit_id as uuid[]),"
    " cast(:superior as text[]), cast(:key_industry as text[]), cast(:former as numeric[]), cast(:total as numeric[]))"
)
_COLUMNS = ("submission_id", "number", "unit_id", "superior", "key_industry", "former", "total")


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


async def add(session: AsyncSession, run_id: UUID, rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        columns = {name: list(column) for name, column in zip(_COLUMNS, zip(*rows, strict=True), strict=True)}
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


# --- report ---------------------------------------------------------------------------------------------------------

_ROUNDED = {"down": "floor({0})", "up": "ceil({0})", "half_up": "round({0})"}
#: Grade and bottom share of each row by one of its totals, as a ranking would give them.
_JUDGED = """
{name} as (
  select submission_id, coalesce(r.n >= {minimum} and (case '{ties}' when 'in' then r.from_bottom else r.not_better end)
      <= {bottom}, false) as bottom, coalesce({grade}, '') as grade
  from (select submission_id, count(*) over () as n, rank() over best as place,
      count(*) over (best range between unbounded preceding and current row) as not_worse,
      rank() over worst as from_bottom,
      count(*) over (worst range between unbounded preceding and current row) as not_better
    from rescored where run_id = :run_id and {column} is not null
    window best as (order by {column} desc), worst as (order by {column})) r)
"""
_MOVES = """
insert into rescored_move (run_id, submission_id, unit_id, superior, recipient, key_industry, former, total,
  former_grade, grade, former_bottom, bottom)
with area as (
  select * from unnest(cast(:superiors as text[]), cast(:recipients as text[])) as a (superior, recipient)
), {before}, {after}
select s.run_id, s.submission_id, s.unit_id, s.superior, coalesce(area.recipient, ''), s.key_industry, s.former,
  s.total, coalesce(b.grade, ''), coalesce(a.grade, ''), coalesce(b.bottom, false), coalesce(a.bottom, false)
from rescored s left join area using (superior) left join before b using (submission_id)
  left join after a using (submission_id)
where s.run_id = :run_id and ((s.former is null) <> (s.total is null) or b.grade is distinct from a.grade
  or b.bottom is distinct from a.bottom)
"""


def _judged(name: str, column: str, rules: RankingRules) -> str:
    """From checked rules only: numbers, and codes that the schema holds to capital letters."""
    cases, reach = "", type(rules.warning_share)(0)
    by = "r.place" if rules.grades.ties == "in" else "r.not_worse"
    for grade in rules.grades.shares:
        reach += grade.share
        last = grade is rules.grades.shares[-1]
        bound = _ROUNDED[rules.grades.rounding].format(f"r.n * {reach:f}")
        cases += f" else '{grade.code}'" if last else f" when {by} <= {bound} then '{grade.code}'"
    return _JUDGED.format(
        name=name,
        column=column,
        minimum=int(rules.bottom.minimum_population),
        ties=rules.bottom.ties,
        bottom=_ROUNDED[rules.bottom.rounding].format(f"r.n * {rules.bottom.share:f}"),
        grade=f"case when r.n < {int(rules.grades.minimum_population)} then ''{cases} end",
    )


async def _joined_whole(session: AsyncSession) -> None:
    """Both sides of every join are the whole population. The table was filled a moment ago: as long as nothing has
    counted its rows the planner takes them for a few, and would look through one side for each row of the other."""
    await session.execute(text("set local enable_nestloop = off"))


async def find_moves(session: AsyncSession, run_id: UUID, rules: RankingRules, tree: AuthorityTree) -> None:
    """Rank the population twice, by the former and by the new totals, and keep whoever stands elsewhere."""
    await _joined_whole(session)
    recipients = recipients_of(tree)
    sql = _MOVES.format(before=_judged("before", "former", rules), after=_judged("after", "total", rules))
    asked = {"run_id": run_id, "superiors": list(recipients), "recipients": list(recipients.values())}
    await session.execute(text(sql), asked)


_SUM = text(
    "select count(*) as population, count(former) as scored_before, count(total) as scored_after,"
    " count(*) filter (where total > former) as higher, count(*) filter (where total < former) as lower,"
    " count(*) filter (where total = former) as equal, round(avg(former), 4)::text as mean_before,"
    " round(avg(total), 4)::text as mean_after, coalesce(max(abs(total - former)), 0)::text as largest_change"
    " from rescored where run_id = :run_id"
)
_BY = (
    "select {column} as key, count(*) as population, round(avg(total - former), 4)::text as mean_change,"
    " count(*) filter (where total is distinct from former) as changed from rescored s"
    " left join (select * from unnest(cast(:superiors as text[]), cast(:recipients as text[]))"
    "  as a (superior, recipient)) area using (superior) where run_id = :run_id group by 1 order by 1"
)
_MOVED_BY = (
    "select {column} as key, count(*) filter (where bottom and not former_bottom) as into_bottom,"
    " count(*) filter (where former_bottom and not bottom) as out_of_bottom,"
    " count(*) filter (where former_grade is distinct from grade) as other_grade,"
    " count(*) filter (where former is not null and total is null) as no_longer_scored,"
    " count(*) filter (where former is null and total is not null) as newly_scored"
    " from rescored_move where run_id = :run_id group by 1"
)
_GRADES = text(
    "select former_grade as before, grade as after, count(*) from rescored_move"
    " where run_id = :run_id and former_grade <> grade group by 1, 2 order by 1, 2"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What a switch would change (试算报告)."""

    totals: dict[str, Any]
    grades: list[dict[str, Any]]
    by_recipient: list[dict[str, Any]]
    by_industry: list[dict[str, Any]]


async def report(session: AsyncSession, run_id: UUID, tree: AuthorityTree) -> Report:
    await _joined_whole(session)
    recipients = recipients_of(tree)
    asked = {"run_id": run_id, "superiors": list(recipients), "recipients": list(recipients.values())}
    totals = dict((await session.execute(_SUM, {"run_id": run_id})).mappings().one())
    all_moves = (await session.execute(text(_MOVED_BY.format(column="''")), {"run_id": run_id})).mappings().first()
    moved = {**dict.fromkeys(_MOVE_COUNTS, 0), **{k: v for k, v in (all_moves or {}).items() if k != "key"}}
    grades = [dict(row) for row in (await session.execute(_GRADES, {"run_id": run_id})).mappings()]
    groups: list[list[dict[str, Any]]] = []
    for column in ("recipient", "key_industry"):
        found = await session.execute(text(_BY.format(column=f"coalesce({column}, '')")), asked)
        moves = await session.execute(text(_MOVED_BY.format(column=column)), {"run_id": run_id})
        by_key = {row["key"]: dict(row) for row in moves.mappings()}
        groups.append(
            [{**dict.fromkeys(_MOVE_COUNTS, 0), **dict(row), **by_key.get(row["key"], {})} for row in found.mappings()]
        )
    return Report({**totals, **moved}, grades, *groups)


_MOVE_COUNTS = ("into_bottom", "out_of_bottom", "other_grade", "no_longer_scored", "newly_scored")

_MOVERS = text(
    "select m.*, coalesce(u.name, '') as name, coalesce(u.uscc, '') as uscc from rescored_move m"
    " left join unit_view u using (unit_id) where run_id = :run_id and m.superior = any(cast(:own as text[]))"
    " and (not :bottom_only or bottom <> former_bottom) and m.submission_id > :after"
    " order by m.submission_id limit :limit"
)


async def movers(
    session: AsyncSession, run_id: UUID, authorities: Sequence[str], *, bottom_only: bool, after: UUID, limit: int
) -> list[dict[str, Any]]:
    """Who would stand elsewhere, of these authorities' units."""
    asked = {"run_id": run_id, "own": list(authorities), "bottom_only": bottom_only, "after": after, "limit": limit}
    return [dict(row) for row in (await session.execute(_MOVERS, asked)).mappings()]
