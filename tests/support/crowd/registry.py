"""The registry's crowd: 30,000 listed units with memberships, changes, editions, rankings; submissions of history."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from tests.support.crowd.base import analyse, chunks, connect

CHUNK = 3000
#: A list with two thirds of the units, the rest on lists of two provinces.
_CROWD = """
  create temp table crowd on commit drop as
  select g.n, u.unit_id, pg_temp.name_of(g.n) || g.n as name, pg_temp.uscc_of(g.n) as uscc,
    (array['440112', '500112', '110101', '330203', '210102'])[1 + g.n % 5] as region, '3411' as industry, 2021 + g.n % 5
    as year, u.list_id,
    ('0190000000017' || substr(md5('m' || g.n), 1, 3) || '8' || substr(md5('x' || g.n), 1, 15))::uuid as id
  from generate_series($1, $2) g(n)
  cross join lateral (select pg_temp.unit_of(g.n) as unit_id, case g.n % 3 when 0 then 'provincial:cq:factory'
    else 'national:miit:factory' end as list_id) u"""
_CHANGE = "('0190000000027' || substr(md5('{what}' || c.n), 1, 3) || '8' || substr(md5('{what}y' || c.n), 1, 15))::uuid"
_POSITION = "c.n * 3 + {offset}"
_ENTRY = "c.name, c.uscc, c.region, c.industry"
_EDITION = "(select id from edition e where e.list_id = c.list_id and e.year = {year})"

_STATEMENTS: Sequence[str] = (
    "insert into standing (unit_id, event_number) select unit_id, 1 from crowd on conflict do nothing",
    f"""
  insert into membership (id, unit_id, list_id, state, name, uscc, region, industry, year, effective, edition_id, ended,
    ground)
  select c.id, c.unit_id, c.list_id, case when c.n % 33 = 0 and c.year < 2025 then 'removed' else 'listed' end,
    {_ENTRY}, c.year, make_date(c.year, 12, 1), {_EDITION.format(year="c.year")}, null, '' from crowd c""",
    f"""
  insert into membership_change (id, list_id, position, recorded_at, membership_id, unit_id, kind, name, uscc, region,
    industry, effective)
  select {_CHANGE.format(what="l")}, c.list_id, {_POSITION.format(offset=0)}, make_date(c.year, 11, 1), c.id, c.unit_id,
    'listed', {_ENTRY}, null::date from crowd c
  union all
  select {_CHANGE.format(what="r")}, c.list_id, {_POSITION.format(offset=1)}, make_date(2025, 11, 1), c.id, c.unit_id,
    case when c.n % 33 = 0 then 'removed' else 'renamed' end, {_ENTRY}, null from crowd c
  where c.year < 2025 and (c.n % 33 = 0 or c.n % 50 = 0)""",
    f"""
  insert into edition_change (edition_id, change_id)
  select {_EDITION.format(year="c.year")}, {_CHANGE.format(what="l")} from crowd c
  union all
  select {_EDITION.format(year="2025")}, {_CHANGE.format(what="r")} from crowd c
  where c.year < 2025 and (c.n % 33 = 0 or c.n % 50 = 0)""",
    """
  insert into unit_profile (unit_id, profile_version, state, category, name, uscc, region, industries, superior)
  select unit_id, 1, 'active', 'factory', name, uscc, region, array[industry], 'cq.yubei' from crowd
  on conflict do nothing""",
    """
  insert into obligation (id, unit_id, year, kind, due, state)
  select md5(n || 'o' || y)::uuid, unit_id, y, 'dynamic_form', make_date(y, 4, 15), 'open'
  from crowd cross join generate_series(2022, 2025) y where y > year on conflict do nothing""",
)
_HISTORY = """
  insert into submission (submission_id, round, unit_id, campaign_id, kind, year, name, uscc, region, industries,
    category, superior)
  select pg_temp.id_of(n), 1, pg_temp.unit_of(n % $3), pg_temp.campaign_of(n)::text, pg_temp.kind_of(n), 2021 + n % 5,
    pg_temp.name_of(n % $3), '', '440112', '{3411}', 'factory', 'cq.yubei' from generate_series($1, $2) n
  on conflict do nothing"""


#: Five years' rankings of the national list: every tenth is warned early, some are due for removal, some of these are
#: proposed; and a list with an edition that waits to be published.
_ATTENTION = """
insert into ranking_view (side, run_id, list_id, year, count, population_at, rules_id, digest)
select 1, md5('r' || y)::uuid, 'national:miit:factory', y, 100, make_date(y, 12, 1), 'x', 'x'
from generate_series(2021, 2025) y;
insert into ranking_place (side, run_id, unit_id, place, points, band, bottom, streak, warned, removal_due)
select 1, md5('r' || y)::uuid, unit_id, n, '50', 'B', n % 20 = 0, 0, n % 10 = 0, false
from (select unit_id, row_number() over (order by id) as n from membership where list_id = 'national:miit:factory') m
cross join generate_series(2021, 2025) y;
create temp table due as select id, unit_id, name, row_number() over (order by id) as n from membership
where list_id = 'national:miit:factory' and state = 'listed' order by id limit 200;
insert into adjustment (id, unit_id, list_id, kind, state, ground, article, timing, reason, proposed_by, authority,
  version)
