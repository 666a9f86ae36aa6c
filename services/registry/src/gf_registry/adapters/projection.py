"""What other services said about units, submissions and publicities: the halves that listings are joined from."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_registry.adapters.contracts import PublicityState, Submission, Unit
from gf_registry.adapters.tables import ImportedUnitRow, PublicityEntryRow, SubmissionRow, UnitProfileRow
from gf_registry.domain.listings import Listing, Publicity, publicity_of

_LINK = text("select pg_advisory_xact_lock(hashtext('registry.link'))")
_LINK_SHARED = text("select pg_advisory_xact_lock_shared(hashtext('registry.link'))")


async def store_unit(session: AsyncSession, unit: Unit) -> None:
    """One row per profile version."""
    values = {
        "unit_id": unit.unit_id, "profile_version": unit.profile_version, "state": unit.state,
        "category": unit.category, "name": unit.name, "uscc": unit.uscc, "region": unit.region,
        "industries": unit.industries, "superior": unit.superior, "group_authority": unit.group,
    }  # fmt: skip
    await session.execute(insert(UnitProfileRow).values(values).on_conflict_do_nothing())


async def store_submission(session: AsyncSession, s: Submission) -> None:
    values = {
        "submission_id": s.submission_id, "round": s.round, "unit_id": s.unit.unit_id, "campaign_id": s.campaign_id,
        "kind": s.kind, "year": s.year, "name": s.unit.name, "uscc": s.unit.uscc, "region": s.unit.region,
        "industries": s.unit.industries, "category": s.unit.category, "superior": s.unit.superior,
        "group_authority": s.unit.group, "policies": s.policies,
    }  # fmt: skip
    await session.execute(insert(SubmissionRow).values(values).on_conflict_do_nothing())


async def store_publicity(session: AsyncSession, publicity: PublicityState) -> None:
    """Events of one publicity come in order, so the last one stands."""
    for e in sorted(publicity.entries, key=lambda e: e.submission_id):
        statement = insert(PublicityEntryRow).values(
            publicity_id=publicity.publicity_id, submission_id=e.submission_id, state=publicity.state, entry=e.entry
        )
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["publicity_id", "submission_id"],
                set_={"state": statement.excluded.state, "entry": statement.excluded.entry},
            )
        )


async def publicity_for(session: AsyncSession, listing: Listing) -> Publicity:
    if listing.publicity_id is None:
        return Publicity.NONE_NEEDED
    row = await session.get(PublicityEntryRow, (listing.publicity_id, listing.submission_id), populate_existing=True)
    return publicity_of(listing.publicity_id, row.state if row else None, row.entry if row else None)


async def submission_of(session: AsyncSession, submission_id: UUID, round_: int) -> SubmissionRow | None:
    return await session.get(SubmissionRow, (submission_id, round_), populate_existing=True)


async def latest_submission(session: AsyncSession, submission_id: UUID) -> SubmissionRow | None:
    rows = await session.exec(
        select(SubmissionRow)
        .where(SubmissionRow.submission_id == submission_id)
        .order_by(col(SubmissionRow.round).desc())
        .limit(1)
    )
    return rows.first()


async def profile_of(session: AsyncSession, unit_id: UUID) -> UnitProfileRow | None:
    """The newest profile."""
    rows = await session.exec(
        select(UnitProfileRow)
        .where(UnitProfileRow.unit_id == unit_id)
        .order_by(col(UnitProfileRow.profile_version).desc())
        .limit(1)
    )
    return rows.first()


async def units_by_code(session: AsyncSession, uscc: list[str], category: str) -> dict[str, set[UUID]]:
    """Units whose newest profile carries one of the codes. A code is no key: there can be several."""
    rows = await session.execute(
        text(
            "select distinct on (unit_id) unit_id, uscc from unit_profile"
            " where category = :category and unit_id in (select unit_id from unit_profile where uscc = any(:codes))"
            " order by unit_id, profile_version desc"
        ),
        {"category": category, "codes": uscc},
    )
    found: dict[str, set[UUID]] = {}
    for unit_id, code in rows:
        found.setdefault(code, set()).add(unit_id)
    return found


async def lock_linking(session: AsyncSession, *, importing: bool) -> None:
    """An import and the arrival of a unit exclude each other: neither may miss the other's half."""
    await session.execute(_LINK if importing else _LINK_SHARED)


async def imported_by_code(session: AsyncSession, uscc: list[str], category: str) -> dict[str, ImportedUnitRow]:
    rows = await session.exec(
        select(ImportedUnitRow).where(
            col(ImportedUnitRow.uscc).in_(uscc),
            ImportedUnitRow.category == category,
            col(ImportedUnitRow.linked_to).is_(None),
        )
    )
    return {row.uscc: row for row in rows if row.uscc}


async def unknown_units(session: AsyncSession, unit_ids: list[UUID]) -> set[UUID]:
    """Which of the ids no profile has been heard of."""
    known = await session.execute(
        text("select distinct unit_id from unit_profile where unit_id = any(:ids)"), {"ids": unit_ids}
    )
    return set(unit_ids) - set(known.scalars())
