"""Projection: name, code, superior and key industry of a unit, by which a ranking names and groups it."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy.dialects.postgresql import insert

from gf_chassis.database import UnitOfWork
from gf_chassis.events import Event
from gf_scoring.adapters import contracts
from gf_scoring.adapters.tables import UnitRow


async def follow_unit(uow: UnitOfWork, event: Event) -> None:
    values = asdict(contracts.unit_of(event.message))
    statement = insert(UnitRow).values(**values)
    await uow.session.execute(statement.on_conflict_do_update(index_elements=["unit_id"], set_=values))
