"""A lock per unit, so that a bar and the opening of a case of that unit never pass each other unseen."""

from __future__ import annotations

from sqlalchemy import text

from gf_chassis.database import UnitOfWork


async def lock_unit(uow: UnitOfWork, unit_id: str) -> None:
    await uow.session.execute(
        text("select pg_advisory_xact_lock(hashtextextended('review.unit:' || cast(:unit as text), 0))"),
        {"unit": unit_id},
    )
