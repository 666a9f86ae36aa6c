"""Take note of a unit's place in a ranking (名次): that it is due for removal waits for the ranking to be complete."""

from __future__ import annotations

from gf_chassis.database import UnitOfWork
from gf_registry.adapters import removals
from gf_registry.adapters.contracts import RankedUnit


async def note_ranked_unit(uow: UnitOfWork, place: RankedUnit) -> None:
    if place.removal_due:
        await removals.store_due(uow.session, place)
