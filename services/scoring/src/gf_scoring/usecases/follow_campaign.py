"""Projection: campaigns with their base policy and year."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from gf_chassis.database import UnitOfWork
from gf_chassis.events import Event
from gf_scoring.adapters import contracts
from gf_scoring.adapters.tables import CampaignRow


async def follow_campaign(uow: UnitOfWork, event: Event) -> None:
    campaign = contracts.campaign_of(event.message)
    values = {
        "name": campaign.name,
        "year": campaign.year,
        "state": campaign.state,
        "base": campaign.base,
        "categories": list(campaign.categories),
        "owner": campaign.owner,
    }
    statement = insert(CampaignRow).values(id=campaign.id, **values)
    await uow.session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
