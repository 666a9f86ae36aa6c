"""解散推荐批次: its cases are free for another one."""

from __future__ import annotations

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_review.usecases.acting import Done, repeatable
from gf_review.usecases.recommend import OnRecommendation


class DissolveRecommendation(OnRecommendation):
    """Use case."""

    @repeatable
    async def __call__(
        self, principal: Principal, recommendation_id: str, seen: int, reason: str, once: Once | None = None
    ) -> Done:
        async with self._act(principal, recommendation_id, seen, once) as act:
            act.batch.dissolve(act.by, reason)
            return await act.done()
