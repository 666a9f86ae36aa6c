"""Notify's crowd: what was told to units and authorities of their cases over five years."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support.crowd.base import analyse, chunks, connect, route_of

CHUNK = 5000
_CROWD = f"""
  create temp table crowd on commit drop as
  select g.n, pg_temp.id_of(g.n) as id, pg_temp.at_of(g.n) as at, pg_temp.unit_of(g.n / 5) as unit_id, g.n / 5 as unit,
    r.*
  from generate_series($1, $2) g(n) join route r on r.no = {route_of("(g.n / 5)")}"""
#: Ids in the order of time, as the service makes them: a notice's place among those of its case comes last.
_ID = "(left(c.id::text, 35) || to_hex({place}))::uuid"

_STATEMENTS: Sequence[str] = (
    """
  insert into unit (unit_id, profile_version, name, uscc, superior)
  select distinct on (unit) unit_id, 1, pg_temp.name_of(unit) || unit, pg_temp.uscc_of(unit),
    coalesce(nullif(county, ''), province) from crowd order by unit on conflict do nothing""",
    f"""
  insert into notice (id, event_id, template, addressee, unit_id, about_unit, submission_id, title, body, rule,
    raised_at)
  select {_ID.format(place="t.no")}, 'review.cases/' || c.id || '/' || t.no, t.template, 'unit:' || c.unit_id,
    c.unit_id, c.unit_id, c.id, t.title, '您的填报审核状态有变化，可在“我的填报”中查看。', 'ntf', c.at
  from crowd c cross join (values (1, 'received', '填报已收到'), (2, 'passed_on', '审核通过并已上报'),
    (3, 'approved', '审核全部完成')) t(no, template, title)""",
    f"""
  insert into notice (id, event_id, template, addressee, authority, role, about_unit, submission_id, title, body, rule,
    raised_at)
  select {_ID.format(place="4 + l.no")}, 'review.cases/' || c.id || '/' || l.no, 'to_review',
    'authority:' || l.authority, l.authority, case when c.n % 20 = l.no then 'approver' else 'reviewer' end, c.unit_id,
    c.id, '有一份填报待审核', '一份填报已到达，请在审核期限内办理。', 'DM-state', c.at
  from crowd c cross join lateral (values (1, c.county), (2, c.city), (3, c.province), (4, c.ministry)) l(no, authority)
  where l.authority <> ''""",
    f"""
  insert into reading (notice_id, subject, read_at)
  select {_ID.format(place="1")}, 'applicant' || c.unit, c.at from crowd c where c.n % 2 = 0
  union all
  select {_ID.format(place="8")}, 'diligent', c.at from crowd c where c.n % 50 = 0""",
    """
  insert into seen_case (submission_id, unit_id, round, states) select id, unit_id, 1, '{}' from crowd""",
)


async def fill(url: str, cases: int) -> None:
    connection = await connect(url)
    try:
        for first, last in chunks(cases, CHUNK):
            async with connection.transaction():
                await connection.execute("select set_config('synchronous_commit', 'off', true)")
                await connection.execute(_CROWD.replace("$1", str(first)).replace("$2", str(last)))
                await connection.execute("analyze crowd")
                for statement in _STATEMENTS:
                    await connection.execute(statement)
        await analyse(connection)
    finally:
        await connection.close()
