"""What intake knows of registry's standings (memberships, bars) and of a submission's evidence, for many at once."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_intake.adapters.contracts import EvidenceRef
from gf_intake.adapters.tables import AttachmentRow, BarRow, EvidenceRow, MembershipRow
from gf_intake.domain.admission import Bar, Standing

NOTHING = Standing(frozenset(), ())


async def standings_of(session: AsyncSession, unit_ids: Collection[UUID]) -> dict[UUID, Standing]:
    """Lists a unit stands on and bars in force; a unit registry never spoke of is not in the answer."""
    lists: dict[UUID, set[str]] = defaultdict(set)
    bars: dict[UUID, list[Bar]] = defaultdict(list)
    ids = sorted(set(unit_ids))
    memberships = await session.exec(
        select(MembershipRow).where(col(MembershipRow.unit_id).in_(ids), col(MembershipRow.state) == "listed")
    )
    for membership in memberships:
        lists[membership.unit_id].add(membership.list_id)
    for bar in await session.exec(select(BarRow).where(col(BarRow.unit_id).in_(ids), col(BarRow.state) == "in_force")):
        bars[bar.unit_id].append(Bar(bar.ground, bar.article, bar.valid_from, bar.valid_until, bar.reason))
    return {unit: Standing(frozenset(lists[unit]), tuple(bars[unit])) for unit in lists.keys() | bars.keys()}


async def attached(session: AsyncSession, submission_id: UUID) -> list[EvidenceRef]:
    """Evidence now in the slots of a submission."""
    rows = await session.exec(
        select(AttachmentRow, EvidenceRow)
        .where(
            col(AttachmentRow.submission_id) == submission_id,
            col(AttachmentRow.removed_at).is_(None),
            EvidenceRow.id == AttachmentRow.evidence_id,
        )
        .order_by(col(AttachmentRow.slot), col(AttachmentRow.attached_at), col(AttachmentRow.evidence_id))
    )
    return [to_ref(evidence, attachment.slot) for attachment, evidence in rows]


async def evidence_of_units(session: AsyncSession, evidence_ids: Sequence[UUID]) -> dict[UUID, EvidenceRow]:
    rows = await session.exec(select(EvidenceRow).where(col(EvidenceRow.id).in_(sorted(set(evidence_ids)))))
    return {row.id: row for row in rows}


def to_ref(row: EvidenceRow, slot: str) -> EvidenceRef:
    return EvidenceRef(str(row.id), slot, row.sha256, row.size_bytes, row.media_type, row.content_hash)
