"""Score a submission again by the values now in force, on request: a new revision, the old ones stay."""

from __future__ import annotations

from uuid import UUID

from gf_chassis.database import Database
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_policy.authorities import AuthorityTree
from gf_scoring.adapters import contracts, repository
from gf_scoring.adapters.tables import SheetRow
from gf_scoring.domain.errors import NotVisible
from gf_scoring.domain.sheets import Sheet
from gf_scoring.usecases.append_revision import AppendRevision
from gf_scoring.usecases.find_sheets import visible


class RescoreSubmission:
    def __init__(self, database: Database, append: AppendRevision, authorities: AuthorityTree) -> None:
        self._database = database
        self._append = append
        self._authorities = authorities

    async def __call__(
        self, principal: Principal, submission_id: UUID, reason: str, once: Once
    ) -> dict[str, int | bool]:
        """Round and revision, and whether it is new: without any change there is no new revision."""
        async with self._database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            await repository.alone(uow.session)
            newest = await repository.newest(uow.session, submission_id)
            if newest is None or not await visible(uow.session, principal, newest, self._authorities):
                raise NotVisible
            principal.require("steward", "approver")
            marks = await repository.assessments(uow.session, [str(submission_id)])
            sheet = await self._append.draw(uow, newest, marks.get((str(submission_id), newest.round)))
            new = not _same(sheet, newest)
            if new:
                await self._append.add(uow, sheet, newest.admitted, reason)
            revision = sheet.revision if new else newest.revision
            result: dict[str, int | bool] = {"round": newest.round, "revision": revision, "new": new}
            await once.keep(uow, result)
            await uow.commit()
        return result


def _same(sheet: Sheet, row: SheetRow) -> bool:
    """Nothing it rests on has changed."""
    return contracts.rests_on(row.published) == contracts.rests_on_now(sheet)
