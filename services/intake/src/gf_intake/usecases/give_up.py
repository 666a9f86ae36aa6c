"""放弃: a form that was withdrawn or returned will not come back."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gf_chassis.database import Database
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_intake.adapters import contracts
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.domain.submissions import DropReason
from gf_intake.usecases.access import own_submission
from gf_intake.usecases.views import submission_view


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Use case."""

    database: Database
    policies: Policies

    async def __call__(self, principal: Principal, submission_id: UUID, reason: str, once: Once) -> dict[str, Any]:
        async with self.database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            repository = Repository(uow.session)
            submission, _ = await own_submission(repository, principal, submission_id, self.policies, lock=True)
            submission.give_up()
            published = contracts.submission_dropped(submission, DropReason.GIVEN_UP)
            await repository.save_submission(submission)
            data = {"round": submission.round}
            uow.journal(Entry("submission", str(submission.id), "GivenUp", data, reason=reason, published=published))
            view = submission_view(submission)
            await once.keep(uow, view)
            await uow.commit()
            return view
