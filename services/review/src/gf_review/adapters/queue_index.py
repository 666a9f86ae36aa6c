"""What the queue reads (待办索引): written in the transaction of every move of a case, under the lock of its row.

One row per case and authority holds all that a queue filters, sorts and counts by, so that a page of a hundred
thousand cases is a walk along one index. The rows are derived: `refresh` computes them from the case, and
`scope.visible` says the same about a single case from the case's own tables (a test compares the two).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_review.domain.route import Route, StagePlan

#: Who sees which case, how it stands for them, and with what the queue shows it.
_WANTED = """
  with seen as (
    select distinct on (s.submission_id, s.authority) s.submission_id, s.authority, s.state, s.window_key
    from review_case c join stage s on s.submission_id = c.submission_id and s.round = c.round
    where s.applicable and c.submission_id = any(cast(:ids as text[]))
    order by s.submission_id, s.authority, (s.state = 'in_review') desc, s.stage_no
  ), acted as (
    select distinct p.submission_id, p.authority, '' as state, '' as window_key
    from review_case c join case_person p on p.submission_id = c.submission_id
    join case_round r on r.submission_id = p.submission_id and r.round = p.round
    where not r.route_replaced and c.submission_id = any(cast(:ids as text[]))
      and not exists (select 1 from seen s where s.submission_id = p.submission_id and s.authority = p.authority)
  ), named as (select * from seen union all select * from acted)
  select c.submission_id, n.authority,
    case when c.state in ('returned', 'withdrawn') then 'returned'
         when c.state = 'closed' then 'closed'
         when n.state = 'in_review' then 'to_do'
         when n.state = 'not_started' then 'waiting'
         when n.state = 'passed' then 'passed'
         else 'other' end as view,
    case when c.state = 'open' and n.state in ('in_review', 'not_started') then n.window_key else '' end as window_key,
    c.campaign_id, c.category, c.kind, left(coalesce(r.unit -> 'industries' ->> 0, ''), 2) as division,
    c.key_industry, (case when c.key_industry = '' then 0 else 1 end)
      + (case when c.preferences = '[]' then 0 else 2 end) as support, coalesce(c.sheet_total, -1) as score,
    c.admitted_at,
    coalesce((select a.assignee from assignment a where a.submission_id = c.submission_id and a.authority = n.authority
              order by a.number desc limit 1), '') as assignee,
    lower(c.unit_name || ' ' || c.number || ' ' || c.uscc) as search_text
  from named n join review_case c on c.submission_id = n.submission_id
  join case_round r on r.submission_id = c.submission_id and r.round = c.round
"""
_COLUMNS = (
    "submission_id, authority, view, window_key, campaign_id, category, kind, division, key_industry, support, score,"
    " admitted_at, assignee, search_text"
)
_CHANGING = [one.strip() for one in _COLUMNS.split(",")][2:]
_GONE = text(
    "delete from queue_entry q using review_case c where q.submission_id = any(cast(:ids as text[]))"
    " and c.submission_id = q.submission_id"
    " and not exists (select 1 from stage s where s.submission_id = c.submission_id and s.round = c.round"
    "   and s.authority = q.authority and s.applicable)"
    " and not exists (select 1 from case_person p join case_round r on r.submission_id = p.submission_id"
    "   and r.round = p.round where p.submission_id = c.submission_id and p.authority = q.authority"
    "   and not r.route_replaced)"
)
WRITE_SQL = (
    f"insert into queue_entry ({_COLUMNS}) {_WANTED}"
    " on conflict (submission_id, authority) do update set "
    + ", ".join(f"{one} = excluded.{one}" for one in _CHANGING)
    + " where ("
    + ", ".join(f"queue_entry.{one}" for one in _CHANGING)
    + ") is distinct from ("
    + ", ".join(f"excluded.{one}" for one in _CHANGING)
    + ")"
)
_SEARCH = text(
    "insert into case_search (submission_id, search_text, pairs) values (:id, :text, :pairs)"
    " on conflict (submission_id) do update set search_text = excluded.search_text, pairs = excluded.pairs"
)
_WINDOWS = text(
    "insert into queue_window (authority, key, campaign_id, act, closes_at, setter)"
    " select * from unnest(cast(:authorities as text[]), cast(:keys as text[]), cast(:campaigns as text[]),"
    " cast(:acts as text[]), cast(:closing as timestamptz[]), cast(:setters as text[])) on conflict do nothing"
)


def window_key(campaign_id: str, plan: StagePlan) -> str:
    """The same for all levels under the same window; '' where the policy sets no date."""
    window = plan.window
    if window is None or window.closes_at is None:
        return ""
    parts = (campaign_id, f"decide:{plan.level}", window.closes_at.isoformat(), window.authority)
    return hashlib.md5("|".join(parts).encode(), usedforsecurity=False).hexdigest()


def pairs_of(words: str) -> list[str]:
    """Every two neighbouring characters, once."""
    return sorted({words[n : n + 2] for n in range(len(words) - 1)})


async def refresh(session: AsyncSession, ids: Iterable[str]) -> None:
    """Bring the entries of the cases to what the cases say; the callers hold the locks of their rows."""
    wanted = {"ids": sorted(set(ids))}
    await session.flush()
    await session.execute(_GONE, wanted)
    await session.execute(text(WRITE_SQL), wanted)


async def note_search(session: AsyncSession, submission_id: str, words: Sequence[str]) -> None:
    """What the case is found by: name, number, 统一社会信用代码."""
    searched = " ".join(words).lower()
    await session.execute(_SEARCH, {"id": submission_id, "text": searched, "pairs": pairs_of(searched)})


async def note_windows(session: AsyncSession, campaign_id: str, route: Route) -> None:
    """The windows of a new round, where they are not known yet. In order of their keys: two openings never deadlock."""
    rows: list[tuple[str, str, str, datetime, str]] = sorted(
        (
            plan.authority,
            window_key(campaign_id, plan),
            f"decide:{plan.level}",
            plan.window.closes_at,
            plan.window.authority,
        )
        for plan in route.stages
        if plan.applicable and plan.window is not None and plan.window.closes_at is not None
    )
    if rows:
        authorities, keys, acts, closing, setters = map(list, zip(*rows, strict=True))
        values = {"authorities": authorities, "keys": keys, "acts": acts, "closing": closing, "setters": setters}
        await session.execute(_WINDOWS, values | {"campaigns": [campaign_id] * len(rows)})
