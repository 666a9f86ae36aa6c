"""The hot statements of intake: what many admissions need to know, and what they write, each in one round trip."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis import journal
from gf_chassis.idempotency import CLAIM_MANY_SQL, Answer, Once
from gf_chassis.journal import Actor, Prepared
from gf_intake.adapters.contracts import EvidenceRef
from gf_intake.adapters.repository import Repository
from gf_intake.domain.admission import Bar, Standing
from gf_intake.domain.submissions import Submission
from gf_intake.domain.units import Profile, Unit, UnitState

# The locks hold what the admission rests on until it is committed: a campaign cannot be closed, a profile not changed.
# A profile changed while we waited for its lock is newer than our snapshot: its columns are null, and it is read again.
# Rows are looked up unit by unit: `offset 0` keeps a plan made while the tables were small from reading them whole.
_FACTS: Final = text("""
with c as materialized (
  select id, version from campaign where id = any(cast(:campaigns as uuid[])) order by id for key share
), named as materialized (
  select unnest(cast(:units as uuid[])) as id
  union
  select unit.id from unnest(cast(:codes as text[]), cast(:categories as text[])) as n(uscc, category)
    cross join lateral (select id from unit where unit.uscc = n.uscc and unit.category = n.category offset 0) as unit
), u as materialized (
  select id, category, state, profile_version from unit where id = any(array(select id from named))
  order by id for key share
), e as materialized (
  select array_agg(id) as ids, array_agg(unit_id) as owners, array_agg(sha256) as hashes,
    array_agg(size_bytes) as sizes, array_agg(media_type) as types, array_agg(content_hash) as contents
  from evidence where id = any(cast(:evidence as uuid[]))
)
select clock_timestamp() as now, e.*,
  (select json_agg(json_build_array(id, version)) from c)::text as campaigns,
  (select json_agg(json_build_array(u.id, u.category, u.state, u.profile_version, p.name, p.uscc, p.industries,
      p.key_industry, p.region, p.superior, p.group_authority))
    from u left join lateral (
      select * from unit_profile where unit_id = u.id and version = u.profile_version offset 0
    ) as p on true)::text as units,
  (select json_agg(json_build_array(u.id, list_id)) from u cross join lateral (
    select list_id from membership where unit_id = u.id and state = 'listed' offset 0) as m)::text as lists,
  (select json_agg(json_build_array(u.id, ground, article, valid_from, valid_until, reason))
    from u cross join lateral (select * from bar where unit_id = u.id and state = 'in_force' offset 0) as b
    )::text as bars,
  (select json_agg(json_build_array(s.id, u.id, campaign_id, kind)) from u cross join lateral (
    select id, campaign_id, kind from submission where unit_id = u.id and state <> 'deleted' offset 0) as s
    )::text as submissions
from e
""")

# Rows whose key was taken by somebody else are not written; what was is answered.
_WRITE: Final = text(
    "with k as ("
    + CLAIM_MANY_SQL
    + """
), i as (
  select t.* from unnest(
    cast(:scope as text[]), cast(:key as text[]),
    cast(:id as uuid[]), cast(:number as text[]), cast(:unit as uuid[]), cast(:campaign as uuid[]),
    cast(:category as text[]), cast(:kind as text[]), cast(:superior as text[]), cast(:hash as text[]),
    cast(:content as text[]), cast(:profile as int[]), cast(:subject as text[]), cast(:evidence as text[])
  ) as t(scope, key, id, number, unit_id, campaign_id, category, kind, superior, hash, content, profile, subject,
    evidence)
  join k on k.scope = t.scope and k.key = t.key
), s as (
  insert into submission (id, number, unit_id, campaign_id, category, kind, state, round, version, form_version,
    content_hash, superior, route_since, admitted_at, outcome, event_number, created_by)
  select id, number, unit_id, campaign_id, category, kind, 'submitted', 1, 3, 1, hash, superior, 1,
    cast(:now as timestamptz), '', 1, subject
  from i
), f as (
  insert into form_version (submission_id, version, round, content, content_hash, verified, saved_at, saved_by)
  select id, 1, 1, content, hash, true, cast(:now as timestamptz), subject from i
), r as (
  insert into submission_round (submission_id, round, campaign_id, kind, superior, profile_version, form_version,
    content_hash, admitted_at, evidence)
  select id, 1, campaign_id, kind, superior, profile, 1, hash, cast(:now as timestamptz), string_to_array(evidence, ',')
  from i
), a as (
  insert into attachment (submission_id, evidence_id, slot, attached_at)
  select t.submission_id, t.evidence_id, t.slot, cast(:now as timestamptz)
  from unnest(cast(:holder as uuid[]), cast(:held as uuid[]), cast(:slot as text[]))
    as t(submission_id, evidence_id, slot)
  join i on i.id = t.submission_id
), j as (
"""
    + journal.FIRST_MANY_SQL
    + """
  join i on i.id = line.id::uuid
)
select id from i
"""
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the admitting transaction found, under its locks."""

    now: datetime
    campaigns: dict[UUID, int]  # id -> version
    units: dict[UUID, Unit]
    codes: dict[tuple[str, str], list[Unit]]  # (code, category) -> units
    standings: dict[UUID, Standing]
    evidence: dict[UUID, tuple[UUID, str, int, str, str | None]]  # id -> unit, hash, size, type, hash of content
    submissions: dict[tuple[UUID, UUID, str], UUID]


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """A submission created, verified and admitted in one go, with the answer kept under its key."""

    once: Once
    answer: Answer
    submission: Submission
    profile_version: int
    content: str
    evidence: Sequence[EvidenceRef]
    line: tuple[Prepared, Actor]


