"""删除: before the first 上报 only; it cannot be undone (DM-del)."""

from dataclasses import dataclass
from uuid import UUID

from gf_chassis.database import Database
from gf_chassis.errors import Stale
from gf_chassis.http import etag
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.usecases.access import own_submission


@dataclass(frozen=True, slots=True)
class DeleteDraft:
    """Use case."""

    database: Database
    policies: Policies

    async def __call__(self, principal: Principal, submission_id: UUID, seen_version: int) -> None:
        async with self.database.unit_of_work(principal.actor()) as uow:
            repository = Repository(uow.session)
            submission, _ = await own_submission(repository, principal, submission_id, self.policies, lock=True)
            if submission.version != seen_version:
                raise Stale(current=etag(submission.version))
            submission.delete()
            await repository.save_submission(submission)
            uow.journal(Entry("submission", str(submission.id), "DraftDeleted", basis="DM-del"))
            await uow.commit()
