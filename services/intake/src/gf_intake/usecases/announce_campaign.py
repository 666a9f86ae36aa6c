"""发布申报批次: a steward announces a campaign under a base policy."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gf_chassis.database import Database
from gf_chassis.errors import NotFound
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_chassis.journal import Entry
from gf_intake.adapters import contracts
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.domain.campaigns import Campaign
from gf_intake.domain.errors import FieldError, InvalidProfile
from gf_intake.usecases.views import campaign_view


@dataclass(frozen=True, slots=True)
class AnnounceCampaign:
    """Use case."""

    database: Database
    policies: Policies

    async def __call__(
        self,
        principal: Principal,
        *,
        name: str,
        year: int,
        policy_id: str,
        categories: Sequence[str],
        kinds: Sequence[str],
        links: Sequence[dict[str, str]] = (),
        renewal_document: str = "",
        once: Once,
    ) -> dict[str, Any]:
        principal.require("steward")
        self._check(principal, policy_id, categories, kinds)
        campaign = Campaign(
            id=new_id(),
            name=name,
            year=year,
            policy=self.policies.base(policy_id),
            owner=principal.authority,
            categories=tuple(categories),
            kinds=tuple(kinds),
            renewal_document=renewal_document,
            links=tuple(links),
        )
        async with self.database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            windows = self.policies.campaign_windows(policy_id)
            published = contracts.campaign_changed(campaign, windows)
            await Repository(uow.session).add_campaign(campaign)
            data = {"policy": policy_id, "version": campaign.version}
            uow.journal(Entry("campaign", str(campaign.id), "CampaignAnnounced", data, published=published))
            view = campaign_view(campaign, windows)
            await once.keep(uow, view)
            await uow.commit()
            return view

    def _check(self, principal: Principal, policy_id: str, categories: Sequence[str], kinds: Sequence[str]) -> None:
        """The policy must be of the steward's own line, and know what the campaign is to run."""
        policy = self.policies.book.policy(policy_id)
        if policy.jurisdiction is not None and policy.jurisdiction not in self.policies.chain(principal.authority):
            raise NotFound
        errors = [
            FieldError(f"/categories/{index}", "unknown_category", f"该政策不涉及类别 {category}")
            for index, category in enumerate(categories)
            if category not in policy.categories
        ]
        errors += [
            FieldError(f"/kinds/{index}", "unknown_kind", f"该政策不涉及表单种类 {kind}")
            for index, kind in enumerate(kinds)
            if kind not in policy.kinds
        ]
        if errors:
            raise InvalidProfile(
                "批次的类别或表单种类超出政策范围。", code="outside_policy", rule="GD-3", errors=errors
            )