async def facts_for(
    session: AsyncSession,
    units: Collection[UUID],
    codes: Collection[tuple[str, str]],
    campaigns: Collection[UUID],
    evidence: Collection[UUID],
) -> Facts:
    row = (
        await session.execute(
            _FACTS,
            {
                "units": sorted(units),
                "codes": [code for code, _ in codes],
                "categories": [category for _, category in codes],
                "campaigns": sorted(campaigns),
                "evidence": sorted(evidence),
            },
        )
    ).one()
    found = await _units(session, row.units)
    by_code: dict[tuple[str, str], list[Unit]] = {}
    for unit in found.values() if codes else ():
        by_code.setdefault((unit.profile.uscc or "", unit.category), []).append(unit)
    return Facts(
        now=row.now,
        campaigns={UUID(id_): version for id_, version in _rows(row.campaigns)},
        units=found,
        codes=by_code,
        standings=_standings(_rows(row.lists), _rows(row.bars)),
        evidence=_evidence(row),
        submissions={
            (UUID(unit), UUID(campaign), kind): UUID(id_) for id_, unit, campaign, kind in _rows(row.submissions)
        },
    )


def _evidence(row: Any) -> dict[UUID, tuple[UUID, str, int, str, str | None]]:
    """Four files a submission: as columns, for the database builds JSON of them more slowly than it finds them."""
    if row.ids is None:
        return {}
    of_them = zip(row.owners, row.hashes, row.sizes, row.types, row.contents, strict=True)
    return dict(zip(row.ids, of_them, strict=True))


async def _units(session: AsyncSession, found: str | None) -> dict[UUID, Unit]:
    """Units with what an admission reads of their profile; dated names and contacts stay where they are."""
    units: dict[UUID, Unit] = {}
    for id_, category, state, version, name, uscc, industries, key, region, superior, group in _rows(found):
        unit_id = UUID(id_)
        if name is None:
            changed = await Repository(session).unit(unit_id)
            assert changed is not None
            units[unit_id] = changed
        else:
            profile = Profile(name, uscc, tuple(industries), key, region, superior, group)
            units[unit_id] = Unit(unit_id, category, profile, (), version, UnitState(state))
    return units


def _standings(lists: Sequence[Any], bars: Sequence[Any]) -> dict[UUID, Standing]:
    listed: dict[UUID, set[str]] = {}
    for unit, list_id in lists:
        listed.setdefault(UUID(unit), set()).add(list_id)
    barred: dict[UUID, list[Bar]] = {}
    for unit, ground, article, since, until, reason in bars:
        bar = Bar(ground, article, date.fromisoformat(since), date.fromisoformat(until) if until else None, reason)
        barred.setdefault(UUID(unit), []).append(bar)
    return {unit: Standing(listed.get(unit, ()), barred.get(unit, ())) for unit in listed.keys() | barred.keys()}


async def write(session: AsyncSession, now: datetime, new: Sequence[NewSubmission]) -> set[UUID]:
    """Keys with their answers, submissions, contents, rounds, attachments, journal. Gives back which were written."""
    # Sorted by key, or two flushers wait for each other.
    rows = sorted(new, key=lambda one: (one.once.scope, one.once.key or ""))
    submissions = [one.submission for one in rows]
    held = list(dict.fromkeys((one.submission.id, UUID(ref.id), ref.slot) for one in rows for ref in one.evidence))
    scopes, keys = [one.once.scope for one in rows], [one.once.key or "" for one in rows]
    found = await session.execute(
        _WRITE,
        {
            "now": now,
            "idem_scope": scopes,
            "idem_key": keys,
            "idem_hash": [one.once.hash for one in rows],
            "idem_status": [one.answer.status for one in rows],
            "idem_headers": [orjson.dumps(dict(one.answer.headers)).decode() for one in rows],
            "idem_body": [one.answer.body for one in rows],
            "scope": scopes,
            "key": keys,
            "id": [s.id for s in submissions],
            "number": [s.number for s in submissions],
            "unit": [s.unit_id for s in submissions],
            "campaign": [s.campaign_id for s in submissions],
            "category": [s.category for s in submissions],
            "kind": [s.kind for s in submissions],
            "superior": [s.superior for s in submissions],
            "hash": [s.content_hash for s in submissions],
            "content": [one.content for one in rows],
            "profile": [one.profile_version for one in rows],
            "subject": [one.line[1].subject for one in rows],
            "evidence": [",".join(ref.id for ref in one.evidence) for one in rows],
            "holder": [holder for holder, _, _ in held],
            "held": [evidence for _, evidence, _ in held],
            "slot": [slot for _, _, slot in held],
            **journal.first_many(session, [one.line for one in rows], journal.current_traceparent()),
        },
    )
    return set(found.scalars())


def _rows(found: str | None) -> list[Any]:
    rows: list[Any] = orjson.loads(found) if found else []
    return rows
