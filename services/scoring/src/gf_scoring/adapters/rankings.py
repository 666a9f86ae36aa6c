"""Rankings in the database: what a run waits for, and the windows that give every unit its place.

Ranking stays in PostgreSQL: one statement sorts and counts, and its result is what is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_policy.authorities import AuthorityTree
from gf_policy.ranking import RankingRules
from gf_scoring.adapters import standings
from gf_scoring.adapters.tables import CampaignEndRow, RankingRunRow, RescoreRunRow
from gf_scoring.domain.rankings import RunState, TotalGap, Waiting

_GAPS = text(
    "with here as ("
    "  select superior, count(*) as admitted,"
    "    encode(sha256(convert_to(string_agg(line, E'\\n' order by line collate \"C\"), 'UTF8')), 'hex') as digest"
    "  from (select distinct superior, submission_id::text || ':' || round as line from score_sheet"
    "    where campaign_id = :campaign_id and kind = :kind) lines group by superior)"
    " select coalesce(t.authority, h.superior), coalesce(t.admitted, 0), coalesce(h.admitted, 0)"
    " from (select * from campaign_total where campaign_id = :campaign_id and kind = :kind) t"
    " full join here h on h.superior = t.authority where t.digest is distinct from h.digest order by 1"
)
_OPEN = text(
    "select count(*) from (select distinct submission_id from score_sheet"
    "  where campaign_id = :campaign_id and kind = :kind and category = :category) s"
    " left join case_end e using (submission_id) where e.submission_id is null"
)

#: The population of a run with places, and the listed units without one. Everything a rule decides is a parameter.
_POPULATION = """
with area as (
  select * from unnest(cast(:superiors as text[]), cast(:recipients as text[])) as a (superior, recipient)
), listed as (
  select unit_id, case when effective ~ '^[0-9]{{4}}' then left(effective, 4)::int else 0 end as since
  from membership where list_id = :list_id and listed
), newest as (
  select distinct on (submission_id) submission_id, number, unit_id, superior, outcome, total from score_sheet
  where campaign_id = :campaign_id and kind = :kind and category = :category
  order by submission_id, number desc
), filed as (
  select distinct on (n.unit_id) n.*, coalesce(e.outcome, '') as ended
  from newest n left join case_end e using (submission_id) order by n.unit_id, n.submission_id desc
), units as (
  select l.unit_id, l.since, f.submission_id, f.number, f.total, coalesce(u.name, '') as name,
    coalesce(u.uscc, '') as uscc, coalesce(f.superior, u.superior, '') as superior,
    coalesce(u.key_industry, '') as key_industry,
    case when f.submission_id is null then 'not_filed'
      when not (f.ended = any(cast(:outcomes as text[])) or :provisional and f.ended = '') then 'not_approved'
      when f.outcome <> 'scored' then 'not_scorable'
      when :year - l.since < :joins_after then 'newly_listed' else '' end as missing
  from listed l left join filed f using (unit_id) left join unit_view u using (unit_id)
), placed as (
  select units.*, coalesce(area.recipient, '') as recipient,
    case cast(:within as text) when 'key_industry' then key_industry when 'recipient' then coalesce(area.recipient, '')
      else '' end as grp
  from units left join area using (superior)
), ranked as (
  select unit_id, rank() over best as place, count(*) over () as n, count(*) over grouped as m,
    count(*) over (best range between unbounded preceding and current row) as not_worse,
    rank() over worst as from_bottom,
    count(*) over (worst range between unbounded preceding and current row) as not_better,
    case when key_industry <> '' then rank() over own end as industry_place,
    case when key_industry <> '' then count(*) over (partition by key_industry) end as industry_count,
    row_number() over (order by total desc, unit_id) as seq
  from placed where missing = ''
  window best as (order by total desc), grouped as (partition by grp),
    worst as (partition by grp order by total), own as (partition by key_industry order by total desc)
), judged as (
  select p.*, r.place, r.industry_place, r.industry_count, r.seq,
    {bottom} as bottom,
    coalesce(r.m >= :minimum and r.from_bottom <= ceil(r.m * cast(:warning as numeric)), false) as warned,
    {grade} as grade
  from placed p left join ranked r using (unit_id)
), running as (
  select j.*, case when not j.bottom then 0 else 1 + coalesce((
    select case when former.bottom then former.streak else 0 end
    from ranking_place former join ranking_run r on r.id = former.run_id
    where former.unit_id = j.unit_id and former.missing = '' and r.list_id = :list_id and r.state = 'published'
      and r.year < :year and (cast(:missing_year as text) = 'bridge' or r.year = :year - 1)
      and (cast(:counts_from as text) = 'first_ranking' or r.year >= j.since)
    order by r.year desc limit 1), 0) end as streak
  from judged j
)
"""
_COLUMNS = (
    "unit_id, seq, submission_id, sheet_number, name, uscc, superior, recipient, key_industry, points, place,"
    " industry_place, industry_count, grade, bottom, warned, streak, due, missing"
)
_SELECTED = (
    "select unit_id, seq, submission_id, number as sheet_number, name, uscc, superior, recipient, key_industry,"
    " case when missing = '' then trim_scale(total) end as points, place, industry_place, industry_count, grade,"
    " bottom, warned or bottom as warned, streak, streak >= :due as due, missing from running"
)


def _population(rules: RankingRules) -> str:
    return _POPULATION.format(
        bottom=standings.in_bottom(rules, size="r.m", from_bottom="r.from_bottom", not_better="r.not_better"),
        grade=standings.grade(rules, size="r.n", place="r.place", not_worse="r.not_worse"),
    )


def _parameters(run: RankingRunRow, rules: RankingRules, tree: AuthorityTree, provisional: bool) -> dict[str, Any]:
    recipients = recipients_of(tree)
    return {
        "superiors": list(recipients),
        "recipients": list(recipients.values()),
        "list_id": run.list_id,
        "campaign_id": run.campaign_id,
        "kind": run.kind,
        "category": run.category,
        "year": run.year,
        "outcomes": list(rules.outcomes),
        "provisional": provisional,
        "joins_after": rules.joins_after_years,
        "within": rules.bottom.compared_within,
        "minimum": rules.bottom.minimum_population,
        "warning": rules.warning_share,
        **standings.grade_codes(rules),
        "missing_year": rules.bottom.missing_year,
        "counts_from": rules.bottom.counts_from,
        "due": rules.bottom.consecutive_years,
    }


def recipients_of(tree: AuthorityTree) -> Mapping[str, str]:
    """Each authority and the one directly below the ministry above it (N25-recip): whose average its units make."""
    found: dict[str, str] = {}
    for authority in tree:
        chain = tree.chain(authority.id)
        found[authority.id] = chain[-2].id if len(chain) > 1 else chain[-1].id
    return found


async def waiting_for(session: AsyncSession, run: RankingRunRow) -> Waiting:
    """What the run waits for, as things stand now."""
    asked = {"campaign_id": run.campaign_id, "kind": run.kind, "category": run.category}
    if await session.get(CampaignEndRow, run.campaign_id) is None:
        return Waiting(False)
    gaps = await session.execute(_GAPS, {"campaign_id": run.campaign_id, "kind": run.kind})
    unfinished = await session.exec(
        select(RescoreRunRow.id).where(
            RescoreRunRow.campaign_id == run.campaign_id,
            RescoreRunRow.category == run.category,
            RescoreRunRow.state == "switched",
            col(RescoreRunRow.appended_at).is_(None),
        )
    )
    return Waiting(
        True,
        tuple(TotalGap(run.kind, authority, stated, here) for authority, stated, here in gaps),
        (await session.execute(_OPEN, asked)).scalar_one(),
        unfinished.first() is not None,
    )


@dataclass(frozen=True, slots=True)
class Placed:
    """What closing a run gave: how many have a place and how many have none, the digest, sums by recipient."""

    count: int
    unranked: int
    digest: str
    #: Recipient, how many, the sum of their points as text.
    sums: Sequence[tuple[str, int, str]]


_COUNT = text(
    "select count(place), count(*) - count(place), encode(sha256(convert_to(coalesce(string_agg("
    "  concat_ws('|', place, unit_id, points, grade, bottom::int, streak), E'\\n' order by seq)"
    "  filter (where place is not null), ''), 'UTF8')), 'hex') from ranking_place where run_id = :run_id"
)
_SUMS = text(
    "select recipient, count(*), sum(points)::text from ranking_place"
    " where run_id = :run_id and place is not null and recipient <> '' group by recipient order by recipient"
)


async def place_all(session: AsyncSession, run: RankingRunRow, rules: RankingRules, tree: AuthorityTree) -> Placed:
    """Give every listed unit its place, in one statement."""
    insert = f"insert into ranking_place (run_id, {_COLUMNS}) select cast(:run_id as uuid), r.* from ({_SELECTED}) r"
    sql = _population(rules) + insert
    await session.execute(text(sql), {"run_id": run.id, **_parameters(run, rules, tree, False)})
    count, unranked, digest = (await session.execute(_COUNT, {"run_id": run.id})).one()
    sums = [(row[0], row[1], row[2]) for row in await session.execute(_SUMS, {"run_id": run.id})]
    return Placed(count, unranked, digest, sums)


async def provisional(
    session: AsyncSession, run: RankingRunRow, rules: RankingRules, tree: AuthorityTree, authorities: Sequence[str]
) -> list[dict[str, Any]]:
    """Who would be warned if the run were closed now, among the units of these authorities (预警)."""
    sql = _population(rules) + f"select * from ({_SELECTED}) r where warned and superior = any(cast(:own as text[]))"
    asked = {**_parameters(run, rules, tree, True), "own": list(authorities)}
    found = await session.execute(text(sql + " order by points, unit_id limit 2000"), asked)
    return [dict(row) for row in found.mappings()]


async def locked(session: AsyncSession, run_id: UUID) -> RankingRunRow | None:
    # Read anew: what the session saw before the lock may have moved.
    return await session.get(RankingRunRow, run_id, with_for_update=True, populate_existing=True)


async def in_state(session: AsyncSession, state: RunState) -> Sequence[UUID]:
    found = await session.exec(select(RankingRunRow.id).where(RankingRunRow.state == state.value))
    return found.all()


async def published_before(session: AsyncSession, run: RankingRunRow) -> RankingRunRow | None:
    """The published run of the same campaign and category."""
    found = await session.exec(
        select(RankingRunRow)
        .where(
            RankingRunRow.campaign_id == run.campaign_id,
            RankingRunRow.category == run.category,
            RankingRunRow.state == RunState.PUBLISHED.value,
            RankingRunRow.id != run.id,
        )
        .with_for_update()
    )
    return found.first()


_VIEWS = {
    "all": "true",
    "ranked": "missing = ''",
    "bottom": "bottom",
    "warned": "warned",
    "due": "due",
    "missing": "missing <> ''",
}
VIEWS = tuple(_VIEWS)


async def places(
    session: AsyncSession,
    run_id: UUID,
    *,
    authorities: Sequence[str] | None,
    uscc: str,
    view: str,
    after: int,
    limit: int,
) -> list[dict[str, Any]]:
    """Places in order, those without one last; of these authorities' units, or of one unit by its code."""
    sql = (
        f"select row_number() over (order by seq nulls last, unit_id) as nth, {_COLUMNS} from ranking_place"
        " where run_id = :run_id"
    )
    outside = (
        f"select * from ({sql}) p where nth > :after and ({_VIEWS[view]}) and "
        + ("superior = any(cast(:own as text[]))" if authorities is not None else "uscc = :uscc and uscc <> ''")
        + " order by nth limit :limit"
    )
    asked: dict[str, Any] = {"run_id": run_id, "after": after, "limit": limit}
    asked |= {"own": list(authorities)} if authorities is not None else {"uscc": uscc}
    return [dict(row) for row in (await session.execute(text(outside), asked)).mappings()]


async def counts(session: AsyncSession, run_id: UUID, authorities: Sequence[str]) -> dict[str, int]:
    """How many of these authorities' units there are in each view."""
    columns = ", ".join(f"count(*) filter (where {condition}) as {name}" for name, condition in _VIEWS.items())
    sql = f"select {columns} from ranking_place where run_id = :run_id and superior = any(cast(:own as text[]))"
    return dict((await session.execute(text(sql), {"run_id": run_id, "own": list(authorities)})).mappings().one())


async def to_send(session: AsyncSession, run_id: UUID, after: int, limit: int) -> list[dict[str, Any]]:
    """Places after the ``after``-th, in order."""
    sql = f"select {_COLUMNS} from ranking_place where run_id = :run_id and seq > :after order by seq limit :limit"
    found = await session.execute(text(sql), {"run_id": run_id, "after": after, "limit": limit})
    return [dict(row) for row in found.mappings()]


async def unsent(session: AsyncSession, state: RunState) -> Sequence[UUID]:
    """Published runs whose events are not all in the journal."""
    found = await session.exec(
        select(RankingRunRow.id).where(RankingRunRow.state == state.value, col(RankingRunRow.sent_all).is_(False))
    )
    return found.all()
