"""A reviewer has marked the qualitative lines (定性评分): a new revision, basis assessed."""

from __future__ import annotations

from gf_chassis.database import UnitOfWork
from gf_chassis.events import Event
from gf_scoring.adapters import contracts, repository
from gf_scoring.usecases.append_revision import AppendRevision


class ReassessSubmission:
    def __init__(self, append: AppendRevision) -> None:
        self._append = append

    async def __call__(self, uow: UnitOfWork, event: Event) -> None:
        submission_id, round_, assessment = contracts.assessment_of(event.message)
        await repository.alone(uow.session)
        repository.add_assessment(uow.session, submission_id, event.number, round_, assessment)
        newest = await repository.newest(uow.session, submission_id)
        # Not admitted here yet: the marks wait. Admitted again since: they belong to a round that is over.
        if newest is None or newest.round != round_:
            return
        sheet = await self._append.draw(uow, newest, assessment)
        await self._append.add(uow, sheet, newest.admitted, assessment.reason)
