"""开始申报: only under a policy in force (GD-32)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gf_chassis.clock import SHANGHAI
from gf_chassis.database import Database
from gf_chassis.errors import NotFound, Stale
from gf_chassis.http import etag
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_intake.adapters import contracts
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.usecases.views import campaign_view


@dataclass(frozen=True, slots=True)
class OpenCampaign:
    """Use case."""

    database: Database
    policies: Policies

    async def __call__(
        self, principal: Principal, campaign_id: UUID, seen_version: int, renewal_document: str, once: Once
    ) -> dict[str, Any]:
        principal.require("steward")
        async with self.database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            repository = Repository(uow.session)
            campaign = await repository.campaign(campaign_id, lock=True)
            if campaign is None or campaign.owner != principal.authority:
                raise NotFound
            if campaign.version != seen_version:
                raise Stale(current=etag(campaign.version))
            campaign.renewal_document = renewal_document or campaign.renewal_document
            today = (await uow.now()).astimezone(SHANGHAI).date()
            campaign.open(today)
            windows = self.policies.campaign_windows(campaign.policy.id)
            published = contracts.campaign_changed(campaign, windows)
            await repository.save_campaign(campaign)
            data = {"version": campaign.version, "policy_hash": campaign.policy.hash}
            basis = campaign.renewal_document or campaign.policy.id
            uow.journal(Entry("campaign", str(campaign.id), "CampaignOpened", data, basis=basis, published=published))
            view = campaign_view(campaign, windows)
            await once.keep(uow, view)
            await uow.commit()
            return view
