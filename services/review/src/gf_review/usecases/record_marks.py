"""定性评分: points for qualitative indicators; scoring answers with a new revision of the sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_review.adapters.tables import MarkRow
from gf_review.domain import records
from gf_review.domain.decisions import Seen
from gf_review.domain.dossier import Mark
from gf_review.usecases.acting import Done, OnCase, repeatable


@dataclass(frozen=True, slots=True)
class MarkDraft:
    indicator: str
    points: Decimal
    reason: str


class RecordMarks(OnCase):
    """Use case."""

    @repeatable
    async def __call__(
        self,
        principal: Principal,
        submission_id: str,
        stage_no: int,
        seen: Seen,
        marks: Sequence[MarkDraft],
        *,
        industry_ruling: str | None = None,
        reason: str = "",
        once: Once | None = None,
    ) -> Done:
        async with self._act(principal, submission_id, seen, once) as act:
            made = [Mark(one.indicator, one.points, one.reason, act.by.subject, stage_no, act.at) for one in marks]
            records.add_marks(
                act.case,
                stage_no,
                act.by,
                act.dossier,
                made,
                industry_ruling=industry_ruling,
                reason=reason,
                at=act.at,
            )
            for mark in made:
                act.session.add(
                    MarkRow(
                        id=str(new_id()),
                        submission_id=act.case.id,
                        round=act.case.round,
                        stage_no=stage_no,
                        indicator=mark.indicator,
                        points=mark.points,
                        reason=mark.reason,
                        person=mark.person,
                        person_name=act.by.name,
                        recorded_at=mark.at,
                    )
                )
            return await act.done()
