"""Bars whose last day is over expire (禁入期满). Called by the clock."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text

from gf_chassis.database import Database
from gf_registry.adapters.repository import Repository

from .steps import tell_bar, today

_DUE = text(
    "select distinct unit_id from bar where state = 'in_force' and until is not null and until <= :today limit 200"
)


async def expire_bars(database: Database, now: datetime) -> int:
    """How many expired. The database clock decides; `now` only says when to look."""
    async with database.reading() as session:
        due = list((await session.execute(_DUE, {"today": today(now)})).scalars())
    if not due:
        return 0
    async with database.unit_of_work() as uow:
        repo = Repository(uow)
        standings = await repo.lock_standings(due)
        day = today(await uow.now())
        count = 0
        for standing in standings.values():
            for bar in standing.due_bars(day):
                bar.expire(day)
                tell_bar(uow, standing, bar, reason="禁入期满")
                count += 1
        await repo.save_standings(standings.values())
        await uow.commit()
        return count
