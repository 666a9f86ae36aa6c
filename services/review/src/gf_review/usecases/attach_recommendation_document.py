"""推荐文件 of a batch (CQ-doc)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_review.adapters.files import Files, clean_name
from gf_review.adapters.tables import DocumentRow
from gf_review.domain.guards import RECOMMENDATION_DOCUMENT
from gf_review.usecases.acting import Done, repeatable
from gf_review.usecases.recommend import OnRecommendation


@dataclass(frozen=True)
class AttachRecommendationDocument(OnRecommendation):
    """Use case."""

    files: Files

    @repeatable
    async def __call__(
        self,
        principal: Principal,
        recommendation_id: str,
        seen: int,
        name: str,
        chunks: AsyncIterator[bytes],
        once: Once | None = None,
    ) -> Done:
        stored = await self.files.put(chunks)
        async with self._act(principal, recommendation_id, seen, once) as act:
            act.batch.attach(stored.sha256, act.by)
            act.uow.session.add(
                DocumentRow(
                    id=str(new_id()),
                    submission_id="",
                    round=0,
                    stage_no=0,
                    recommendation_id=recommendation_id,
                    authority=act.by.authority,
                    slot=RECOMMENDATION_DOCUMENT,
                    name=clean_name(name),
                    sha256=stored.sha256,
                    size_bytes=stored.size_bytes,
                    media_type=stored.media_type,
                    person=act.by.subject,
                    recorded_at=act.at,
                )
            )
            return await act.done()
