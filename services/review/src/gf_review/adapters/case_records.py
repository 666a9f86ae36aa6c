"""What is on record about a case: this round's records of all levels, and everything that ever happened to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.journal import JournalRow, history
from gf_review.adapters.contracts.outgoing import decimal_text
from gf_review.adapters.labels import HISTORY_NAMES, LEVEL_NAMES, SUBSTATE_NAMES
from gf_review.adapters.policy import Policies
from gf_review.adapters.tables import (
    ConsultationAnswerRow,
    ConsultationRow,
    DecisionRow,
    DocumentRow,
    ExpertReviewRow,
    FindingRow,
    IndustryRulingRow,
    MarkRow,
    WrittenReasonRow,
)
from gf_review.domain.case import Case
from gf_review.domain.records import EXPERT_SUBSTATES


class CaseRecords:
    def __init__(self, policies: Policies) -> None:
        self.policies = policies

    async def of_round(self, session: AsyncSession, case: Case, base_id: str) -> dict[str, Any]:
        """Everything appended in this round, of all levels, with person and instant."""
        this = (case.id, case.round)

        async def rows(table: Any) -> Sequence[Any]:
            found = await session.exec(select(table).where(table.submission_id == this[0], table.round == this[1]))
            return found.all()

        levels = {stage.stage_no: LEVEL_NAMES.get(stage.plan.level, "") for stage in case.stages}
        names = {one.code: one.name for stage in case.stages for one in stage.plan.consults}
        return {
            "findings": [
                _said(one, levels) | {"item": one.item, "pointer": one.pointer, "ok": one.ok, "note": one.note}
                for one in sorted(await rows(FindingRow), key=lambda one: one.id)
            ],
            "marks": [
                _said(one, levels)
                | {"indicator": one.indicator, "points": decimal_text(one.points), "reason": one.reason}
                for one in sorted(await rows(MarkRow), key=lambda one: one.id)
            ],
            "rulings": [
                _said(one, levels)
                | {
                    "industry": one.industry,
                    "industry_name": self.policies.industry_name(base_id, case.category, one.industry),
                    "former_name": self.policies.industry_name(base_id, case.category, one.former),
                    "reason": one.reason,
                }
                for one in sorted(await rows(IndustryRulingRow), key=lambda one: one.id)
            ],
            "documents": [
                {
                    "id": one.id,
                    "level": levels.get(one.stage_no),
                    "name": one.name,
                    "slot": one.slot,
                    "size": one.size_bytes,
                }
                for one in await rows(DocumentRow)
            ],
            "asked": [
                {
                    "level": levels.get(one.stage_no),
                    "stage_no": one.stage_no,
                    "department": names.get(one.department, one.department),
                    "asked_on": one.asked_on,
                }
                for one in await rows(ConsultationRow)
            ],
            "experts": [
                {
                    "level": levels.get(one.stage_no),
                    "stage_no": one.stage_no,
                    "state": one.state,
                    "label": SUBSTATE_NAMES[EXPERT_SUBSTATES[one.state]],
                    "grade": one.grade,
                    "note": one.note,
                    "at": one.recorded_at,
                }
                for one in sorted(await rows(ExpertReviewRow), key=lambda one: one.id)
            ],
            "reasons": [
                {
                    "level": levels.get(one.stage_no),
                    "stage_no": one.stage_no,
                    "kind": one.kind,
                    "text": one.text,
                    "at": one.recorded_at,
                }
                for one in sorted(await rows(WrittenReasonRow), key=lambda one: one.id)
            ],
            "opinions": [
                {
                    "level": levels.get(one.stage_no),
                    "stage_no": one.stage_no,
                    "department": names.get(one.department, one.department),
                    "answered_on": one.answered_on,
                    "agrees": one.agrees,
                    "opinion": one.opinion,
                }
                for one in await rows(ConsultationAnswerRow)
            ],
        }

    async def history(self, session: AsyncSession, case: Case, base_id: str) -> list[dict[str, Any]]:
        """Everything that ever happened to the case, in all rounds, oldest first."""
        people: dict[str, str] = {}
        for table in (DecisionRow, FindingRow, MarkRow, IndustryRulingRow):
            query = select(table.person, table.person_name).where(table.submission_id == case.id).distinct()
            people |= {person: name for person, name in (await session.exec(query)).all() if name}
        lines = [self._line(one, people) for one in await history(session, "case", case.id)]
        for line in lines:
            if line["what"] == "industry_ruled":
                ruled = self.policies.industry_name(base_id, case.category, line["data"]["industry_ruling"])
                line["label"] += f"：{ruled}"
        return lines

    def _line(self, row: JournalRow, people: Mapping[str, str]) -> dict[str, Any]:
        return {
            "at": row.recorded_at,
            "person": people.get(row.actor, ""),
            "what": row.type,
            "label": HISTORY_NAMES.get(row.type, row.type),
            "authority": row.authority,
            "authority_name": self.policies.authority_name(row.authority) if row.authority else "系统",
            "basis": row.basis,
            "reason": row.reason,
            "round": row.data.get("round"),
            "version": row.data.get("version"),
            "data": dict(row.data),
        }


def _said(row: Any, levels: Mapping[int, str]) -> dict[str, Any]:
    return {
        "level": levels.get(row.stage_no, ""),
        "stage_no": row.stage_no,
        "person": row.person_name or row.person,
        "at": row.recorded_at,
    }
