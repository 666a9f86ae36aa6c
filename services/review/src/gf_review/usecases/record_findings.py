"""核查意见: a reviewer's findings on the checklist and on single fields (CQ-1st, CQ-2nd)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_review.adapters.tables import FindingRow
from gf_review.domain import records
from gf_review.domain.decisions import Seen
from gf_review.domain.dossier import Finding
from gf_review.usecases.acting import Done, OnCase, repeatable


@dataclass(frozen=True, slots=True)
class FindingDraft:
    item: str
    pointer: str
    ok: bool
    note: str


class RecordFindings(OnCase):
    """Use case."""

    @repeatable
    async def __call__(
        self,
        principal: Principal,
        submission_id: str,
        stage_no: int,
        seen: Seen,
        findings: Sequence[FindingDraft],
        once: Once | None = None,
    ) -> Done:
        async with self._act(principal, submission_id, seen, once, on_sheet=False) as act:
            made = [
                Finding(one.item, one.pointer, one.ok, one.note, act.by.subject, stage_no, act.at) for one in findings
            ]
            records.add_findings(act.case, stage_no, act.by, made)
            for finding in made:
                act.session.add(finding_row(act.case.id, act.case.round, finding, act.by.name))
            return await act.done()


def finding_row(submission_id: str, round: int, finding: Finding, person_name: str) -> FindingRow:
    return FindingRow(
        id=str(new_id()),
        submission_id=submission_id,
        round=round,
        stage_no=finding.stage_no,
        item=finding.item,
        pointer=finding.pointer,
        ok=finding.ok,
        note=finding.note,
        person=finding.person,
        person_name=person_name,
        recorded_at=finding.at,
    )
