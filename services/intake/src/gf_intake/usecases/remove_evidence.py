"""移除佐证材料: out of a slot of a form that is being filled; what an admitted round carried stays."""

from dataclasses import dataclass
from uuid import UUID

from gf_chassis.database import Database
from gf_chassis.errors import NotFound
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.adapters.tables import AttachmentRow
from gf_intake.domain.errors import IllegalTransition
from gf_intake.domain.submissions import EDITABLE, LABELS
from gf_intake.usecases.access import own_submission


@dataclass(frozen=True, slots=True)
class RemoveEvidence:
    """Use case."""

    database: Database
    policies: Policies

    async def __call__(self, principal: Principal, submission_id: UUID, slot: str, evidence_id: UUID) -> None:
        async with self.database.unit_of_work(principal.actor()) as uow:
            repository = Repository(uow.session)
            submission, _ = await own_submission(repository, principal, submission_id, self.policies, lock=True)
            if submission.state not in EDITABLE:
                raise IllegalTransition(f"当前状态为“{LABELS[submission.state]}”,不能移除材料。")
            attachment = await uow.session.get(AttachmentRow, (submission_id, evidence_id, slot))
            if attachment is None or attachment.removed_at is not None:
                raise NotFound
            attachment.removed_at = await uow.now()
            data = {"evidence_id": str(evidence_id), "slot": slot}
            uow.journal(Entry("submission", str(submission_id), "EvidenceRemoved", data))
            await uow.commit()
