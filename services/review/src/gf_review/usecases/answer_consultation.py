"""征求意见: the answer of a department, with its date."""

from __future__ import annotations

from datetime import date

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_review.adapters.tables import ConsultationAnswerRow
from gf_review.domain import records
from gf_review.domain.decisions import Seen
from gf_review.usecases.acting import Done, OnCase, repeatable


class AnswerConsultation(OnCase):
    """Use case."""

    @repeatable
    async def __call__(
        self,
        principal: Principal,
        submission_id: str,
        stage_no: int,
        seen: Seen,
        department: str,
        *,
        answered_on: date,
        agrees: bool,
        opinion: str = "",
        once: Once | None = None,
    ) -> Done:
        async with self._act(principal, submission_id, seen, once, on_sheet=False) as act:
            records.answer_consultation(
                act.case, stage_no, act.by, act.dossier, department, answered_on=answered_on, agrees=agrees
            )
            act.session.add(
                ConsultationAnswerRow(
                    submission_id=act.case.id,
                    round=act.case.round,
                    stage_no=stage_no,
                    department=department,
                    answered_on=answered_on,
                    agrees=agrees,
                    opinion=opinion,
                    person=act.by.subject,
                    recorded_at=act.at,
                )
            )
            return await act.done()
