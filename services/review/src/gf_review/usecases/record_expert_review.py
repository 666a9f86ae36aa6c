"""专家评审 (optional): organised, experts assigned, done with a grade (GD 13, GD 14)."""

from __future__ import annotations

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_review.adapters.tables import ExpertReviewRow
from gf_review.domain import records
from gf_review.domain.decisions import Seen
from gf_review.domain.dossier import ExpertReview
from gf_review.usecases.acting import Done, OnCase, repeatable


class RecordExpertReview(OnCase):
    """Use case."""

    @repeatable
    async def __call__(
        self,
        principal: Principal,
        submission_id: str,
        stage_no: int,
        seen: Seen,
        *,
        state: str,
        grade: str = "",
        note: str = "",
        once: Once | None = None,
    ) -> Done:
        async with self._act(principal, submission_id, seen, once, on_sheet=False) as act:
            records.set_expert_review(act.case, stage_no, act.by, ExpertReview(state, stage_no, grade, note))
            act.session.add(
                ExpertReviewRow(
                    id=str(new_id()),
                    submission_id=act.case.id,
                    round=act.case.round,
                    stage_no=stage_no,
                    state=state,
                    grade=grade,
                    note=note,
                    person=act.by.subject,
                    recorded_at=act.at,
                )
            )
            return await act.done()
