"""The hot statements of intake: what many admissions need to know, and what they write, each in one round trip."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis import journal
from gf_chassis.database import UnitOfWork
from gf_chassis.idempotency import Answer, Once
from gf_chassis.journal import Actor, EventPosition
from gf_intake.adapters.contracts import ADMITTED, SUBMISSIONS, EvidenceRef
from gf_intake.adapters.repository import Repository
from gf_intake.domain.admission import Bar, Standing
from gf_intake.domain.submissions import Submission
from gf_intake.domain.units import Profile, Unit, UnitState

# The locks hold what the admission rests on until it is committed: a campaign cannot be closed, a profile not changed.
# A profile changed while we waited for its lock is newer than our snapshot: its columns are null, and it is read again.
# Rows are looked up unit by unit: `offset 0` keeps a plan made while the tables were small from reading them whole.
# What nearly every unit has comes as columns: the database builds JSON of rows more slowly than it finds them.
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
)
select clock_timestamp() as now, *,
  (select json_agg(json_build_array(u.id, ground, article, valid_from, valid_until, reason))
    from u cross join lateral (select * from bar where unit_id = u.id and state = 'in_force' offset 0) as b
    )::text as bars,
  (select json_agg(json_build_array(s.id, u.id, campaign_id, kind)) from u cross join lateral (
    select id, campaign_id, kind from submission where unit_id = u.id and state <> 'deleted' offset 0) as s
    )::text as submissions
from (select array_agg(id) as campaigns, array_agg(version) as campaign_versions from c) as of_campaigns,
(
  select array_agg(u.id) as units, array_agg(category) as categories, array_agg(state) as states,
    array_agg(profile_version) as versions, array_agg(name) as names, array_agg(uscc) as codes,
    array_agg(array_to_string(industries, ' ')) as industries, array_agg(key_industry) as key_industries,
    array_agg(region) as regions, array_agg(superior) as superiors, array_agg(group_authority) as group_authorities
  from u left join lateral (
    select * from unit_profile where unit_id = u.id and version = u.profile_version offset 0
  ) as p on true
) as of_units, (
  select array_agg(u.id) as members, array_agg(list_id) as lists from u cross join lateral (
    select list_id from membership where unit_id = u.id and state = 'listed' offset 0
  ) as m
) as of_lists, (
  select array_agg(id) as files, array_agg(unit_id) as owners, array_agg(sha256) as hashes,
    array_agg(size_bytes) as sizes, array_agg(media_type) as types, array_agg(content_hash) as contents
  from evidence where id = any(cast(:evidence as uuid[]))
) as of_evidence
""")

