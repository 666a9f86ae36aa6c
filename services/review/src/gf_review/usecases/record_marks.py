"""定性评分 and 行业认定: points for qualitative indicators, the industry whose table applies.

Scoring answers with a new revision of the sheet.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_review.adapters.tables import CaseRow, IndustryRulingRow, MarkRow, RoundRow
from gf_review.domain import records
from gf_review.domain.decisions import Seen
from gf_review.domain.dossier import IndustryRuling, Mark
from gf_review.usecases.acting import Act, Done, OnCase, repeatable


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
            base, filed = await self._filed(act)
            ruling = self._ruling(act, stage_no, industry_ruling, filed, reason) if industry_ruling else None
            records.add_marks(
                act.case,
                stage_no,
                act.by,
                act.dossier,
                made,
                ruling=ruling,
                industries=[code for code, _ in self.policies.industry_tables(base, act.case.category)],
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
            if ruling is not None:
                await self._keep(act, ruling)
            return await act.done()

    async def _filed(self, act: Act) -> tuple[str, str]:
        """Base policy of the round, and the industry whose table applies by what was filed."""
        row = await act.session.get_one(RoundRow, (act.case.id, act.case.round))
        base = str(row.policies[0]["id"])
        return base, self.policies.industry_filed(base, act.case.category, row.unit)

    @staticmethod
    def _ruling(act: Act, stage_no: int, industry: str, filed: str, reason: str) -> IndustryRuling:
        former = act.dossier.ruling.industry if act.dossier.ruling else filed
        return IndustryRuling(industry, former, reason, act.by.subject, stage_no, act.dossier.revision, act.at)

    async def _keep(self, act: Act, ruling: IndustryRuling) -> None:
        """On record; queues and batches flag the case by the industry that now applies."""
        act.session.add(
            IndustryRulingRow(
                id=str(new_id()),
                submission_id=act.case.id,
                round=act.case.round,
                stage_no=ruling.stage_no,
                industry=ruling.industry,
                former=ruling.former,
                sheet_revision=ruling.sheet_revision,
                reason=ruling.reason,
                person=ruling.person,
                person_name=act.by.name,
                recorded_at=ruling.at,
            )
        )
        flag = "" if ruling.industry == records.GENERAL else ruling.industry
        if not flag or self.policies.is_key_industry(flag):
            row = await act.session.get_one(CaseRow, act.case.id)
            row.key_industry = flag
