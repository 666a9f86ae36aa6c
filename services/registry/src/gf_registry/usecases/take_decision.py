"""Take in an authority's decision on a list (列入决定). The unit may be listed now, or when the other halves come."""

from __future__ import annotations

from gf_chassis.database import UnitOfWork
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.domain.listings import Listing, ListingState

from .list_unit import list_units

#: In these states a later decision of the same round still counts (an objection was dismissed, a bar lifted).
OPEN = frozenset({ListingState.WAITING, ListingState.NOT_LISTED})


async def take_decision(uow: UnitOfWork, law: Law, decision: Listing) -> None:
    repo = Repository(uow)
    # The unit's row first: whoever brings another half of this listing waits here, and then sees ours.
    standing = await repo.lock_standing(decision.unit_id)
    known = await repo.listings(decision.submission_id, decision.list_id)
    if any(other.round > decision.round for other in known):
        return  # an older round: history without effect
    if any(other.round == decision.round and other.state not in OPEN for other in known):
        return  # settled in this round; what stands on a list leaves it by an adjustment only
    for other in known:
        if other.round < decision.round and other.state is ListingState.WAITING:
            other.settle(ListingState.SUPERSEDED)
            await repo.save_listing(other)
    await repo.save_listing(decision)
    await repo.session.flush()
    await list_units(uow, repo, law, {decision.unit_id: standing}, [decision])
