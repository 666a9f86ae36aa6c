"""Reading submissions: the applicant's list with one column per level, and one submission for all who may see it."""

from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from gf_chassis import json
from gf_chassis.errors import NotFound
from gf_chassis.http import decode_cursor, encode_cursor
from gf_chassis.identity import Principal
from gf_chassis.journal import history
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository, not_deleted, to_submission
from gf_intake.adapters.standings import attached
from gf_intake.adapters.tables import (
    AttachmentRow,
    CampaignRow,
    CaseStageRow,
    CorrectionRow,
    EvidenceRow,
    FormVersionRow,
    RoundRow,
    SubmissionRow,
    UnitProfileRow,
    UnitRow,
)
from gf_intake.domain.submissions import EDITABLE, Submission
from gf_intake.domain.visibility import ACTED, NOT_APPLICABLE
from gf_intake.usecases.access import OFFICIALS, is_mine, rounds_for_official
from gf_intake.usecases.read_units import visible
from gf_intake.usecases.views import submission_view

#: One plan per question, along the order asked for: what suits a county does not suit the ministry, and where the
#: planner guesses few submissions it would gather and sort them all.
_OWN_PLAN = text("select set_config('plan_cache_mode', 'force_custom_plan', true)")
_IN_ORDER = text("select set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true)")
#: Of a hundred thousand units so many have written about every hundredth submission: as dear to walk as to gather.
FEW_UNITS = 1000


async def _own(session: AsyncSession, principal: Principal, policies: Policies) -> SelectOfScalar[UUID] | None:
    """What the caller's own units, or those below a partner's authority, have written.

    Few units are asked for theirs. Many have soon written one of the newest: then each submission, newest first, is
    asked for its unit (a scalar query stays one, and no plan gathers and sorts what a whole province ever wrote).
    """
    mine = Principal(
        principal.subject,
        roles=principal.roles & {"applicant", "partner"},
        authority=principal.authority,
        org=principal.org,
    )
    if not mine.roles:
        return None
    units = (await session.exec(select(UnitRow.id).where(visible(mine, policies)).limit(FEW_UNITS + 1))).all()
    if len(units) <= FEW_UNITS:
        return select(SubmissionRow.id).where(col(SubmissionRow.unit_id).in_(units)) if units else None
    of_mine = select(visible(mine, policies)).where(col(UnitRow.id) == col(SubmissionRow.unit_id))
    return select(SubmissionRow.id).where(of_mine.correlate(SubmissionRow).scalar_subquery())


def _reviewed(principal: Principal, *, few: bool, campaign_id: UUID | None) -> SelectOfScalar[UUID] | None:
    """What the route of a case leads to the caller's authority.

    Few submissions are found by their own filters, and each asked for its stages (a scalar query stays one). Else the
    authority's stages are read in the order of submissions, between the first and the last of the campaign.
    """
    if not (principal.has(*OFFICIALS) and principal.authority):
        return None
    stage = CaseStageRow
    seen = (
        col(stage.submission_id) == col(SubmissionRow.id),
        col(stage.authority) == principal.authority,
        col(stage.state) != NOT_APPLICABLE,
        or_(
            col(stage.round) == col(SubmissionRow.round),
            and_(col(stage.round) >= col(SubmissionRow.route_since), col(stage.state).in_(sorted(ACTED))),
        ),
    )
    if few:
        probe = select(stage.round).where(*seen).limit(1).correlate(SubmissionRow).scalar_subquery()
        # A form that was never admitted has no stages; what has none is not asked.
        admitted = or_(col(SubmissionRow.state).not_in(sorted(EDITABLE)), col(SubmissionRow.round) > 1)
        return select(SubmissionRow.id).where(admitted, probe.is_not(None))
    query = select(SubmissionRow.id).where(*seen)
    if campaign_id is not None:
        of_campaign = select(SubmissionRow.id).where(col(SubmissionRow.campaign_id) == campaign_id).correlate(None)
        first = of_campaign.order_by(col(SubmissionRow.id)).limit(1).scalar_subquery()
        last = of_campaign.order_by(col(SubmissionRow.id).desc()).limit(1).scalar_subquery()
        query = query.where(col(stage.submission_id) >= first, col(stage.submission_id) <= last)
    return query


