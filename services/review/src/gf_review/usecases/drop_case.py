"""The submission will not come back (放弃或更正期满): intake decides, review obeys."""

from __future__ import annotations

from gf_chassis.database import UnitOfWork
from gf_chassis.errors import Poison
from gf_review.adapters.batches import Recommendations
from gf_review.adapters.repository import Cases
from gf_review.domain import decisions


class DropCase:
    """Use case of a consumer: the runner commits."""

    async def __call__(self, uow: UnitOfWork, submission_id: str, round: int, reason: str) -> None:
        cases = Cases(uow)
        case = await cases.lock(submission_id)
        if case is None:
            raise Poison("end of a submission that was never admitted")
        if decisions.drop(case, round, reason):
            await cases.save(case, await uow.now())
            await Recommendations(uow).release(case.id)
