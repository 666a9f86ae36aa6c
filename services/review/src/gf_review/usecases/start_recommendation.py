"""新建推荐批次."""

from __future__ import annotations

from dataclasses import dataclass

from gf_chassis.database import Database
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_review.adapters.batches import Recommendations
from gf_review.domain.recommendation import Recommendation
from gf_review.usecases.acting import Done, finish, first_time, official, repeatable
from gf_review.usecases.recommend import batch_result


@dataclass(frozen=True)
class StartRecommendation:
    """Use case."""

    database: Database

    @repeatable
    async def __call__(
        self,
        principal: Principal,
        *,
        campaign_id: str,
        category: str,
        kind: str,
        title: str,
        once: Once | None = None,
    ) -> Done:
        async with self.database.unit_of_work(principal.actor()) as uow:
            await first_time(uow, once)
            by = official(principal)
            batch = Recommendation.start(
                id=str(new_id()), by=by, campaign_id=campaign_id, category=category, kind=kind, title=title
            )
            await Recommendations(uow).save(batch, await uow.now())
            return await finish(uow, once, batch_result(batch))