async def list_submissions(
    session: AsyncSession,
    principal: Principal,
    policies: Policies,
    *,
    limit: int,
    cursor: str | None,
    campaign_id: UUID | None,
    unit_id: UUID | None,
    state: str | None,
    number: str | None,
) -> dict[str, Any]:
    """DM-list: submitted at, unit and year, state, a column per level, actions by state."""
    filters = [not_deleted()]
    for column, wanted in (
        (SubmissionRow.campaign_id, campaign_id),
        (SubmissionRow.unit_id, unit_id),
        (SubmissionRow.state, state),
        (SubmissionRow.number, number),
    ):
        if wanted is not None:
            filters.append(col(column) == wanted)
    if before := decode_cursor(cursor, UUID):
        filters.append(col(SubmissionRow.id) < before[0])
    few = number is not None or unit_id is not None or state not in (None, "submitted", "closed")
    await session.execute(_OWN_PLAN)
    await session.execute(_IN_ORDER)
    sights = (await _own(session, principal, policies), _reviewed(principal, few=few, campaign_id=campaign_id))
    ids = await _newest(session, [one.where(*filters) for one in sights if one is not None], limit + 1)
    found = list(
        await session.exec(
            select(SubmissionRow, UnitProfileRow.name, CampaignRow.year)
            .where(
                col(SubmissionRow.id).in_(ids[:limit]),
                UnitRow.id == SubmissionRow.unit_id,
                UnitProfileRow.unit_id == UnitRow.id,
                UnitProfileRow.version == UnitRow.profile_version,
                CampaignRow.id == SubmissionRow.campaign_id,
            )
            .order_by(col(SubmissionRow.id).desc())
        )
    )
    columns = await _columns(session, [row for row, _, _ in found])
    items = [
        {**submission_view(to_submission(row)), "unit_name": name, "year": year, "levels": columns[row.id]}
        for row, name, year in found
    ]
    return {"items": items, "next": encode_cursor(str(ids[limit - 1])) if len(ids) > limit else None}


async def _newest(session: AsyncSession, sights: list[SelectOfScalar[UUID]], most: int) -> list[UUID]:
    """Ids of the newest submissions in sight. One query per right: joined by "or" they would read every submission."""
    found: set[UUID] = set()
    for sight in sights:
        newest = sight.distinct().order_by(col(SubmissionRow.id).desc()).limit(most)
        found.update(await session.exec(newest))
    return sorted(found, reverse=True)[:most]


async def _columns(session: AsyncSession, rows: list[SubmissionRow]) -> dict[UUID, list[dict[str, Any]]]:
    """One entry per level of the round that is (or was last) under review."""
    wanted = {
        row.id: row.round if row.state in ("submitted", "withdrawing", "closed") else row.round - 1 for row in rows
    }
    stages = await session.exec(
        select(CaseStageRow)
        .where(col(CaseStageRow.submission_id).in_(sorted(wanted)))
        .order_by(col(CaseStageRow.stage_no))
    )
    columns: dict[UUID, list[dict[str, Any]]] = {submission_id: [] for submission_id in wanted}
    for stage in stages:
        if stage.round == wanted[stage.submission_id]:
            columns[stage.submission_id].append(
                {
                    "stage_no": stage.stage_no,
                    "level": stage.level,
                    "authority": stage.authority,
                    "state": stage.state,
                    "reason": stage.reason,
                    "substates": stage.substates,
                    "decided_at": stage.decided_at.isoformat() if stage.decided_at else None,
                }
            )
    return columns


async def read_submission(
    session: AsyncSession, principal: Principal, policies: Policies, submission_id: UUID
) -> dict[str, Any]:
    """The whole of it for its owners; for a reviewer the content that was admitted last in a round it may read."""
    submission, owner, rounds = await _in_sight(session, principal, policies, submission_id)
    view = submission_view(submission)
    unit = await Repository(session).unit(submission.unit_id)
    assert unit is not None
    view["unit_name"] = unit.profile.name
    view["levels"] = (await _columns(session, [await session.get_one(SubmissionRow, submission_id)]))[submission_id]
    admitted = [row for row in await _rounds(session, submission_id) if row.round in rounds or owner]
    if owner:
        form_version, evidence = submission.form_version, [ref.id for ref in await attached(session, submission_id)]
        view["correction"] = await _correction(session, submission)
    else:
        last = admitted[-1] if admitted else None
        form_version, evidence = (last.form_version, last.evidence) if last else (0, [])
        view |= {"actions": ["view"], "form_version": form_version, "content_hash": last.content_hash if last else None}
    saved = await session.get(FormVersionRow, (submission_id, form_version))
    view["content"] = json.loads(saved.content) if saved else None
    view["evidence"] = await _evidence(session, submission_id, evidence)
    view["rounds"] = [_round_view(row) for row in admitted]
    return view


