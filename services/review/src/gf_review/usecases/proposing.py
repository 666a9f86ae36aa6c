"""Shared by the acts that pass a case: the decision's record, and its place in the draft of the publicity."""

from __future__ import annotations

from datetime import datetime

from gf_chassis.database import UnitOfWork
from gf_chassis.ids import new_id
from gf_review.adapters.batches import Publicities
from gf_review.adapters.tables import CaseRow, DecisionRow
from gf_review.domain.case import Case, Official, Stage
from gf_review.domain.publicity import Entry, Publicity

PASS = "pass"


async def propose(uow: UnitOfWork, case: Case, stage: Stage, at: datetime) -> str:
    """Put a passed unit into the draft of this level's list; tells the publicity's id, if there is one."""
    plan = stage.plan.publicity
    if not stage.plan.publishes or plan is None:
        return ""
    publicities = Publicities(uow)
    draft = Publicity.draft(
        id=str(new_id()),
        list_id=stage.plan.list_id,
        campaign_id=case.campaign_id,
        authority=stage.plan.authority,
        days=plan.days,
        unit=plan.unit,
        rule=plan.rule,
    )
    publicity = await publicities.draft_for(draft, at)
    row = await uow.session.get(CaseRow, case.id)
    name = row.unit_name if row else ""
    publicity.add(Entry(case.id, case.round, stage.stage_no, case.unit_id, name))
    await publicities.save(publicity)
    return publicity.id


def decision_row(
    case: Case,
    stage_no: int,
    by: Official,
    at: datetime,
    *,
    decision: str,
    version: int,
    revision: int,
    ground: str = "",
    article: str = "",
    reason: str = "",
    term_ends_at: datetime | None = None,
    recommendation_id: str = "",
) -> DecisionRow:
    return DecisionRow(
        id=str(new_id()),
        submission_id=case.id,
        round=case.round,
        stage_no=stage_no,
        decision=decision,
        person=by.subject,
        person_name=by.name,
        authority=by.authority,
        case_version=version,
        sheet_revision=revision,
        ground=ground,
        article=article,
        reason=reason,
        term_ends_at=term_ends_at,
        recommendation_id=recommendation_id,
        decided_at=at,
    )
