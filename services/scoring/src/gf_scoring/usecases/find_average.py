"""The average of a region's units already on a list (N25-avg): shown to the reviewer with date and count.

Counted are the newest sheets of the campaign's self-evaluations (对标自评) of units that stand on the list now and
belong to the authority or to one below it. A whole country's is a sum over tens of thousands of sheets, so an average
is kept for a while; its date says as of when it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text

from gf_chassis.database import Database
from gf_policy.authorities import AuthorityTree
from gf_scoring.domain.numbers import half_up, plain

KEPT = timedelta(seconds=30)

_SUM = text(
    "select count(*), coalesce(sum(total), 0) from ("
    "  select distinct on (s.submission_id) s.submission_id, s.outcome, s.total from score_sheet s"
    "  join membership m on m.unit_id = s.unit_id and m.list_id = :list_id and m.listed"
    "  where s.campaign_id = :campaign_id and s.kind = 'benchmark' and s.category = :category"
    "  and s.superior = any(cast(:authorities as text[]))"
    "  order by s.submission_id, s.number desc) newest where outcome = 'scored'"
)


@dataclass(frozen=True, slots=True)
class Average:
    authority: str
    category: str
    list_id: str
    count: int
    #: None as long as no listed unit has a score.
    points: str | None
    as_of: datetime


class FindAverage:
    def __init__(self, database: Database, authorities: AuthorityTree) -> None:
        self._database = database
        self._authorities = authorities
        self._kept: dict[tuple[UUID, str, str, str], Average] = {}

    async def __call__(self, campaign_id: UUID, category: str, authority: str, list_id: str) -> Average:
        asked = (campaign_id, category, authority, list_id)
        now = self._database.clock.now()
        self._kept = {key: one for key, one in self._kept.items() if one.as_of > now - KEPT}
        if asked not in self._kept:
            self._kept[asked] = await self._worked_out(*asked)
        return self._kept[asked]

    async def _worked_out(self, campaign_id: UUID, category: str, authority: str, list_id: str) -> Average:
        below = sorted(self._authorities.under(authority))
        asked = {"campaign_id": campaign_id, "category": category, "authorities": below, "list_id": list_id}
        async with self._database.reading() as session:
            count, total = (await session.execute(_SUM, asked)).one()
            as_of = await self._database.now(session)
        points = _mean(total, count) if count else None
        return Average(authority, category, list_id, count, points, as_of)


def _mean(total: Decimal, count: int) -> str:
    """Rounded half-up once, to twelve digits like everything else."""
    numerator, denominator = total.as_integer_ratio()
    return plain(half_up(numerator * 10**12, denominator * count), 12)
