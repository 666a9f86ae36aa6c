"""Take in an authority's decision on a list (列入决定). The unit may be listed now, or when the other halves come."""

from __future__ import annotations

from gf_chassis.database import UnitOfWork
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.domain.listings import Listing, ListingState

from .list_unit import list_units


async def take_decision(uow: UnitOfWork, law: Law, decision: Listing) -> None:
    repo = Repository(uow)
    # The unit's row first: whoever brings another half of this listing waits here, and then sees ours.
    standing = await repo.lock_standing(decision.unit_id)
    known = await repo.listings(decision.submission_id, decision.list_id)
    if any(other.round >= decision.round for other in known):
        return  # an older round, or the same one again: history without effect
    for other in known:
        if other.state is ListingState.WAITING:
            other.settle(ListingState.SUPERSEDED)
            await repo.save_listing(other)
    await repo.save_listing(decision)
    await repo.session.flush()
    await list_units(uow, repo, law, {decision.unit_id: standing}, [decision])
