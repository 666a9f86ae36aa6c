"""What a shadow run would change (试算报告): who moves band or grade or enters the bottom share, counted and listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_policy.authorities import AuthorityTree
from gf_policy.ranking import RankingRules
from gf_scoring.adapters import standings
from gf_scoring.adapters.rankings import recipients_of

#: Grade and bottom share of each row by one of its totals, as a ranking of its kind would give them.
_JUDGED = """
{name} as (
  select submission_id, {bottom} as bottom, {grade} as grade
  from (select submission_id, count(*) over () as n, rank() over best as place,
      count(*) over (best range between unbounded preceding and current row) as not_worse,
      count(*) over ({within}) as m, rank() over worst as from_bottom,
      count(*) over (worst range between unbounded preceding and current row) as not_better
    from stood where {column} is not null
    window best as (order by {column} desc), worst as ({within} order by {column})) r)
"""
_WITHIN = {"all": "", "key_industry": "partition by key_industry", "recipient": "partition by recipient"}
#: Where nothing ranks the category, nobody has a grade or stands in a bottom share.
_UNJUDGED = "{name} as (select cast(null as uuid) as submission_id, false as bottom, '' as grade where false)"
_MOVES = """
insert into rescored_move (run_id, submission_id, unit_id, superior, recipient, key_industry, former, total,
  former_grade, grade, former_bottom, bottom, former_band, band)
with area as (
  select * from unnest(cast(:superiors as text[]), cast(:recipients as text[])) as a (superior, recipient)
), stood as not materialized (
  select rescored.*, coalesce(area.recipient, '') as recipient from rescored left join area using (superior)
  where run_id = :run_id and kind = :kind
), {before}, {after}
select s.run_id, s.submission_id, s.unit_id, s.superior, s.recipient, s.key_industry, s.former, s.total,
  coalesce(b.grade, ''), coalesce(a.grade, ''), coalesce(b.bottom, false), coalesce(a.bottom, false),
  s.former_band, s.band
from stood s left join before b using (submission_id) left join after a using (submission_id)
where (s.former is null) <> (s.total is null) or b.grade is distinct from a.grade
  or b.bottom is distinct from a.bottom or s.former_band <> s.band
"""


_KINDS = text("select distinct kind from rescored where run_id = :run_id order by 1")


def _judged(name: str, column: str, rules: RankingRules | None) -> str:
    if rules is None:
        return _UNJUDGED.format(name=name)
    return _JUDGED.format(
        name=name,
        column=column,
        within=_WITHIN[rules.bottom.compared_within],
        bottom=standings.in_bottom(rules, size="r.m", from_bottom="r.from_bottom", not_better="r.not_better"),
        grade=standings.grade(rules, size="r.n", place="r.place", not_worse="r.not_worse"),
    )


async def _joined_whole(session: AsyncSession) -> None:
    """Both sides of every join are the whole population. The table was filled a moment ago: as long as nothing has
    counted its rows the planner takes them for a few, and would look through one side for each row of the other."""
    await session.execute(text("set local enable_nestloop = off"))


async def find_moves(session: AsyncSession, run_id: UUID, rules: RankingRules | None, tree: AuthorityTree) -> None:
    """Rank the population twice, by the former and by the new totals, and keep whoever stands elsewhere.

    ``rules`` is None where nothing ranks the category: then bands and what can be scored are all there is to move.
    """
    await _joined_whole(session)
    recipients = recipients_of(tree)
    sql = _MOVES.format(before=_judged("before", "former", rules), after=_judged("after", "total", rules))
    asked = {"run_id": run_id, "superiors": list(recipients), "recipients": list(recipients.values())}
    asked |= standings.grade_codes(rules) if rules else {}
    # Kind by kind: sorted by kind and points together, half a million rows would take three times as long.
    for kind in (await session.execute(_KINDS, {"run_id": run_id})).scalars().all():
        await session.execute(text(sql), asked | {"kind": kind})


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
    " count(*) filter (where former_grade <> grade) as other_grade,"
    " count(*) filter (where {rank_after} < {rank_before}) as band_up,"
    " count(*) filter (where {rank_after} > {rank_before}) as band_down,"
    " count(*) filter (where former is not null and total is null) as no_longer_scored,"
    " count(*) filter (where former is null and total is not null) as newly_scored"
    " from rescored_move where run_id = :run_id group by 1"
)
#: Bands in the order of ``:bands``, best first; no band comes last.
_RANK = "coalesce(array_position(cast(:bands as text[]), {0}), 1000)"
_CHANGES = (
    "select {before} as before, {after} as after, count(*) from rescored_move"
    " where run_id = :run_id and {before} <> {after} group by 1, 2 order by 1, 2"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What a switch would change (试算报告)."""

    totals: dict[str, Any]
    grades: list[dict[str, Any]]
    #: From which band to which (星级, 等级 of the ruleset).
    bands: list[dict[str, Any]]
    #: Code and name of each band there is, best first.
    band_names: list[dict[str, str]]
    by_recipient: list[dict[str, Any]]
    by_industry: list[dict[str, Any]]


