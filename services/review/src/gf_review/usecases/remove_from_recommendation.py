"""归集: a case leaves a batch."""

from __future__ import annotations

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_review.usecases.acting import Done, repeatable
from gf_review.usecases.recommend import OnRecommendation


class RemoveFromRecommendation(OnRecommendation):
    """Use case."""

    @repeatable
    async def __call__(
        self, principal: Principal, recommendation_id: str, seen: int, submission_id: str, once: Once | None = None
    ) -> Done:
        async with self._act(principal, recommendation_id, seen, once) as act:
            act.batch.remove(submission_id, act.by)
            return await act.done()
