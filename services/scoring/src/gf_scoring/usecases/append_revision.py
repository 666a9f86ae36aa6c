"""A newer revision of a sheet beside the ones there are: what both a reviewer's marks and a request lead to."""

from __future__ import annotations

from gf_chassis.database import UnitOfWork
from gf_scoring.adapters import contracts, repository
from gf_scoring.adapters.repository import Drawn
from gf_scoring.adapters.rulebook import Rulebook
from gf_scoring.adapters.tables import SheetRow
from gf_scoring.domain.sheets import Assessment, Sheet


class AppendRevision:
    """The caller holds the service's lock alone, so the row it has read is the newest."""

    def __init__(self, rulebook: Rulebook, publisher: contracts.Publisher) -> None:
        self._rulebook = rulebook
        self._publisher = publisher

    async def draw(self, uow: UnitOfWork, newest: SheetRow, assessment: Assessment | None) -> Sheet:
        message = contracts.admitted_from(newest.admitted)
        subject = contracts.subject_of(message)
        sets = await self._rulebook.in_force(uow.session, {subject.campaign_id})
        return self._rulebook.draw(
            sets,
            message,
            subject,
            newest.admitted,
            assessment,
            number=newest.number + 1,
            revision=newest.revision + 1,
        )

    async def add(self, uow: UnitOfWork, sheet: Sheet, admitted: bytes, reason: str) -> None:
        await repository.append(uow, [Drawn(sheet, admitted, self._publisher.payload(sheet))], reason)
