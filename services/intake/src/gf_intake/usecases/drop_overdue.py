"""退回修改逾期: a tick drops what did not come back within its term."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from gf_chassis.database import Database
from gf_chassis.journal import Entry
from gf_intake.adapters import contracts
from gf_intake.adapters.repository import Repository
from gf_intake.adapters.tables import SubmissionRow
from gf_intake.domain.submissions import EDITABLE, DropReason

_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class DropOverdue:
    """Tick. Each submission is a transaction of its own, decided again under its lock by the database clock."""

    database: Database

    async def __call__(self, now: datetime) -> None:
        async with self.database.reading() as session:
            found = await session.exec(
                select(SubmissionRow.id)
                .where(col(SubmissionRow.term_ends_at) <= now, col(SubmissionRow.state).in_(sorted(EDITABLE)))
                .order_by(col(SubmissionRow.term_ends_at))
                .limit(_AT_ONCE)
            )
            overdue = list(found)
        for submission_id in overdue:
            await self._drop(submission_id)

    async def _drop(self, submission_id: UUID) -> None:
        async with self.database.unit_of_work() as uow:
            repository = Repository(uow.session)
            submission = await repository.submission(submission_id, lock=True)
            if submission is None or not submission.drop_if_term_over(await uow.now()):
                return
            published = contracts.submission_dropped(submission, DropReason.TERM_OVER)
            await repository.save_submission(submission)
            data = {"round": submission.round}
            uow.journal(Entry("submission", str(submission.id), "TermOver", data, basis="return", published=published))
            await uow.commit()
