"""What the registry hears. One process group; whichever half of a listing comes last completes it."""

from __future__ import annotations

from typing import Any

from gf_chassis.consumer import Event, Subscription
from gf_chassis.database import UnitOfWork
from gf_registry.adapters import contracts
from gf_registry.adapters.law import Law
from gf_registry.usecases.close_case import close_case
from gf_registry.usecases.note_publicity import note_publicity
from gf_registry.usecases.note_submission import note_submission
from gf_registry.usecases.note_unit import note_unit
from gf_registry.usecases.take_decision import take_decision

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

    handlers: dict[Any, Any] = {
        contracts.UnitChanged: unit_changed,
        contracts.SubmissionAdmitted: submission_admitted,
        contracts.ListingDecided: listing_decided,
        contracts.PublicityChanged: publicity_changed,
        contracts.CaseClosed: case_closed,
    }
    topics = (contracts.UNITS, contracts.SUBMISSIONS, contracts.CASES, contracts.PUBLICITIES)
    return Subscription(group=GROUP, kind="process", topics=topics, handlers=handlers)
