"""分派: cases are given to a colleague of the same authority, or taken back.

An assignment is help, not authorisation: it says who looks after a case, it never widens who may see or decide it, and
nobody needs one to act. So it leaves the case's version alone, and a colleague who is deciding is not disturbed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlmodel import col, select

from gf_chassis.database import Database, UnitOfWork
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_review.adapters import queue_index
from gf_review.adapters.repository import NOT_THERE
from gf_review.adapters.tables import AssignmentRow, CaseRow, OfficialRow, QueueEntryRow
from gf_review.domain.errors import Invalid, OutsideCompetence, Problem
from gf_review.usecases.acting import Done, finish, first_time, repeatable

UNDECIDED = ("to_do", "waiting")
#: The authority's level of the present round, and the number the next assignment takes (under the case's lock).
_PLACE = text(
    "select min(s.stage_no), (select coalesce(max(a.number), 0) + 1 from assignment a"
    "   where a.submission_id = :id and a.authority = :authority)"
    " from stage s join review_case c on c.submission_id = s.submission_id and c.round = s.round"
    " where s.submission_id = :id and s.authority = :authority and s.applicable"
)


@dataclass(frozen=True)
class AssignCases:
    """Use case. Each case is assigned or refused by itself, with its reason; the rest is not held up."""

    database: Database

    @repeatable
    async def __call__(
        self, principal: Principal, submission_ids: Sequence[str], assignee: str, once: Once | None = None
    ) -> Done:
        """`assignee` is a subject, or '' to take the assignment back. 404 where not one of the cases is one's own."""
        async with self.database.unit_of_work(principal.actor()) as uow:
            await first_time(uow, once)
            name = await self._colleague(uow, principal, assignee)
            cases = await self._lock(uow, submission_ids)
            entries = await self._entries(uow, principal.authority, list(cases))
            if not entries:
                raise OutsideCompetence(NOT_THERE)
            assigned, unchanged, refused = [], [], []
            for one in dict.fromkeys(submission_ids):
                entry = entries.get(one)
                if entry is None:
                    refused.append(_refused(one, "", "not_found", NOT_THERE))
                elif entry.view not in UNDECIDED:
                    refused.append(
                        _refused(one, cases[one].number, "decided", "本级已办理或案件不在审核中，无需分派。")
                    )
                elif entry.assignee == assignee:
                    unchanged.append(one)
                else:
                    await self._assign(uow, principal, cases[one], entry, assignee)
                    assigned.append(one)
            await queue_index.refresh(uow.session, assigned)
            result = {
                "assignee": assignee,
                "assignee_name": name,
                "assigned": assigned,
                "unchanged": unchanged,
                "refused": refused,
            }
            return await finish(uow, once, result)

    async def _colleague(self, uow: UnitOfWork, principal: Principal, assignee: str) -> str:
        """The person's name; someone of another authority is unknown here."""
        if not assignee:
            return ""
        found = await uow.session.get(OfficialRow, assignee)
        if found is None or found.authority != principal.authority:
            detail = "本级没有这位经办人员。对方至少登录过一次审核工作台后，才能向其分派。"
            raise Invalid(detail, errors=[Problem("/assignee", "unknown_official", detail)])
        return found.name or found.subject

    async def _lock(self, uow: UnitOfWork, submission_ids: Sequence[str]) -> dict[str, CaseRow]:
        """In order of their ids, as every act takes them."""
        rows = await uow.session.exec(
            select(CaseRow)
            .where(col(CaseRow.submission_id).in_(sorted(set(submission_ids))))
            .order_by(col(CaseRow.submission_id))
            .with_for_update()
        )
        return {row.submission_id: row for row in rows.all()}

    async def _entries(self, uow: UnitOfWork, authority: str, ids: list[str]) -> dict[str, QueueEntryRow]:
        rows = await uow.session.exec(
            select(QueueEntryRow).where(col(QueueEntryRow.submission_id).in_(ids), QueueEntryRow.authority == authority)
        )
        return {row.submission_id: row for row in rows.all()}

    async def _assign(
        self, uow: UnitOfWork, principal: Principal, case: CaseRow, entry: QueueEntryRow, assignee: str
    ) -> None:
        stage_no, number = (
            await uow.session.execute(_PLACE, {"id": case.submission_id, "authority": entry.authority})
        ).one()
        uow.session.add(
            AssignmentRow(
                submission_id=case.submission_id,
                authority=entry.authority,
                number=number,
                round=case.round,
                stage_no=stage_no,
                assignee=assignee,
                person=principal.subject,
                recorded_at=await uow.now(),
            )
        )
        data: dict[str, Any] = {"round": case.round, "stage_no": stage_no, "from": entry.assignee, "to": assignee}
        uow.journal(Entry("case", case.submission_id, "assigned" if assignee else "unassigned", data))


def _refused(submission_id: str, number: str, code: str, detail: str) -> dict[str, str]:
    return {"submission_id": submission_id, "number": number, "code": code, "detail": detail}
