"""Projection: which organisation a unit belongs to, so that its people find its notices."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from gf_chassis.database import UnitOfWork
from gf_notify.adapters.contracts import Unit
from gf_notify.adapters.tables import UnitRow


async def follow_unit(uow: UnitOfWork, unit: Unit) -> None:
    values = {
        "profile_version": unit.profile_version,
        "name": unit.name,
        "uscc": unit.uscc,
        "superior": unit.superior,
    }
    statement = insert(UnitRow).values(unit_id=unit.unit_id, **values)
    # The snapshot of a submission may be older than the profile that came by another topic.
    older = col(UnitRow.profile_version) <= statement.excluded.profile_version
    await uow.session.execute(statement.on_conflict_do_update(index_elements=["unit_id"], set_=values, where=older))
