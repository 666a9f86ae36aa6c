"""What the acts on a recommendation batch share: lock, version, write, answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from gf_chassis.database import Database, UnitOfWork
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_review.adapters.batches import Recommendations
from gf_review.adapters.policy import Policies
from gf_review.adapters.repository import NOT_THERE
from gf_review.domain.case import Official
from gf_review.domain.errors import OutsideCompetence, Problem, StaleCase
from gf_review.domain.recommendation import Recommendation
from gf_review.usecases.acting import Done, finish, first_time, official


@dataclass
class BatchAct:
    """One act on one locked batch."""

    uow: UnitOfWork
    batch: Recommendation
    by: Official
    at: datetime
    once: Once | None

    async def done(self) -> Done:
        await Recommendations(self.uow).save(self.batch, self.at)
        return await finish(self.uow, self.once, batch_result(self.batch))


def batch_result(batch: Recommendation) -> dict[str, object]:
    return {
        "recommendation_id": batch.id,
        "state": str(batch.state),
        "version": batch.version,
        "cases": list(batch.items),
        "etag": str(batch.version),
    }


@dataclass(frozen=True)
class OnRecommendation:
    """Base of the use cases that act on a batch."""

    database: Database
    policies: Policies

    @asynccontextmanager
    async def _act(
        self, principal: Principal, recommendation_id: str, seen: int, once: Once | None
    ) -> AsyncIterator[BatchAct]:
        by = official(principal)
        async with self.database.unit_of_work(principal.actor()) as uow:
            await first_time(uow, once)
            batch = await Recommendations(uow).require(recommendation_id)
            if batch.authority != by.authority:
                raise OutsideCompetence(NOT_THERE)
            if batch.version != seen:
                detail = f"批次已由第 {seen} 版变为第 {batch.version} 版，请刷新后再办理。"
                raise StaleCase(detail, rule="CQ-doc", errors=[Problem("/version", "stale", detail, "CQ-doc")])
            yield BatchAct(uow, batch, by, await uow.now(), once)