async def report(session: AsyncSession, run_id: UUID, tree: AuthorityTree, bands: Mapping[str, str]) -> Report:
    """``bands``: names of the rulesets' bands by code, best first."""
    await _joined_whole(session)
    recipients = recipients_of(tree)
    asked = {"run_id": run_id, "superiors": list(recipients), "recipients": list(recipients.values())}
    totals = dict((await session.execute(_SUM, {"run_id": run_id})).mappings().one())
    all_moves = await _moved_by(session, run_id, "''", bands)
    moved = {name: all_moves.get("", {}).get(name, 0) for name in _MOVE_COUNTS}
    grades, others = [await _changes(session, run_id, *pair) for pair in _PAIRS]
    names = [{"code": code, "name": name} for code, name in bands.items()]
    groups: list[list[dict[str, Any]]] = []
    for column in ("recipient", "key_industry"):
        found = await session.execute(text(_BY.format(column=f"coalesce({column}, '')")), asked)
        by_key = await _moved_by(session, run_id, column, bands)
        groups.append(
            [{**dict.fromkeys(_MOVE_COUNTS, 0), **dict(row), **by_key.get(row["key"], {})} for row in found.mappings()]
        )
    return Report({**totals, **moved}, grades, others, names, *groups)


_PAIRS = (("former_grade", "grade"), ("former_band", "band"))
_MOVE_COUNTS = (
    "into_bottom", "out_of_bottom", "other_grade", "band_up", "band_down", "no_longer_scored", "newly_scored",
)  # fmt: skip


async def _moved_by(
    session: AsyncSession, run_id: UUID, column: str, bands: Mapping[str, str]
) -> dict[str, dict[str, Any]]:
    ranks = {"rank_before": _RANK.format("former_band"), "rank_after": _RANK.format("band")}
    moves = await session.execute(
        text(_MOVED_BY.format(column=column, **ranks)), {"run_id": run_id, "bands": list(bands)}
    )
    return {row["key"]: dict(row) for row in moves.mappings()}


async def _changes(session: AsyncSession, run_id: UUID, before: str, after: str) -> list[dict[str, Any]]:
    found = await session.execute(text(_CHANGES.format(before=before, after=after)), {"run_id": run_id})
    return [dict(row) for row in found.mappings()]


#: Which of those who would stand elsewhere are asked for.
VIEWS = {
    "all": "true",
    "bottom": "bottom <> former_bottom",
    "grade": "grade <> former_grade",
    "band": "band <> former_band",
}
_MOVERS = (
    "select m.*, coalesce(u.name, '') as name, coalesce(u.uscc, '') as uscc from rescored_move m"
    " left join unit_view u using (unit_id) where run_id = :run_id and m.superior = any(cast(:own as text[]))"
    " and {view} and m.submission_id > :after"
    " order by m.submission_id limit :limit"
)


async def movers(
    session: AsyncSession, run_id: UUID, authorities: Sequence[str], *, view: str, after: UUID, limit: int
) -> list[dict[str, Any]]:
    """Who would stand elsewhere, of these authorities' units."""
    asked = {"run_id": run_id, "own": list(authorities), "after": after, "limit": limit}
    return [dict(row) for row in (await session.execute(text(_MOVERS.format(view=VIEWS[view])), asked)).mappings()]
