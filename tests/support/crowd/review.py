"""Review's crowd: cases with rounds, stages, sheets, findings, decisions, batches, publicities, over five years."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from gf_review.adapters import queue_index
from tests.support.crowd.base import analyse, chunks, connect, route_of

CHUNK = 2000
#: Where a case stands, by its number: years before the last are done with.
_STATE = """
  case when n % 5 < 4 then case when n % 9 = 0 then 'refused' else 'approved' end
       when n % 50 < 18 then 'county' when n % 50 < 29 then 'province' when n % 50 < 34 then 'ministry'
       when n % 50 < 37 then 'returned' when n % 50 < 39 then 'withdrawn'
       when n % 50 < 46 then 'approved' else 'refused' end"""
_CROWD = f"""
  create temp table crowd on commit drop as
  select g.n, pg_temp.id_of(g.n)::text as id, pg_temp.at_of(g.n) as at, s.state, r.*,
    case when g.n % 10 = 0 then 2 else 1 end as rounds, pg_temp.unit_of(g.n / 5)::text as unit_id,
    pg_temp.name_of(g.n / 5) as name, pg_temp.uscc_of(g.n / 5) as uscc, pg_temp.number_of(g.n) as number,
    pg_temp.campaign_of(g.n)::text as campaign_id, pg_temp.category_of(g.n) as category, pg_temp.kind_of(g.n) as kind,
    2021 + g.n % 5 as year, 50 + (g.n * 7919::bigint % 500000) / 10000.0 as total
  from generate_series($1, $2) g(n)
  cross join lateral (select {_STATE.replace(" n ", " g.n ")} as state) s
  join route r on r.no = {route_of("g.n")}"""
#: Levels of a case with their order: the level it stands at is under review, those before have passed.
_LEVELS = """
  join place l on l.route = c.no and l.year = c.year
  cross join lateral (select case c.state when 'county' then first.no when 'province' then 3 when 'ministry' then 4
      when 'approved' then 5 when 'refused' then 3 else first.no end as here
    from (select case when c.county <> '' then 1 when c.city <> '' then 2 else 3 end as no) first) h"""
_STAGE_STATE = """
  case when l.authority = '' then 'not_applicable'
       when k.round < c.rounds then case when l.no = h.here then 'in_review' else 'not_started' end
       when l.no < h.here then 'passed' when l.no > h.here then 'not_started'
       when c.state = 'refused' then 'refused' when c.state = 'returned' then 'returned' else 'in_review' end"""
#: Made once per session: what is the same for all cases of a route and year, and some forms and sheets.
_PREPARE: Sequence[str] = (
    """
  create temp table place as
  select r.no as route, y.year, l.no, l.level, l.authority, w.closes, case when w.closes is null then '' else
    md5(concat_ws('|', pg_temp.campaign_of(y.year - 2021)::text, 'decide:' || l.level, w.closes, l.authority)) end
    as window_key
  from route r cross join generate_series(2021, 2025) y(year)
  cross join lateral (values (1, 'county', r.county), (2, 'city', r.city),
    (3, case when r.province like 'group.%' then 'group' else 'province' end, r.province),
    (4, 'ministry', r.ministry)) l(no, level, authority)
  cross join lateral (select case when l.level = 'ministry' or l.authority = '' then null
    else to_char(make_date(y.year, 10 + l.no % 3, 3 + l.no), 'YYYY-MM-DD') || 'T00:00:00+08:00' end as closes) w""",
    """
  create temp table plan as
  select p.route as no, p.year, jsonb_agg(jsonb_build_object('stage_no', p.no, 'level', p.level, 'authority',
      p.authority, 'applicable', p.authority <> '', 'guards', '[]'::jsonb, 'list_id', '', 'also_lists', '[]'::jsonb,
      'publicity', null, 'travels', 'at_once', 'recommends', case when p.no < 4 then p.no + 1 end, 'consults',
      '[]'::jsonb, 'checklist', '[]'::jsonb, 'window', case when p.closes is not null then
        jsonb_build_object('opens_at', null, 'closes_at', p.closes, 'rule', 'N25-dates', 'article', 'N25', 'authority',
          p.authority) end, 'correction_days', 10, 'article', '') order by p.no) as route
  from place p group by p.route, p.year""",
    """
  create temp table form as
  select n, (select jsonb_agg(jsonb_build_object('code', 'value_' || i, 'product', '', 'year', 2022 + i % 3, 'unit',
      'tce', 'presence', 'given', 'value', ((n * 31 + i * 977) % 900000 / 100.0)::text, 'label', '数值'))
      from generate_series(1, 24) i) as facts,
    (select jsonb_agg(jsonb_build_object('indicator', 'indicator_' || i, 'name', '指标' || i, 'dimension',
      'energy_carbon', 'state', 'scored', 'points', '6.5', 'weight', '8', 'value', (n * i)::text, 'unit', 'tce',
      'lead', '0.1', 'baseline', '0.2', 'branch', 'between', 'reason', '')) from generate_series(1, 14) i) as lines
  from generate_series(0, 49) n""",
    "analyze place",
    "create index on place (route, year)",
)

_STATEMENTS: Sequence[str] = (
    """
  insert into review_case (submission_id, number, unit_id, unit_name, uscc, region, key_industry, campaign_id, category,
    kind, year, state, outcome, round, barred, version, event_number, sheet_revision, sheet_total, admitted_at,
    updated_at)
  select c.id, c.number, c.unit_id, c.name, c.uscc, '500112',
    case when c.n % 4 = 0 then (array['cement', 'steel', 'automobile', 'battery', 'solar'])[1 + c.n % 5] else '' end,
    c.campaign_id, c.category, c.kind, c.year,
    case when c.state in ('approved', 'refused') then 'closed' when c.state in ('returned', 'withdrawn') then c.state
         else 'open' end,
    case when c.state in ('approved', 'refused') then c.state else '' end, c.rounds, '', 3 + c.n % 5, 2, 1 + c.n % 2,
    case when c.n % 13 = 0 then null else c.total end, c.at, c.at + interval '3 days'
  from crowd c""",
    """
  insert into case_round (submission_id, round, unit, policies, form, content_hash, facts, warnings, evidence, route,
    route_replaced, admitted_at, opened_at)
  select c.id, k.round,
    jsonb_build_object('unit_id', c.unit_id, 'profile_version', 1, 'category', c.category, 'uscc', c.uscc, 'name',
      c.name, 'industries',
      jsonb_build_array((array['3411','3982','2651','3670','3011','2710','1761','3841'])[1 + (c.n * 31) % 8]),
      'key_industry', '', 'region', '500112', 'superior', coalesce(nullif(c.county, ''), c.province), 'group', null),
    '[{"id": "national/2025/n25", "version": "1", "hash": "00"}]', 'n25-factory-application', md5(c.id), f.facts,
    '[]', '[]', p.route, false, c.at, c.at
  from crowd c cross join lateral generate_series(1, c.rounds) k(round)
  join form f on f.n = c.n % 50 join plan p on p.no = c.no and p.year = c.year""",
    f"""
  insert into stage (submission_id, round, stage_no, level, authority, applicable, state, reason, substates, decided_by,
    decided_at, started_at, window_key)
  select c.id, k.round, l.no, l.level, l.authority, l.authority <> '', s.state, '', '{{}}',
    case when s.state in ('passed', 'returned', 'refused') then 'approver@' || l.authority else '' end,
    case when s.state in ('passed', 'returned', 'refused') then c.at + make_interval(days => l.no) end,
    case when s.state not in ('not_applicable', 'not_started') then c.at end,
    l.window_key
  from crowd c cross join lateral generate_series(1, c.rounds) k(round) {_LEVELS}
  cross join lateral (select {_STAGE_STATE} as state) s""",
    """
  insert into queue_window (authority, key, campaign_id, act, closes_at, setter)
  select distinct l.authority, l.window_key, c.campaign_id, 'decide:' || l.level, l.closes::timestamptz, l.authority
  from crowd c join place l on l.route = c.no and l.year = c.year where l.closes is not null
  on conflict do nothing""",
    """
  insert into case_person (submission_id, person, round, level, authority)
  select s.submission_id, 'approver@' || s.authority, s.round, s.level, s.authority from stage s
  where s.submission_id in (select id from crowd) and s.state in ('passed', 'returned', 'refused')""",
    """
  insert into decision (id, submission_id, round, stage_no, decision, person, person_name, authority, case_version,
    sheet_revision, ground, article, reason, recommendation_id, decided_at)
  select s.submission_id || ':' || s.round || ':' || s.stage_no, s.submission_id, s.round, s.stage_no,
    case s.state when 'passed' then 'pass' when 'returned' then 'return' else 'refuse' end, s.decided_by, '审批人',
    s.authority, 2, 1, '', '', '同意', '', s.decided_at
  from stage s where s.submission_id in (select id from crowd) and s.decided_at is not null""",
    """
  insert into finding (id, submission_id, round, stage_no, item, pointer, ok, note, person, person_name, recorded_at)
  select s.submission_id || ':' || s.round || ':' || s.stage_no || ':' || i, s.submission_id, s.round, s.stage_no,
    'item' || i, '', true, '核查无误', s.decided_by, '经办人', s.decided_at
  from stage s cross join generate_series(1, 2) i
  where s.submission_id in (select id from crowd) and s.decided_at is not null""",
    """
  insert into sheet (submission_id, round, revision, outcome, basis, total, band, lines, reasons, ruleset, benchmark,
    received_at)
  select c.id, c.rounds, v.no, 'scored', 'claimed', c.total, '', f.lines, '{}', 'n25-factory@1', '', c.at
  from crowd c cross join lateral generate_series(1, 1 + c.n % 2) v(no) join form f on f.n = c.n % 50""",
    """
  insert into unit (unit_id, profile_version, name, state, superior)
  select distinct on (c.unit_id) c.unit_id, 1, c.name, 'active', c.province from crowd c
  on conflict do nothing""",
    """
  insert into membership (unit_id, list_id, state, effective, membership_id)
  select distinct on (c.unit_id) c.unit_id, 'national:miit:factory', 'listed', '2023-12-01', md5(c.unit_id)
  from crowd c where c.n % 15 = 0 on conflict do nothing""",
    """
  insert into case_search (submission_id, search_text, pairs)
  select t.id, t.s, array(select distinct substr(t.s, i, 2) from generate_series(1, length(t.s) - 1) i order by 1)
  from (select c.id, lower(c.name || ' ' || c.number || ' ' || c.uscc) as s from crowd c offset 0) t""",
    """
  insert into assignment (submission_id, authority, number, round, stage_no, assignee, person, recorded_at)
  select s.submission_id, s.authority, 1, s.round, s.stage_no, 'official' || abs(hashtext(s.submission_id) % 6) || '@'
    || s.authority, 'official0@' || s.authority, s.started_at
  from stage s join review_case c on c.submission_id = s.submission_id and c.round = s.round
  where s.submission_id in (select id from crowd) and s.state = 'in_review' and c.state = 'open'
    and hashtext(s.submission_id) % 3 = 0""",
    """
  insert into journal (aggregate, aggregate_id, type, actor, authority, basis, reason, trace, data)
  select 'case', c.id, t.type, 'system', '', '', '', '', '{"round": 1, "version": 1, "revision": 1, "total": "81.5"}'
  from crowd c cross join (values ('opened'), ('sheet_attached'), ('passed')) t(type)""",
)


async def fill(url: str, cases: int) -> None:
    """`url` is that of a superuser or of the owner who may write the journal."""
    connection = await connect(url)
    try:
        for statement in _PREPARE:
            await connection.execute(statement)
        for first, last in chunks(cases, CHUNK):
            async with connection.transaction():
                await connection.execute("select set_config('synchronous_commit', 'off', true)")
                await _make(connection, first, last)
        await _once(connection)
        await analyse(connection)
    finally:
        await connection.close()


async def _make(connection: asyncpg.Connection, first: int, last: int) -> None:
    await connection.execute(_CROWD.replace("$1", str(first)).replace("$2", str(last)))
    await connection.execute("analyze crowd")
    for statement in _STATEMENTS:
        await connection.execute(statement)
    ids = [row["id"] for row in await connection.fetch("select id from crowd order by id")]
    # The very statement that writes an entry in the service.
    await connection.execute(queue_index.WRITE_SQL.replace(":ids", "$1"), ids)


async def _once(connection: asyncpg.Connection) -> None:
    """Campaigns with extensions, people, batches, publicities, averages."""
    await connection.execute(
        """
  insert into campaign (campaign_id, name, year, state, windows, extensions)
  select pg_temp.campaign_of(i)::text, (2021 + i) || ' 年度绿色制造名单推荐', 2021 + i,
    case when i = 4 then 'open' else 'closed' end, '[]', '[]' from generate_series(0, 4) i on conflict do nothing"""
    )
    await connection.execute(
        """
  insert into official (subject, name, authority, roles, changed_at)
  select 'official' || i || '@' || a, (array['王明','李强','张敏','刘洋','陈静','杨磊'])[i + 1], a, '{reviewer}', now()
  from (select distinct authority as a from queue_window union select 'miit') q cross join generate_series(0, 5) i
  on conflict do nothing"""
    )
    await connection.execute(
        """
  insert into recommendation (id, authority, campaign_id, category, kind, title, state, version, document, summary,
    created_at, updated_at)
  select md5(s.authority || s.slot)::uuid::text,
    s.authority, min(s.campaign_id), 'factory', 'application', '第' || s.slot || '批',
    'sent', 3, '', '[]', min(s.admitted_at), min(s.admitted_at)
  from (select q.*, ntile(400) over (partition by authority order by admitted_at) as slot from queue_entry q
        where q.view in ('passed', 'closed') and q.authority in ('cq', 'gd') and q.category = 'factory') s
  group by s.authority, s.slot"""
    )
    await connection.execute(
        """
  insert into recommendation_item (recommendation_id, submission_id, round, stage_no, position, case_version,
    sheet_revision, living)
  select md5(s.authority || s.slot)::uuid::text, s.submission_id, 1, 3,
    row_number() over (partition by s.authority, s.slot), 3, 1,
    s.view = 'passed'
  from (select q.*, ntile(400) over (partition by authority order by admitted_at) as slot from queue_entry q
        where q.view in ('passed', 'closed') and q.authority in ('cq', 'gd') and q.category = 'factory') s"""
    )
    await connection.execute(
        """
  insert into publicity (id, list_id, campaign_id, authority, state, version, event_number, days, unit, rule,
    provisional, opened_at, until, created_at)
  select md5('p' || i)::uuid::text,
    'provincial:' || a || ':factory', 'c' || i, a, case when i % 40 = 0 then 'open' else 'closed'
    end, 2, 2, 10, 'working', 'GD-13-publicity', false, timestamptz '2023-01-01' + make_interval(days => i),
    timestamptz '2023-01-15' + make_interval(days => i), timestamptz '2023-01-01' + make_interval(days => i)
  from generate_series(1, 400) i cross join lateral (select (array['cq', 'gd'])[1 + i % 2] as a) a"""
    )
    await connection.execute(
        """
  insert into publicity_entry (publicity_id, submission_id, round, stage_no, unit_id, name, position, state, settled)
  select md5('p' || (1 + r % 400))::uuid::text, submission_id, 1, 3, submission_id, search_text, r,
    case when r % 7 = 0 then 'objected' else 'clear' end, true
  from (select submission_id, search_text, row_number() over (order by submission_id) as r from queue_entry
        where authority in ('cq', 'gd') and view in ('passed', 'closed') limit 20000) q"""
    )
