"""The hot statements of intake: what many admissions need to know, and what they write, each in one round trip."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_intake.adapters.contracts import EvidenceRef
from gf_intake.domain.admission import Bar, Standing
from gf_intake.domain.submissions import Submission

# The locks hold what the admission rests on until it is committed: a campaign cannot be closed, a profile not changed.
_FACTS: Final = text("""
with c as materialized (
  select id, version from campaign where id = any(cast(:campaigns as uuid[])) order by id for key share
), u as materialized (
  select id, profile_version, state from unit where id = any(cast(:units as uuid[])) order by id for key share
)
select clock_timestamp() as now,
  (select json_agg(json_build_array(id, version)) from c)::text as campaigns,
  (select json_agg(json_build_array(id, profile_version, state)) from u)::text as units,
  (select json_agg(json_build_array(unit_id, list_id)) from membership
    where unit_id = any(cast(:units as uuid[])) and state = 'listed')::text as lists,
  (select json_agg(json_build_array(unit_id, ground, article, valid_from, valid_until, reason)) from bar
    where unit_id = any(cast(:units as uuid[])) and state = 'in_force')::text as bars,
  (select json_agg(json_build_array(id, unit_id, sha256, size_bytes, media_type, content_hash)) from evidence
    where id = any(cast(:evidence as uuid[])))::text as evidence,
  (select json_agg(json_build_array(id, unit_id, campaign_id, kind)) from submission
    where unit_id = any(cast(:units as uuid[])) and state <> 'deleted')::text as submissions
""")

_WRITE: Final = text("""
with i as (
  select * from unnest(
    cast(:id as uuid[]), cast(:number as text[]), cast(:unit as uuid[]), cast(:campaign as uuid[]),
    cast(:category as text[]), cast(:kind as text[]), cast(:superior as text[]), cast(:hash as text[]),
    cast(:content as text[]), cast(:profile as int[]), cast(:subject as text[]), cast(:evidence as text[])
  ) as t(id, number, unit_id, campaign_id, category, kind, superior, hash, content, profile, subject, evidence)
), s as (
  insert into submission (id, number, unit_id, campaign_id, category, kind, state, round, version, form_version,
    content_hash, superior, route_since, admitted_at, outcome, event_number, created_by)
  select id, number, unit_id, campaign_id, category, kind, 'submitted', 1, 3, 1, hash, superior, 1, :now, '', 1, subject
  from i
), f as (
  insert into form_version (submission_id, version, round, content, content_hash, verified, saved_at, saved_by)
  select id, 1, 1, content, hash, true, :now, subject from i
)
insert into submission_round (submission_id, round, campaign_id, kind, superior, profile_version, form_version,
  content_hash, admitted_at, evidence)
select id, 1, campaign_id, kind, superior, profile, 1, hash, :now, string_to_array(evidence, ',')
from i
""")

_ATTACH: Final = text("""
insert into attachment (submission_id, evidence_id, slot, attached_at)
select distinct submission_id, evidence_id, slot, cast(:now as timestamptz)
from unnest(cast(:submission as uuid[]), cast(:evidence as uuid[]), cast(:slot as text[]))
  as t(submission_id, evidence_id, slot)
""")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the admitting transaction found, under its locks."""

    now: datetime
    campaigns: dict[UUID, int]
    units: dict[UUID, int]
    standings: dict[UUID, Standing]
    evidence: dict[UUID, tuple[UUID, EvidenceRef]]
    submissions: dict[tuple[UUID, UUID, str], UUID]


@dataclass(frozen=True, slots=True)
class NewSubmission:
    """A submission created, verified and admitted in one go."""

    submission: Submission
    profile_version: int
    content: str
    subject: str
    evidence: Sequence[EvidenceRef]


async def facts_for(
    session: AsyncSession, units: Collection[UUID], campaigns: Collection[UUID], evidence: Collection[UUID]
) -> Facts:
    row = (
        await session.execute(
            _FACTS, {"units": sorted(units), "campaigns": sorted(campaigns), "evidence": sorted(evidence)}
        )
    ).one()
    lists: dict[UUID, set[str]] = {}
    for unit, list_id in _rows(row.lists):
        lists.setdefault(UUID(unit), set()).add(list_id)
    bars: dict[UUID, list[Bar]] = {}
    for unit, ground, article, since, until, reason in _rows(row.bars):
        bar = Bar(ground, article, date.fromisoformat(since), date.fromisoformat(until) if until else None, reason)
        bars.setdefault(UUID(unit), []).append(bar)
    return Facts(
        now=row.now,
        campaigns={UUID(id_): version for id_, version in _rows(row.campaigns)},
        units={UUID(id_): version for id_, version, _ in _rows(row.units)},
        standings={
            unit: Standing(frozenset(lists.get(unit, ())), tuple(bars.get(unit, ()))) for unit in lists.keys() | bars
        },
        evidence={
            UUID(id_): (UUID(unit), EvidenceRef(id_, "", sha256, size, media_type, content_hash))
            for id_, unit, sha256, size, media_type, content_hash in _rows(row.evidence)
        },
        submissions={
            (UUID(unit), UUID(campaign), kind): UUID(id_) for id_, unit, campaign, kind in _rows(row.submissions)
        },
    )


async def write(session: AsyncSession, now: datetime, new: Sequence[NewSubmission]) -> None:
    """Submission, content and round of each; attachments where there are any."""
    submissions = [one.submission for one in new]
    await session.execute(
        _WRITE,
        {
            "now": now,
            "id": [s.id for s in submissions],
            "number": [s.number for s in submissions],
            "unit": [s.unit_id for s in submissions],
            "campaign": [s.campaign_id for s in submissions],
            "category": [s.category for s in submissions],
            "kind": [s.kind for s in submissions],
            "superior": [s.superior for s in submissions],
            "hash": [s.content_hash for s in submissions],
            "content": [one.content for one in new],
            "profile": [one.profile_version for one in new],
            "subject": [one.subject for one in new],
            "evidence": [",".join(ref.id for ref in one.evidence) for one in new],
        },
    )
    attachments = [(one.submission.id, UUID(ref.id), ref.slot) for one in new for ref in one.evidence]
    if attachments:
        await session.execute(
            _ATTACH,
            {
                "now": now,
                "submission": [submission for submission, _, _ in attachments],
                "evidence": [evidence for _, evidence, _ in attachments],
                "slot": [slot for _, _, slot in attachments],
            },
        )


def _rows(found: str | None) -> list[Any]:
    rows: list[Any] = orjson.loads(found) if found else []
    return rows
