"""取消上报: granted while no stage of this round has decided; decided under the case's lock (DM-withdraw)."""

from __future__ import annotations

from gf_chassis.database import UnitOfWork
from gf_chassis.errors import Poison
from gf_review.adapters.batches import Recommendations
from gf_review.adapters.repository import Cases
from gf_review.domain import decisions


class AnswerWithdrawal:
    """Use case of a consumer: the runner commits."""

    async def __call__(self, uow: UnitOfWork, submission_id: str, round: int, reason: str) -> None:
        cases = Cases(uow)
        case = await cases.lock(submission_id)
        if case is None:
            raise Poison("withdrawal of a submission that was never admitted")
        granted = decisions.answer_withdrawal(case, round, reason)
        if granted is None:
            return
        await cases.save(case, await uow.now())
        if granted:
            await Recommendations(uow).release(case.id)
