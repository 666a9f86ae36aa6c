"""Statistics in the two columns of DM annex 1, at any date (DM-A1). Removed units are not counted."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from gf_chassis.database import Database
from gf_chassis.errors import NotFound
from gf_registry.adapters import reading
from gf_registry.adapters.law import Law
from gf_registry.domain.statistics import count


async def count_statistics(
    database: Database, law: Law, authority: str, on: date | None, known_at: datetime | None, digits: int
) -> dict[str, Any]:
    if not law.chain(authority):
        raise NotFound
    day = on or database.clock.today()
    async with database.reading() as session:
        stands = await reading.stands(session, day, known_at, authority, digits)
    return {
        "authority": authority, "name": law.name(authority), "on": day, "known_at": known_at,
        "rows": [asdict(row) for row in count(stands)],
    }  # fmt: skip
