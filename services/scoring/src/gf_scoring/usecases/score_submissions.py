"""A form was admitted (上报): draw up the first sheet of its round. The hot path: a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence

from gf_chassis.database import UnitOfWork
from gf_chassis.events import Event
from gf_scoring.adapters import contracts, repository
from gf_scoring.adapters.repository import Drawn
from gf_scoring.adapters.rulebook import Rulebook


class ScoreSubmissions:
    def __init__(self, rulebook: Rulebook, publisher: contracts.Publisher) -> None:
        self._rulebook = rulebook
        self._publisher = publisher

    async def one(self, uow: UnitOfWork, event: Event) -> None:
        await self(uow, (event,))

    async def __call__(self, uow: UnitOfWork, events: Sequence[Event]) -> None:
        session = uow.session
        await repository.share(session)
        admitted = [(event.message, contracts.subject_of(event.message)) for event in events]
        sets = await self._rulebook.in_force(session, {subject.campaign_id for _, subject in admitted})
        # Only a later round can find sheets of an earlier one.
        heads = await repository.heads(session, {s.submission_id for _, s in admitted if s.round > 1})
        waiting = await repository.assessments(session, [s.submission_id for _, s in admitted])
        drawn: list[Drawn] = []
        for message, subject in admitted:
            key, stored = subject.submission_id, contracts.bytes_of(message)
            number = heads[key] = heads.get(key, 0) + 1
            assessment = waiting.get((key, subject.round)) if waiting else None
            sheet = self._rulebook.draw(sets, message, subject, stored, assessment, number=number, revision=1)
            drawn.append(Drawn(sheet, stored, self._publisher.payload(sheet)))
        await repository.append(uow, drawn)
