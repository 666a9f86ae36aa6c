"""Take note of a publicity (公示): when it closes without objection, the listings that waited for it go on."""

from __future__ import annotations

from gf_chassis.database import UnitOfWork
from gf_registry.adapters import projection
from gf_registry.adapters.contracts import PublicityState
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository

from .list_unit import list_units


async def note_publicity(uow: UnitOfWork, law: Law, publicity: PublicityState) -> None:
    repo = Repository(uow)
    standings = await repo.lock_standings(e.unit_id for e in publicity.entries)
    await projection.store_publicity(repo.session, publicity)
    waiting = [
        listing for listing in await repo.waiting(publicity_id=publicity.publicity_id) if listing.unit_id in standings
    ]
    await list_units(uow, repo, law, standings, waiting)
