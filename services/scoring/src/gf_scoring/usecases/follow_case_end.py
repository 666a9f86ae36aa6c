"""Projection: how a case ended (办结)."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from gf_chassis.database import UnitOfWork
from gf_chassis.events import Event
from gf_scoring.adapters import contracts
from gf_scoring.adapters.tables import CaseEndRow


async def follow_case_end(uow: UnitOfWork, event: Event) -> None:
    submission_id, round_, outcome = contracts.case_end_of(event.message)
    values = {"round": round_, "outcome": outcome}
    statement = insert(CaseEndRow).values(submission_id=submission_id, **values)
    await uow.session.execute(statement.on_conflict_do_update(index_elements=["submission_id"], set_=values))
