"""归集: a case joins a batch."""

from __future__ import annotations

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_review.adapters.repository import Cases
from gf_review.adapters.scope import require_visible
from gf_review.usecases.acting import Done, repeatable
from gf_review.usecases.recommend import OnRecommendation


class AddToRecommendation(OnRecommendation):
    """Use case."""

    @repeatable
    async def __call__(
        self, principal: Principal, recommendation_id: str, seen: int, submission_id: str, once: Once | None = None
    ) -> Done:
        async with self._act(principal, recommendation_id, seen, once) as act:
            await require_visible(act.uow.session, act.by.authority, submission_id)
            cases = Cases(act.uow)
            case = await cases.require(submission_id)
            act.batch.add(case, act.by)
            await cases.save(case, act.at)
            return await act.done()
