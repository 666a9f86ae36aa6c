"""Intake's crowd: submissions of five years with their forms, rounds, stages and history; units with profiles."""

from __future__ import annotations

from collections.abc import Sequence

from tests.support.crowd.base import analyse, chunks, connect, route_of

CHUNK = 5000
#: A unit has one submission in each of the five campaigns: years before the last are done with.
_CROWD = f"""
  create temp table crowd on commit drop as
  select g.n, pg_temp.id_of(g.n) as id, pg_temp.at_of(g.n) as at, pg_temp.unit_of(g.n / 5) as unit_id, g.n / 5 as unit,
    pg_temp.campaign_of(g.n) as campaign_id, pg_temp.category_of(g.n / 5) as category, pg_temp.kind_of(g.n) as kind,
    2021 + g.n % 5 as year, case when g.n % 10 = 0 then 2 else 1 end as rounds, s.state, r.*,
    coalesce(nullif(r.county, ''), nullif(r.city, ''), r.province) as superior
  from generate_series($1, $2) g(n)
  cross join lateral (select case when g.n % 5 < 4 or g.n % 100 < 50 then 'closed' when g.n % 100 < 60 then 'draft'
    when g.n % 100 < 65 then 'verified' when g.n % 100 < 95 then 'submitted' when g.n % 1000 = 999 then 'withdrawing'
    when g.n % 100 < 97 then 'dropped' else 'submitted' end as state) s
  join route r on r.no = {route_of("(g.n / 5)")}"""
_ADMITTED = "c.state in ('submitted', 'withdrawing', 'closed')"

_STATEMENTS: Sequence[str] = (
    """
  insert into unit (id, category, state, uscc, superior, profile_version, event_number, merged_into)
  select distinct on (unit) unit_id, category, 'active', pg_temp.uscc_of(unit), superior, 1, 1, null
  from crowd order by unit on conflict do nothing""",
    """
  insert into unit_profile (unit_id, version, name, uscc, industries, region, superior, contact, names, recorded_at,
    recorded_by)
  select distinct on (unit) unit_id, 1, pg_temp.name_of(unit) || unit, pg_temp.uscc_of(unit), '{3411}', '440112',
    superior, '{}', '[]', at, 'applicant'
  from crowd order by unit on conflict do nothing""",
    f"""
  insert into submission (id, number, unit_id, campaign_id, category, kind, state, round, version, form_version,
    content_hash, superior, route_since, admitted_at, outcome, event_number, created_by)
  select id, kind || '-' || year || '-' || superior || '-' || upper(substr(md5('n' || n), 1, 8)), unit_id, campaign_id,
    category, kind, state, rounds, rounds + 2, rounds + 1, md5(id::text), superior, 1,
    case when {_ADMITTED} then at end,
    case when state <> 'closed' then '' when n % 9 = 0 then 'refused' else 'approved' end, 1, 'applicant'
  from crowd c""",
    """
  insert into form_version (submission_id, version, round, content, content_hash, verified, saved_at, saved_by)
  select id, v, greatest(1, v - 1), '{"values": [{"code": "production_energy", "year": 2024, "value": "' || n
    || '"}, {"code": "output", "year": 2024, "value": "' || n * 7::bigint || '"}]}', md5(id::text), v > 1, at,
    'applicant'
  from crowd cross join lateral generate_series(1, rounds + 1) v""",
    f"""
  insert into submission_round (submission_id, round, campaign_id, kind, superior, profile_version, form_version,
    content_hash, admitted_at, evidence)
  select c.id, k, c.campaign_id, c.kind, c.superior, 1, k + 1, md5(c.id::text), c.at, '{{}}'
  from crowd c cross join lateral generate_series(1, c.rounds) k where {_ADMITTED} or k < c.rounds""",
    f"""
  insert into case_progress (submission_id, round, case_version, state)
  select id, rounds, 3, case when state = 'closed' then 'approved' else 'open' end from crowd c where {_ADMITTED}""",
    f"""
  insert into case_stage (submission_id, round, stage_no, level, authority, state, reason, substates, decided_at)
  select c.id, k, l.no, l.level, l.authority, case when l.authority = '' then 'not_applicable'
      when k < c.rounds then case when l.no = 3 then 'returned' else 'passed' end
      when c.state = 'closed' then 'passed' when l.no < 3 then 'passed' when l.no = 3 then 'in_review'
      else 'not_started' end, '', '{{}}', c.at
  from crowd c cross join lateral generate_series(1, c.rounds) k
  cross join lateral (values (1, 'county', c.county), (2, 'city', c.city),
    (3, case when c.province like 'group.%' then 'group' else 'province' end, c.province),
    (4, 'ministry', c.ministry)) l(no, level, authority)
  where ({_ADMITTED} or k < c.rounds) and (k = c.rounds or l.no < 4)""",
    """
  insert into evidence (id, unit_id, sha256, size_bytes, media_type, name, uploaded_at, uploaded_by)
  select id, unit_id, md5(id::text), 100000, 'application/pdf', '证明材料.pdf', at, 'applicant'
  from crowd where n % 20 = 0""",
    """
  insert into attachment (submission_id, evidence_id, slot, attached_at)
  select id, id, 'energy_proof', at from crowd where n % 20 = 0""",
    """
  insert into journal (aggregate, aggregate_id, type, actor, authority, basis, reason, trace, data)
  select 'submission', c.id::text, t.type, 'applicant', '', '', '', '', '{}'
  from crowd c cross join (values ('DraftCreated'), ('SubmissionAdmitted')) t(type)""",
    """
  insert into membership (unit_id, list_id, membership_id, state, effective, number)
  select distinct on (unit) unit_id, 'national:miit:factory', md5(unit::text), 'listed', '2023-12-01', 1
  from crowd where unit % 4 = 0 order by unit on conflict do nothing""",
)
_CAMPAIGNS = """
  insert into campaign (id, name, year, policy_id, policy_version, policy_hash, policy_valid_from, owner, categories,
    kinds, state, renewal_document, links, version, event_number)
  select pg_temp.campaign_of(i), (2021 + i) || ' 年度绿色制造名单推荐', 2021 + i, 'national/2025/n25', '1', '00',
    '2025-01-01', 'miit', '{factory,park,supply_chain}', '{application,benchmark}',
    case when i = 4 then 'open' else 'closed' end, '', '[]', 2, 2
  from generate_series(0, 4) i"""


async def fill(url: str, submissions: int) -> None:
    """`url` is that of a superuser or of the owner who may write the journal."""
    connection = await connect(url)
    try:
        await connection.execute(_CAMPAIGNS)
        for first, last in chunks(submissions, CHUNK):
            async with connection.transaction():
                await connection.execute("select set_config('synchronous_commit', 'off', true)")
                await connection.execute(_CROWD.replace("$1", str(first)).replace("$2", str(last)))
                await connection.execute("analyze crowd")
                for statement in _STATEMENTS:
                    await connection.execute(statement)
        await analyse(connection)
    finally:
        await connection.close()
