"""Projection of CaseProgressed: the columns of the applicant's list, and what authorises reviewers to read."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from gf_chassis.database import UnitOfWork
from gf_intake.adapters.tables import CaseRow, CaseStageRow
from gf_intake.domain.visibility import StageSeen


async def project_case(
    uow: UnitOfWork,
    submission_id: UUID,
    *,
    round_: int,
    case_version: int,
    state: str,
    stages: Sequence[tuple[StageSeen, datetime | None]],
) -> None:
    """The case in full; stages of earlier rounds stay as they were last seen."""
    session = uow.session
    case = await session.get(CaseRow, submission_id)
    if case is None:
        case = CaseRow(submission_id=submission_id, round=round_, case_version=case_version, state=state)
        session.add(case)
    case.round, case.case_version, case.state = round_, case_version, state
    for stage, decided_at in stages:
        row = await session.get(CaseStageRow, (submission_id, stage.round, stage.stage_no))
        if row is None:
            row = CaseStageRow(
                submission_id=submission_id,
                round=stage.round,
                stage_no=stage.stage_no,
                level=stage.level,
                authority=stage.authority,
                state=stage.state,
                reason=stage.reason,
                substates=list(stage.substates),
            )
            session.add(row)
        row.level, row.authority, row.state = stage.level, stage.authority, stage.state
        row.reason, row.substates, row.decided_at = stage.reason, list(stage.substates), decided_at
    await session.flush()
