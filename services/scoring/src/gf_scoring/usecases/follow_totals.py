"""Projection: the control totals of a campaign that is over (受理总数)."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from gf_chassis.database import UnitOfWork
from gf_chassis.events import Event
from gf_scoring.adapters import contracts
from gf_scoring.adapters.tables import CampaignEndRow, CampaignTotalRow


async def follow_totals(uow: UnitOfWork, event: Event) -> None:
    closed = contracts.totals_of(event.message)
    await uow.session.execute(insert(CampaignEndRow).values(campaign_id=closed.campaign_id).on_conflict_do_nothing())
    for kind, authority, admitted, digest in closed.totals:
        values = {"admitted": admitted, "digest": digest}
        statement = insert(CampaignTotalRow).values(
            campaign_id=closed.campaign_id, kind=kind, authority=authority, **values
        )
        key = ["campaign_id", "kind", "authority"]
        await uow.session.execute(statement.on_conflict_do_update(index_elements=key, set_=values))