select md5('a' || id)::uuid, unit_id, 'national:miit:factory', 'removal', 'proposed', 'bottom_5_percent', 'N25',
  'next_edition', '连续三年处于后5%', 'someone@miit', 'miit', 1 from due where n % 10 = 0;
insert into removal_due (id, membership_id, list_id, year, run_id, streak, place, state, adjustment_id)
select md5('d' || id)::uuid, id, 'national:miit:factory', 2025, md5('r2025')::uuid, 3, n,
  case when n % 10 = 0 then 'proposed' else 'open' end, case when n % 10 = 0 then md5('a' || id)::uuid end from due;
insert into list (list_id, level, authority, category, position, recorded_at, editions, event_number)
values ('provincial:gd:factory', 'provincial', 'gd', 'factory', {pending} + 1, '2025-11-10', 0, 0);
insert into edition (id, list_id, year, state, document) values (md5('draft')::uuid, 'provincial:gd:factory', 2025,
  'draft', '粤工信〔2025〕1号');
create temp table pending as select gen_random_uuid() as id, unit_id, n, name from (
  select unit_id, name, row_number() over (order by id) as n from membership where list_id = 'national:miit:factory') m
where n <= {pending};
insert into membership (id, unit_id, list_id, state, name, region, industry, year)
select id, unit_id, 'provincial:gd:factory', 'listed', name, '440112', '3411', 2025 from pending;
insert into membership_change (id, list_id, position, recorded_at, membership_id, unit_id, kind, name, region, industry)
select gen_random_uuid(), 'provincial:gd:factory', n, '2025-11-01', id, unit_id, 'listed', name, '440112', '3411'
from pending"""


async def fill(url: str, units: int, history: int) -> None:
    connection = await connect(url)
    try:
        await _lists(connection, units)
        for first, last in chunks(units, CHUNK):
            async with connection.transaction():
                await connection.execute(_CROWD.replace("$1", str(first)).replace("$2", str(last)))
                await connection.execute("analyze crowd")
                for statement in _STATEMENTS:
                    await connection.execute(statement)
        for first, last in chunks(history, CHUNK):
            sql = _HISTORY.replace("$1", str(first)).replace("$2", str(last)).replace("$3", str(units))
            await connection.execute(sql)
        await connection.execute(_ATTENTION.format(pending=units // 15))
        await analyse(connection)
    finally:
        await connection.close()


async def _lists(connection: asyncpg.Connection, units: int) -> None:
    """Two large lists of five editions; every edition lies behind the changes it announces."""
    await connection.execute(
        f"""
  insert into list (list_id, level, authority, category, position, recorded_at, editions, event_number) values
    ('national:miit:factory', 'national', 'miit', 'factory', {units * 3 + 100}, '2025-12-02', 5, 5),
    ('provincial:cq:factory', 'provincial', 'cq', 'factory', {units * 3 + 100}, '2025-12-02', 5, 5)"""
    )
    await connection.execute(
        f"""
  insert into edition (id, list_id, year, number, state, document, effective, position, recorded_at, listed, added,
    removed, renamed, content, digest)
  select md5(l.list_id || y)::uuid, l.list_id, y, y - 2020, 'published', '公告 ' || y, make_date(y, 12, 1),
    {units * 3} + 10 * (y - 2020), make_date(y, 12, 2), {units} / 2, 10, 2, 1, '{{}}', md5(y::text)
  from list l cross join generate_series(2021, 2025) y"""
    )
