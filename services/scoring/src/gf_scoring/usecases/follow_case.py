"""Projection: where a case stands and which authorities its present route leads through."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from gf_chassis.database import UnitOfWork
from gf_chassis.events import Event
from gf_scoring.adapters import contracts
from gf_scoring.adapters.tables import CaseRow


async def follow_case(uow: UnitOfWork, event: Event) -> None:
    case = contracts.case_of(event.message)
    values = {
        "round": case.round,
        "case_version": case.version,
        "state": case.state,
        "authorities": list(case.authorities),
    }
    statement = insert(CaseRow).values(submission_id=case.submission_id, **values)
    await uow.session.execute(statement.on_conflict_do_update(index_elements=["submission_id"], set_=values))
