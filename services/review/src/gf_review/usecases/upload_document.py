"""推荐文件: uploaded to the stage; the bytes are stored first, under their hash, then the record (CQ-doc)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_review.adapters.files import Files, clean_name
from gf_review.adapters.tables import DocumentRow
from gf_review.domain import records
from gf_review.domain.decisions import Seen
from gf_review.domain.dossier import Document
from gf_review.domain.guards import RECOMMENDATION_DOCUMENT
from gf_review.usecases.acting import Done, OnCase, repeatable


@dataclass(frozen=True)
class UploadDocument(OnCase):
    """Use case."""

    files: Files

    @repeatable
    async def __call__(
        self,
        principal: Principal,
        submission_id: str,
        stage_no: int,
        seen: Seen,
        name: str,
        chunks: AsyncIterator[bytes],
        once: Once | None = None,
    ) -> Done:
        # Outside the transaction: bytes nobody refers to harm nobody, a lock held during an upload does.
        stored = await self.files.put(chunks)
        async with self._act(principal, submission_id, seen, once, on_sheet=False) as act:
            document = Document(RECOMMENDATION_DOCUMENT, stored.sha256, clean_name(name), stage_no)
            records.add_document(act.case, stage_no, act.by, document)
            act.session.add(
                DocumentRow(
                    id=str(new_id()),
                    submission_id=act.case.id,
                    round=act.case.round,
                    stage_no=stage_no,
                    recommendation_id="",
                    authority=act.by.authority,
                    slot=document.slot,
                    name=document.name,
                    sha256=stored.sha256,
                    size_bytes=stored.size_bytes,
                    media_type=stored.media_type,
                    person=act.by.subject,
                    recorded_at=act.at,
                )
            )
            return await act.done()
