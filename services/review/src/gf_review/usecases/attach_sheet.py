"""评分表: every revision is kept as it came, before or after its case; the case names the newest of its round."""

from __future__ import annotations

from sqlalchemy import text

from gf_chassis.database import UnitOfWork
from gf_chassis.journal import Entry
from gf_review.adapters import queue_index
from gf_review.adapters.policy import Policies
from gf_review.adapters.preferences import note_preferences
from gf_review.adapters.tables import SheetRow


class AttachSheet:
    """Use case of a consumer: the runner commits."""

    def __init__(self, policies: Policies) -> None:
        self.policies = policies

    async def __call__(self, uow: UnitOfWork, sheet: SheetRow) -> None:
        known = await uow.session.get(SheetRow, (sheet.submission_id, sheet.round, sheet.revision))
        if known is not None:
            return
        uow.session.add(sheet)
        await uow.session.flush()
        await note_sheet(uow, self.policies, sheet)
        data = {
            "round": sheet.round,
            "revision": sheet.revision,
            "outcome": sheet.outcome,
            "total": str(sheet.total) if sheet.total is not None else None,
        }
        uow.journal(Entry("case", sheet.submission_id, "sheet_attached", data))


async def note_sheet(uow: UnitOfWork, policies: Policies, sheet: SheetRow) -> None:
    """The row of the case is locked: a decision that saw the older sheet comes first or is told."""
    noted = await uow.session.execute(
        text(
            "update review_case set sheet_revision = :revision, sheet_total = :total"
            " where submission_id = :id and round = :round and sheet_revision < :revision returning 1"
        ),
        {"id": sheet.submission_id, "round": sheet.round, "revision": sheet.revision, "total": sheet.total},
    )
    if noted.first() is not None:
        await note_preferences(uow.session, policies, sheet.submission_id)
    await queue_index.refresh(uow.session, [sheet.submission_id])
