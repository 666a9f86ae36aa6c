"""What review decided about a submission: answer to a withdrawal, return for correction, closing.

From a consumer: the runner opened the unit of work and commits it with the position. What names an older round is
history without effect; both orders of any two are safe because each looks at the state under the row's lock.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from gf_chassis.database import UnitOfWork
from gf_chassis.journal import Entry
from gf_intake.adapters.repository import Repository
from gf_intake.adapters.tables import CorrectionRow
from gf_intake.domain.submissions import Submission


async def answer_withdrawal(uow: UnitOfWork, submission_id: UUID, round_: int, *, granted: bool, reason: str) -> None:
    """取消上报的答复: granted opens the next round, refused gives it back to review."""
    await _move(
        uow,
        submission_id,
        lambda submission: submission.answer_withdrawal(round_, granted=granted),
        Entry(
            "submission",
            str(submission_id),
            "WithdrawalGranted" if granted else "WithdrawalRefused",
            {"round": round_},
            basis="DM-withdraw",
            reason=reason,
        ),
    )


async def return_for_correction(
    uow: UnitOfWork,
    submission_id: UUID,
    round_: int,
    *,
    stage_no: int,
    findings: list[dict[str, Any]],
    reason: str,
    term_ends_at: datetime,
) -> None:
    """退回修改: the next round opens, with the fields that were found wanting and the term."""
    entry = Entry(
        "submission",
        str(submission_id),
        "ReturnedForCorrection",
        {"round": round_, "stage_no": stage_no, "term_ends_at": term_ends_at.isoformat()},
        basis="return",
        reason=reason,
    )
    if await _move(uow, submission_id, lambda s: s.return_for_correction(round_, term_ends_at), entry):
        uow.session.add(
            CorrectionRow(
                submission_id=submission_id,
                round=round_,
                stage_no=stage_no,
                reason=reason,
                term_ends_at=term_ends_at,
                findings=findings,
            )
        )


async def close_submission(
    uow: UnitOfWork, submission_id: UUID, round_: int, *, outcome: str, ground: str, article: str, reason: str
) -> None:
    """办结: also a form that is back with its applicant is closed when the case is cancelled."""
    await _move(
        uow,
        submission_id,
        lambda submission: submission.close(round_, outcome) or submission.cancel_draft(round_, outcome),
        Entry(
            "submission",
            str(submission_id),
            "Closed",
            {"round": round_, "outcome": outcome, "ground": ground},
            basis=article,
            reason=reason,
        ),
    )


async def _move(uow: UnitOfWork, submission_id: UUID, act: Callable[[Submission], bool], entry: Entry) -> bool:
    repository = Repository(uow.session)
    submission = await repository.submission(submission_id, lock=True)
    if submission is None or not act(submission):
        return False
    await repository.save_submission(submission)
    uow.journal(entry)
    return True
