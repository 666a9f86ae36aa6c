"""Scoring's crowd: score sheets of five campaigns, most of the last one self-evaluations of listed units."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support.crowd.base import analyse, chunks, connect, route_of

CHUNK = 5000
_CROWD = f"""
  create temp table crowd on commit drop as
  select g.n, pg_temp.id_of(g.n) as id, pg_temp.at_of(g.n) as at, pg_temp.unit_of(g.n) as unit_id,
    pg_temp.campaign_of(g.n) as campaign_id, pg_temp.category_of(g.n) as category,
    case when g.n % 5 = 4 and g.n % 7 > 0 then 'benchmark' else pg_temp.kind_of(g.n) end as kind,
    coalesce(nullif(r.county, ''), nullif(r.city, ''), r.province) as superior,
    array_remove(array[r.county, r.city, r.province, r.ministry], '') as authorities
  from generate_series($1, $2) g(n) join route r on r.no = {route_of("g.n")}"""

_STATEMENTS: Sequence[str] = (
    """
  insert into score_sheet (submission_id, number, round, revision, basis, outcome, total, unit_id, category, kind,
    campaign_id, superior, admitted, published, scored_at)
  select id, no, 1, no, 'claimed', 'scored', 50 + (n * 7919::bigint % 500000) / 10000.0, unit_id, category, kind,
    campaign_id, superior, $3::bytea, $4::bytea, at
  from crowd cross join lateral generate_series(1, 1 + n % 2) no""",
    """
  insert into assessment (submission_id, number, round, industry_ruling, marks, person, reason, recorded_at)
  select id, 1, 1, '', '{}', 'reviewer', '', at from crowd where n % 4 = 0""",
    """
  insert into case_view (submission_id, round, case_version, state, authorities)
  select id, 1, 3, 'open', authorities from crowd""",
    """
  insert into membership (unit_id, list_id, listed, effective)
  select unit_id, 'national:miit:factory', true, '2023-12-01' from crowd where kind = 'benchmark'
  on conflict do nothing""",
    """
  insert into unit_view (unit_id, profile_version, name, uscc, category, superior, key_industry)
  select unit_id, 1, pg_temp.name_of(n) || n, pg_temp.uscc_of(n), category, superior, '' from crowd
  on conflict do nothing""",
)


async def fill(url: str, sheets: int, admitted: bytes, published: bytes) -> None:
    """`admitted` and `published` are what every sheet holds as bytes of the contracts."""
    connection = await connect(url)
    try:
        for first, last in chunks(sheets, CHUNK):
            async with connection.transaction():
                await connection.execute("select set_config('synchronous_commit', 'off', true)")
                await connection.execute(_CROWD.replace("$1", str(first)).replace("$2", str(last)))
                await connection.execute("analyze crowd")
                await connection.execute(_STATEMENTS[0].replace("$3", "$1").replace("$4", "$2"), admitted, published)
                for statement in _STATEMENTS[1:]:
                    await connection.execute(statement)
        await analyse(connection)
    finally:
        await connection.close()
