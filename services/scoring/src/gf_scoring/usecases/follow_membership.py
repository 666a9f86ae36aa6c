"""Projection: which unit stands on which list."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from gf_chassis.database import UnitOfWork
from gf_chassis.events import Event
from gf_scoring.adapters import contracts
from gf_scoring.adapters.tables import MembershipRow


async def follow_membership(uow: UnitOfWork, event: Event) -> None:
    membership = contracts.membership_of(event.message)
    if membership is None:
        return
    values = {"listed": membership.listed, "effective": membership.effective}
    statement = insert(MembershipRow).values(unit_id=membership.unit_id, list_id=membership.list_id, **values)
    await uow.session.execute(statement.on_conflict_do_update(index_elements=["unit_id", "list_id"], set_=values))
