"""What the registry hears: a process group, where whichever half of a listing comes last completes it; a projection."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gf_chassis.consumer import Event, Subscription
from gf_chassis.database import UnitOfWork
from gf_chassis.projections import Projection
from gf_registry.adapters import contracts, ranked
from gf_registry.adapters.law import Law
from gf_registry.usecases.close_case import close_case
from gf_registry.usecases.note_publicity import note_publicity
from gf_registry.usecases.note_ranked_unit import note_ranked_unit
from gf_registry.usecases.note_submission import note_submission
from gf_registry.usecases.note_unit import note_unit
from gf_registry.usecases.take_decision import take_decision
from gf_registry.usecases.take_ranking import take_ranking

GROUP = "registry.lists"


def subscription(law: Law) -> Subscription:
    async def unit_changed(uow: UnitOfWork, event: Event) -> None:
        await note_unit(uow, contracts.unit(event.message))

    async def submission_admitted(uow: UnitOfWork, event: Event) -> None:
        await note_submission(uow, law, contracts.submission(event.message))

    async def listing_decided(uow: UnitOfWork, event: Event) -> None:
        await take_decision(uow, law, contracts.listing(event.message))

    async def publicity_changed(uow: UnitOfWork, event: Event) -> None:
        await note_publicity(uow, law, contracts.publicity(event.message))

    async def case_closed(uow: UnitOfWork, event: Event) -> None:
        await close_case(uow, law, contracts.case_closed(event.message))

    async def unit_ranked(uow: UnitOfWork, event: Event) -> None:
        await note_ranked_unit(uow, contracts.unit_ranked(event.message))

    async def ranking_closed(uow: UnitOfWork, event: Event) -> None:
        await take_ranking(uow, contracts.ranking_closed(event.message, event.number))

    handlers: dict[Any, Any] = {
        contracts.UnitChanged: unit_changed,
        contracts.SubmissionAdmitted: submission_admitted,
        contracts.ListingDecided: listing_decided,
        contracts.PublicityChanged: publicity_changed,
        contracts.CaseClosed: case_closed,
        contracts.UnitRanked: unit_ranked,
        contracts.RankingClosed: ranking_closed,
    }
    topics = (contracts.UNITS, contracts.SUBMISSIONS, contracts.CASES, contracts.PUBLICITIES, contracts.RANKINGS)
    return Subscription(group=GROUP, kind="process", topics=topics, handlers=handlers)


def rankings() -> Projection:
    """Places, grades and warnings: shown to people, and nothing rests on them, so they can be rebuilt at any time.

    What a ranking does to a unit's standing is a fact, and belongs to the process above.
    """

    def subscribe(side: int) -> Subscription:
        async def units_ranked(uow: UnitOfWork, events: Sequence[Event]) -> None:
            await ranked.store_places(uow.session, side, [contracts.unit_ranked(e.message) for e in events])

        async def ranking_closed(uow: UnitOfWork, event: Event) -> None:
            await ranked.store_end(uow.session, side, contracts.ranking_closed(event.message, event.number))

        return Subscription(
            ranked.NAME, "projection", (contracts.RANKINGS,), {contracts.RankingClosed: ranking_closed},
            {contracts.UnitRanked: units_ranked},
        )  # fmt: skip

    return Projection(ranked.NAME, subscribe, ranked.clear)
