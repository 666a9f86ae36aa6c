"""上传佐证材料: streamed, checked, stored under its hash; for a unit, or at once in a slot of a submission."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, func, select

from gf_chassis.database import Database, UnitOfWork
from gf_chassis.errors import NotFound
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_chassis.journal import Entry
from gf_intake.adapters.evidence_store import EvidenceStore, StoredFile
from gf_intake.adapters.file_checks import NAMES
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.adapters.tables import AttachmentRow, EvidenceRow
from gf_intake.domain.content import SEALED_SCAN
from gf_intake.domain.errors import EvidenceRefused, IllegalTransition, NotVerified
from gf_intake.domain.submissions import EDITABLE, LABELS, Submission, SubmissionState
from gf_intake.domain.units import Unit
from gf_intake.usecases.access import own_submission, own_unit
from gf_policy.model import EvidenceSlot


@dataclass(frozen=True, slots=True)
class StoreEvidence:
    """Use case. The bytes are received before any transaction is opened."""

    database: Database
    policies: Policies
    store: EvidenceStore

    async def for_unit(
        self,
        principal: Principal,
        unit_id: UUID,
        name: str,
        content_hash: str | None,
        stream: AsyncIterator[bytes],
        *,
        declared: str = "",
    ) -> EvidenceRow:
        """Kept with the unit, to be named by a one-call submission. `content_hash`: what a sealed print shows."""
        async with self.database.reading() as session:
            await own_unit(Repository(session), principal, unit_id, self.policies)
        stored = await self.store.put(stream, name, declared)
        async with self.database.unit_of_work(principal.actor()) as uow:
            row = await _record(uow, unit_id, stored, name, content_hash)
            await uow.commit()
            return row

    async def for_slot(
        self,
        principal: Principal,
        submission_id: UUID,
        slot: str,
        name: str,
        stream: AsyncIterator[bytes],
        *,
        declared: str = "",
        printed_from: str | None = None,
    ) -> EvidenceRow:
        """Into a slot of a form that is being filled. `printed_from`: the content a sealed print was made of."""
        async with self.database.reading() as session:
            repository = Repository(session)
            submission, unit = await own_submission(repository, principal, submission_id, self.policies)
            await self._require_slot(repository, submission, unit, slot)
        stored = await self.store.put(stream, name, declared)
        async with self.database.unit_of_work(principal.actor()) as uow:
            repository = Repository(uow.session)
            submission, unit = await own_submission(repository, principal, submission_id, self.policies, lock=True)
            known = await self._require_slot(repository, submission, unit, slot)
            _require_type(known, stored)
            row = await _record(uow, unit.id, stored, name, _content_of(submission, slot, printed_from))
            attachment = await uow.session.get(AttachmentRow, (submission_id, row.id, slot))
            if attachment is None:
                attachment = AttachmentRow(
                    submission_id=submission_id, evidence_id=row.id, slot=slot, attached_at=await uow.now()
                )
                uow.session.add(attachment)
            attachment.removed_at = None
            data = {"evidence_id": str(row.id), "slot": slot, "sha256": row.sha256}
            uow.journal(Entry("submission", str(submission_id), "EvidenceAttached", data, basis="N25-evid"))
            await uow.commit()
            return row

    async def _require_slot(
        self, repository: Repository, submission: Submission, unit: Unit, slot: str
    ) -> EvidenceSlot:
        if submission.state not in EDITABLE:
            raise IllegalTransition(f"当前状态为“{LABELS[submission.state]}”,不能上传材料。")
        if slot == SEALED_SCAN and submission.state is not SubmissionState.VERIFIED:
            raise NotVerified("请先“验证并保存”并导出,再上传盖章扫描件。", rule="DM-export")
        campaign = await repository.campaign(submission.campaign_id)
        if campaign is None:
            raise NotFound
        rules = self.policies.rules(campaign.policy.id, unit.profile.superior, unit.category, submission.kind)
        known = next((one for one in rules.form.evidence_slots if one.code == slot), None)
        if known is None:
            raise EvidenceRefused(f"本表没有编号为 {slot} 的材料项。", code="unknown_slot")
        used = await repository.session.exec(
            select(func.count())
            .select_from(AttachmentRow)
            .where(
                col(AttachmentRow.submission_id) == submission.id,
                col(AttachmentRow.slot) == slot,
                col(AttachmentRow.removed_at).is_(None),
            )
        )
        if used.one() >= known.max_files:
            raise EvidenceRefused(f"“{known.label}”最多上传 {known.max_files} 个文件。", code="too_many_files")
        return known


def _require_type(slot: EvidenceSlot, stored: StoredFile) -> None:
    """Which types a slot takes is data: what reviewers are to look at should open in the browser."""
    if slot.media_types and stored.media_type not in slot.media_types:
        accepted = "、".join(NAMES.get(one, one) for one in slot.media_types)
        given = NAMES.get(stored.media_type, stored.media_type)
        raise EvidenceRefused(f"“{slot.label}”只接受 {accepted},所选文件是 {given}。", code="type_not_for_slot")


def _content_of(submission: Submission, slot: str, printed_from: str | None) -> str | None:
    """A scan belongs to the content it was printed from (DM-export)."""
    if slot != SEALED_SCAN:
        return None
    if printed_from is not None and printed_from != submission.content_hash:
        raise EvidenceRefused(
            "内容在打印之后已修改,这份盖章扫描件不能再用。请重新打印、签字盖章并扫描上传。",
            code="printed_from_other_content",
            rule="DM-export",
        )
    return submission.content_hash


async def _record(
    uow: UnitOfWork, unit_id: UUID, stored: StoredFile, name: str, content_hash: str | None
) -> EvidenceRow:
    """The same file for the same purpose is the same evidence: a repeated PUT gives the first answer."""
    found = await uow.session.exec(
        select(EvidenceRow).where(
            col(EvidenceRow.unit_id) == unit_id,
            col(EvidenceRow.sha256) == stored.sha256,
            col(EvidenceRow.name) == name,
            col(EvidenceRow.content_hash).is_not_distinct_from(content_hash),
        )
    )
    row = found.first()
    if row is None:
        row = EvidenceRow(
            id=new_id(),
            unit_id=unit_id,
            sha256=stored.sha256,
            size_bytes=stored.size_bytes,
            media_type=stored.media_type,
            name=name,
            content_hash=content_hash,
            uploaded_at=await uow.now(),
            uploaded_by=uow.actor.subject,
        )
        uow.session.add(row)
        data = {"evidence_id": str(row.id), "sha256": row.sha256, "size_bytes": row.size_bytes}
        uow.journal(Entry("unit", str(unit_id), "EvidenceStored", data))
    return row