async def read_version(
    session: AsyncSession, principal: Principal, policies: Policies, submission_id: UUID, version: int
) -> dict[str, Any]:
    """A saved content: every one for the owners, admitted ones for reviewers."""
    _, owner, rounds = await _in_sight(session, principal, policies, submission_id)
    row = await session.get(FormVersionRow, (submission_id, version))
    admitted = {r.form_version for r in await _rounds(session, submission_id) if r.round in rounds}
    if row is None or (not owner and version not in admitted):
        raise NotFound
    return {**_version_view(row), "content": json.loads(row.content)}


async def list_versions(
    session: AsyncSession, principal: Principal, policies: Policies, submission_id: UUID
) -> list[dict[str, Any]]:
    _, owner, rounds = await _in_sight(session, principal, policies, submission_id)
    admitted = {r.form_version for r in await _rounds(session, submission_id) if r.round in rounds}
    rows = await session.exec(
        select(FormVersionRow)
        .where(col(FormVersionRow.submission_id) == submission_id)
        .order_by(col(FormVersionRow.version))
    )
    return [_version_view(row) for row in rows if owner or row.version in admitted]


async def submission_history(
    session: AsyncSession, principal: Principal, policies: Policies, submission_id: UUID
) -> list[dict[str, Any]]:
    """办理记录 from the journal; what happened while the form was a draft is the owners' business."""
    _, owner, _ = await _in_sight(session, principal, policies, submission_id)
    private = {"DraftCreated", "DraftSaved", "FormVerified", "EvidenceAttached", "EvidenceRemoved"}
    return [
        {
            "at": row.recorded_at.isoformat(),
            "type": row.type,
            "authority": row.authority,
            "basis": row.basis,
            "reason": row.reason,
            "data": dict(row.data),
        }
        for row in await history(session, "submission", str(submission_id))
        if owner or row.type not in private
    ]


async def _in_sight(
    session: AsyncSession, principal: Principal, policies: Policies, submission_id: UUID
) -> tuple[Submission, bool, frozenset[int]]:
    """The submission, whether the caller acts for its unit, and the admitted rounds an official may read."""
    repository = Repository(session)
    submission = await repository.submission(submission_id)
    if submission is None or submission.state == "deleted":
        raise NotFound
    unit = await repository.unit(submission.unit_id)
    owner = unit is not None and is_mine(principal, unit, policies)
    rounds = await rounds_for_official(session, principal, submission)
    if not owner and not rounds:
        raise NotFound
    return submission, owner, rounds


async def _rounds(session: AsyncSession, submission_id: UUID) -> list[RoundRow]:
    found = await session.exec(
        select(RoundRow).where(col(RoundRow.submission_id) == submission_id).order_by(col(RoundRow.round))
    )
    return list(found)


async def _correction(session: AsyncSession, submission: Submission) -> dict[str, Any] | None:
    row = await session.get(CorrectionRow, (submission.id, submission.round - 1))
    if row is None or submission.term_ends_at is None:
        return None
    return {"reason": row.reason, "term_ends_at": row.term_ends_at.isoformat(), "findings": row.findings}


async def _evidence(session: AsyncSession, submission_id: UUID, ids: list[str]) -> list[dict[str, Any]]:
    """Evidence by reference; the slot comes with the attachment."""
    rows = await session.exec(
        select(AttachmentRow, EvidenceRow).where(
            col(AttachmentRow.submission_id) == submission_id,
            col(EvidenceRow.id) == col(AttachmentRow.evidence_id),
            col(EvidenceRow.id).in_([UUID(one) for one in ids]),
        )
    )
    return [
        {
            "id": str(evidence.id),
            "slot": attachment.slot,
            "name": evidence.name,
            "media_type": evidence.media_type,
            "size_bytes": evidence.size_bytes,
            "sha256": evidence.sha256,
        }
        for attachment, evidence in rows
    ]


def _round_view(row: RoundRow) -> dict[str, Any]:
    return {
        "round": row.round,
        "superior": row.superior,
        "admitted_at": row.admitted_at.isoformat(),
        "form_version": row.form_version,
        "content_hash": row.content_hash,
        "profile_version": row.profile_version,
    }


def _version_view(row: FormVersionRow) -> dict[str, Any]:
    return {
        "version": row.version,
        "round": row.round,
        "content_hash": row.content_hash,
        "verified": row.verified,
        "saved_at": row.saved_at.isoformat(),
    }
