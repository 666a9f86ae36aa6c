"""规定或延长截止时间: a row with document and person; a lower level may set an earlier date only (N25-dates)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from gf_chassis.database import Database
from gf_chassis.errors import NotFound
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_intake.adapters import contracts
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.domain.campaigns import Campaign, DateSet, Window
from gf_intake.usecases.views import campaign_view


@dataclass(frozen=True, slots=True)
class SetDate:
    """Use case."""

    database: Database
    policies: Policies

    async def __call__(
        self, principal: Principal, campaign_id: UUID, act: str, closes_at: datetime, document: str, once: Once
    ) -> dict[str, Any]:
        principal.require("steward")
        async with self.database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            repository = Repository(uow.session)
            campaign = await repository.campaign(campaign_id, lock=True)
            if campaign is None:
                raise NotFound
            now = await uow.now()
            authority = principal.authority
            in_force = self.policies.window_of(campaign, act, authority)
            extends = closes_at > in_force.closes_at
            date_set = DateSet(act, authority, closes_at, document, principal.subject, now, extends)
            campaign.set_date(date_set, in_force.opens_at, self._above(campaign, act, authority))
            windows = self.policies.campaign_windows(campaign.policy.id)
            published = contracts.campaign_changed(campaign, windows)
            await repository.save_campaign(campaign)
            data = {"act": act, "closes_at": closes_at.isoformat(), "extends": extends}
            uow.journal(Entry("campaign", str(campaign.id), "DateSet", data, basis=document, published=published))
            view = campaign_view(campaign, windows)
            await once.keep(uow, view)
            await uow.commit()
            return view

    def _above(self, campaign: Campaign, act: str, authority: str) -> Window | None:
        """What the levels above leave; the campaign's owner answers to nobody."""
        if authority == campaign.owner:
            return None
        parent = self.policies.book.authorities.parent(authority)
        return self.policies.window_of(campaign, act, parent.id if parent else campaign.owner)
