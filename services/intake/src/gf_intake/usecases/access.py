"""Who may act for a unit, who may read a submission. What is not the caller's answers 404, in every use case alike."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.errors import NotFound
from gf_chassis.identity import Principal
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.adapters.tables import CaseStageRow
from gf_intake.domain.submissions import Submission
from gf_intake.domain.units import Unit
from gf_intake.domain.visibility import StageSeen, visible_rounds

OFFICIALS = ("reviewer", "approver", "registrar", "steward")


def acts_for(principal: Principal, uscc: str | None, superior: str, policies: Policies) -> bool:
    """The applicant for its own code, the partner system for units below its authority (used-by)."""
    if principal.has("applicant") and principal.org and principal.org == uscc:
        return True
    return partner_of(principal, superior, policies)


def partner_of(principal: Principal, superior: str, policies: Policies) -> bool:
    return principal.has("partner") and bool(principal.authority) and principal.authority in policies.chain(superior)


def is_mine(principal: Principal, unit: Unit, policies: Policies) -> bool:
    return acts_for(principal, unit.profile.uscc, unit.profile.superior, policies)


async def own_unit(
    repository: Repository, principal: Principal, unit_id: UUID, policies: Policies, *, lock: bool = False
) -> Unit:
    """The unit, for those who act for it."""
    unit = await repository.unit(unit_id, lock=lock)
    if unit is None or not is_mine(principal, unit, policies):
        raise NotFound
    return unit


async def own_submission(
    repository: Repository, principal: Principal, submission_id: UUID, policies: Policies, *, lock: bool = False
) -> tuple[Submission, Unit]:
    """The submission and its unit, for those who act for the unit."""
    submission = await repository.submission(submission_id, lock=lock)
    if submission is None or submission.state == "deleted":
        raise NotFound
    return submission, await own_unit(repository, principal, submission.unit_id, policies)


async def stages_of(session: AsyncSession, submission_id: UUID) -> list[StageSeen]:
    """What review has said about the case's stages, every round."""
    rows = await session.exec(
        select(CaseStageRow)
        .where(col(CaseStageRow.submission_id) == submission_id)
        .order_by(col(CaseStageRow.round), col(CaseStageRow.stage_no))
    )
    return [StageSeen(r.round, r.stage_no, r.level, r.authority, r.state, r.reason, tuple(r.substates)) for r in rows]


async def rounds_for_official(session: AsyncSession, principal: Principal, submission: Submission) -> frozenset[int]:
    """Admitted rounds an official may read; empty where the case is not its authority's."""
    if not principal.authority or not principal.has(*OFFICIALS):
        return frozenset()
    stages = await stages_of(session, submission.id)
    return visible_rounds(principal.authority, stages, current=submission.round, route_since=submission.route_since)
