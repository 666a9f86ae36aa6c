"""A newer revision of a sheet beside the ones there are: what both a reviewer's marks and a request lead to."""

from __future__ import annotations

from gf_chassis.database import UnitOfWork
from gf_scoring.adapters import contracts, repository
from gf_scoring.adapters.rulebook import Rulebook
from gf_scoring.adapters.tables import SheetRow
from gf_scoring.domain.sheets import Assessment, Sheet, draw_up
from gf_scoring.usecases.score_submissions import entry


class AppendRevision:
    """The caller holds the service's lock alone, so the row it has read is the newest."""

    def __init__(self, rulebook: Rulebook, publisher: contracts.Publisher) -> None:
        self._rulebook = rulebook
        self._publisher = publisher

    async def draw(self, uow: UnitOfWork, newest: SheetRow, assessment: Assessment | None) -> Sheet:
        subject = repository.subject_of(newest)
        sets = await self._rulebook.in_force(uow.session, {subject.campaign_id})
        return draw_up(
            subject,
            contracts.facts_of(contracts.facts_from(newest.facts)),
            newest.facts,
            self._rulebook.table(subject, assessment.industry_ruling if assessment else "", sets),
            assessment,
            number=newest.number + 1,
            revision=newest.revision + 1,
        )

    async def add(self, uow: UnitOfWork, sheet: Sheet, facts: bytes, reason: str) -> None:
        payload = self._publisher.payload(sheet)
        await repository.add(uow.session, [(sheet, facts, payload)], await uow.now())
        uow.journal(entry(sheet, self._publisher.event(sheet, payload), reason))
