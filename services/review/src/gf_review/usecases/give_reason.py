"""书面理由: why a unit below the average, or not yet on the lower list, is recommended all the same."""

from __future__ import annotations

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_review.adapters.tables import WrittenReasonRow
from gf_review.domain import records
from gf_review.domain.decisions import Seen
from gf_review.domain.dossier import WrittenReason
from gf_review.domain.guards import BELOW_AVERAGE
from gf_review.usecases.acting import Done, OnCase, repeatable


class GiveReason(OnCase):
    """Use case."""

    @repeatable
    async def __call__(
        self,
        principal: Principal,
        submission_id: str,
        stage_no: int,
        seen: Seen,
        *,
        kind: str,
        text: str,
        once: Once | None = None,
    ) -> Done:
        async with self._act(principal, submission_id, seen, once, on_sheet=kind == BELOW_AVERAGE) as act:
            records.give_reason(act.case, stage_no, act.by, WrittenReason(kind, text, act.by.subject, stage_no))
            act.session.add(
                WrittenReasonRow(
                    id=str(new_id()),
                    submission_id=act.case.id,
                    round=act.case.round,
                    stage_no=stage_no,
                    kind=kind,
                    text=text,
                    person=act.by.subject,
                    recorded_at=act.at,
                )
            )
            return await act.done()
