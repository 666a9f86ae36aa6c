"""查看佐证材料: for those who act for the unit, and for reviewers whose round carried it. Everyone else: 404."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.database import Database
from gf_chassis.errors import NotFound
from gf_chassis.identity import Principal
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.adapters.tables import AttachmentRow, EvidenceRow, RoundRow
from gf_intake.usecases.access import is_mine, rounds_for_official


@dataclass(frozen=True, slots=True)
class OpenEvidence:
    """Use case."""

    database: Database
    policies: Policies

    async def __call__(self, principal: Principal, evidence_id: UUID) -> EvidenceRow:
        async with self.database.reading() as session:
            row = await session.get(EvidenceRow, evidence_id)
            if row is None:
                raise NotFound
            unit = await Repository(session).unit(row.unit_id)
            if unit is not None and is_mine(principal, unit, self.policies):
                return row
            if await self._in_a_round_of(session, principal, evidence_id):
                return row
        raise NotFound

    async def _in_a_round_of(self, session: AsyncSession, principal: Principal, evidence_id: UUID) -> bool:
        """Whether an admitted round that the official may read carried the file."""
        repository = Repository(session)
        attachments = await session.exec(
            select(AttachmentRow.submission_id).where(col(AttachmentRow.evidence_id) == evidence_id).distinct()
        )
        for submission_id in list(attachments):
            submission = await repository.submission(submission_id)
            if submission is None:
                continue
            rounds = await rounds_for_official(session, principal, submission)
            carried = await session.exec(
                select(RoundRow.round).where(
                    col(RoundRow.submission_id) == submission_id,
                    col(RoundRow.round).in_(sorted(rounds)),
                    col(RoundRow.evidence).any_() == str(evidence_id),
                )
            )
            if carried.first() is not None:
                return True
        return False
