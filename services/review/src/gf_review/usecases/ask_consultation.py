"""征求意见: departments are asked; recommendation waits until all have answered (GD 13)."""

from __future__ import annotations

from datetime import date

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_review.adapters.tables import ConsultationRow
from gf_review.domain import records
from gf_review.domain.decisions import Seen
from gf_review.domain.dossier import Consultation
from gf_review.usecases.acting import Done, OnCase, repeatable


class AskConsultation(OnCase):
    """Use case."""

    @repeatable
    async def __call__(
        self,
        principal: Principal,
        submission_id: str,
        stage_no: int,
        seen: Seen,
        department: str,
        asked_on: date,
        once: Once | None = None,
    ) -> Done:
        async with self._act(principal, submission_id, seen, once, on_sheet=False) as act:
            asked = Consultation(department, asked_on, stage_no)
            records.ask_consultation(act.case, stage_no, act.by, act.dossier, asked)
            act.session.add(
                ConsultationRow(
                    submission_id=act.case.id,
                    round=act.case.round,
                    stage_no=stage_no,
                    department=department,
                    asked_on=asked_on,
                    asked_by=act.by.subject,
                    recorded_at=act.at,
                )
            )
            return await act.done()