# A plain insert for the keys too: a look for a conflict costs as much again, and who finds a key taken is admitted
# alone. Nothing is there to be locked: keys and submissions are new.
_WRITE: Final = text(
    """
with i as materialized (
  select * from unnest(
    cast(:scope as text[]), cast(:key as text[]), cast(:request as bytea[]), cast(:status as int[]),
    cast(:headers as text[]), cast(:body as bytea[]),
    cast(:id as uuid[]), cast(:number as text[]), cast(:unit as uuid[]), cast(:campaign as uuid[]),
    cast(:category as text[]), cast(:kind as text[]), cast(:superior as text[]), cast(:hash as text[]),
    cast(:content as text[]), cast(:profile as int[]), cast(:subject as text[]), cast(:authority as text[]),
    cast(:evidence as text[]), cast(:data as text[]), cast(:payload as bytea[])
  ) as i(scope, key, request, status, headers, body, id, number, unit_id, campaign_id, category, kind, superior, hash,
    content, profile, subject, authority, evidence, data, payload)
), k as (
  insert into idempotency_key (scope, key, request_hash, status, headers, body)
  select scope, key, request, status, headers::jsonb, body from i
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
  select submission_id, evidence_id, slot, cast(:now as timestamptz)
  from unnest(cast(:holder as uuid[]), cast(:held as uuid[]), cast(:slot as text[]))
    as a(submission_id, evidence_id, slot)
)
"""
    + journal.LINES_SQL
    + "(select id::text as key, 1 as number, subject as actor, authority, data::jsonb as data, payload from i) as line"
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
    actor: Actor
    #: What the line of history says, and the event as bytes.
    data: Mapping[str, Any]
    payload: bytes


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
    found = await _units(session, row)
    by_code: dict[tuple[str, str], list[Unit]] = {}
    for unit in found.values() if codes else ():
        by_code.setdefault((unit.profile.uscc or "", unit.category), []).append(unit)
    return Facts(
        now=row.now,
        campaigns=dict(_columns(row.campaigns, row.campaign_versions)),
        units=found,
        codes=by_code,
        standings=_standings(_columns(row.members, row.lists), _rows(row.bars)),
        evidence=_evidence(row),
        submissions={
            (UUID(unit), UUID(campaign), kind): UUID(id_) for id_, unit, campaign, kind in _rows(row.submissions)
        },
    )


def _evidence(row: Any) -> dict[UUID, tuple[UUID, str, int, str, str | None]]:
    of_them = _columns(row.files, row.owners, row.hashes, row.sizes, row.types, row.contents)
    return {id_: tuple(rest) for id_, *rest in of_them}


async def _units(session: AsyncSession, row: Any) -> dict[UUID, Unit]:
    """Units with what an admission reads of their profile; dated names and contacts stay where they are."""
    units: dict[UUID, Unit] = {}
    heads = (row.units, row.categories, row.states, row.versions)
    profiles = (row.names, row.codes, row.industries, row.key_industries, row.regions, row.superiors)
    for unit_id, category, state, version, name, uscc, industries, *rest in _columns(
        *heads, *profiles, row.group_authorities
    ):
        if name is None:
            changed = await Repository(session).unit(unit_id)
            assert changed is not None
            units[unit_id] = changed
        else:
            profile = Profile(name, uscc, tuple(industries.split()), *rest)
            units[unit_id] = Unit(unit_id, category, profile, (), version, UnitState(state))
    return units


def _standings(lists: Iterable[Any], bars: Sequence[Any]) -> dict[UUID, Standing]:
    listed: dict[UUID, set[str]] = {}
    for unit, list_id in lists:
        listed.setdefault(unit, set()).add(list_id)
    barred: dict[UUID, list[Bar]] = {}
    for unit, ground, article, since, until, reason in bars:
        bar = Bar(ground, article, date.fromisoformat(since), date.fromisoformat(until) if until else None, reason)
        barred.setdefault(UUID(unit), []).append(bar)
    return {unit: Standing(listed.get(unit, ()), barred.get(unit, ())) for unit in listed.keys() | barred.keys()}


async def write(uow: UnitOfWork, now: datetime, new: Sequence[NewSubmission]) -> None:
    """Keys with their answers, submissions, contents, rounds, attachments, journal. A key or a place that somebody else
    has taken meanwhile refuses them all (``IntegrityError``)."""
    # Sorted by key, or two flushers wait for each other.
    rows = sorted(new, key=lambda one: (one.once.scope, one.once.key or ""))
    submissions = [one.submission for one in rows]
    held = list(dict.fromkeys((one.submission.id, UUID(ref.id), ref.slot) for one in rows for ref in one.evidence))
    await uow.session.execute(
        _WRITE,
        {
            "now": now,
            "scope": [one.once.scope for one in rows],
            "key": [one.once.key for one in rows],
            "request": [one.once.hash for one in rows],
            "status": [one.answer.status for one in rows],
            "headers": [orjson.dumps(dict(one.answer.headers)).decode() for one in rows],
            "body": [one.answer.body for one in rows],
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
            "subject": [one.actor.subject for one in rows],
            "authority": [one.actor.authority for one in rows],
            "evidence": [",".join(ref.id for ref in one.evidence) for one in rows],
            "data": [orjson.dumps(one.data).decode() for one in rows],
            "payload": [one.payload for one in rows],
            "holder": [holder for holder, _, _ in held],
            "held": [evidence for _, evidence, _ in held],
            "slot": [slot for _, _, slot in held],
            **uow.lines("submission", "Submitted", SUBMISSIONS, ADMITTED, "used-by"),
        },
    )
    uow.has_published(EventPosition(SUBMISSIONS, str(one.id), 1) for one in submissions)


def _columns(*columns: Sequence[Any] | None) -> Iterable[tuple[Any, ...]]:
    """Rows out of columns that came as arrays; nothing found is null."""
    return zip(*(column or () for column in columns), strict=True)


def _rows(found: str | None) -> list[Any]:
    rows: list[Any] = orjson.loads(found) if found else []
    return rows
