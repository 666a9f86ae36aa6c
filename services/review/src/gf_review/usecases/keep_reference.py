"""What review needs of others' data, kept as it came: units, campaigns, memberships, averages."""

from __future__ import annotations

from collections.abc import Iterable

from gf_chassis.database import UnitOfWork
from gf_review.adapters.tables import AverageRow, CampaignRow, MembershipRow, UnitRow


class KeepReference:
    """Use case of a consumer: the runner commits."""

    async def __call__(
        self, uow: UnitOfWork, rows: Iterable[UnitRow | CampaignRow | MembershipRow | AverageRow]
    ) -> None:
        for row in rows:
            await uow.session.merge(row)
        await uow.session.flush()
