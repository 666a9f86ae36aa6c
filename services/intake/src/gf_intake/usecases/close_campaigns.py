"""结束申报批次: a tick closes what is over and sends the control totals that rankings and editions wait for."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.database import Database
from gf_chassis.journal import Entry
from gf_intake.adapters import contracts
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.adapters.tables import CampaignRow, RoundRow
from gf_intake.domain.campaigns import SUBMIT, Campaign, CampaignState, last_close


@dataclass(frozen=True, slots=True)
class CloseCampaigns:
    """Tick. A campaign is over when the last window to submit, extensions included, is over."""

    database: Database
    policies: Policies

    async def __call__(self, now: datetime) -> None:
        for campaign_id in await self._over():
            await self._close_if_over(campaign_id)

    async def _over(self) -> list[UUID]:
        """Looked for without a lock: one on a campaign that runs would hold up every admission of the moment."""
        async with self.database.reading() as session:
            now = await self.database.now(session)
            found = await session.exec(select(CampaignRow.id).where(col(CampaignRow.state) == CampaignState.OPEN))
            repository = Repository(session)
            running = [await repository.campaign(campaign_id) for campaign_id in list(found)]
            return [one.id for one in running if one is not None and self._over_at(one) <= now]

    async def _close_if_over(self, campaign_id: UUID) -> None:
        async with self.database.unit_of_work() as uow:
            repository = Repository(uow.session)
            # The lock waits for admissions that are being committed: the totals miss none of them.
            campaign = await repository.campaign(campaign_id, lock=True)
            if campaign is None or campaign.state is not CampaignState.OPEN:
                return
            if await uow.now() < self._over_at(campaign):
                return
            campaign.close()
            totals = await control_totals(uow.session, campaign_id)
            windows = self.policies.campaign_windows(campaign.policy.id)
            changed = contracts.campaign_changed(campaign, windows)
            closed = contracts.campaign_closed(campaign, totals)
            await repository.save_campaign(campaign)
            key = str(campaign.id)
            uow.journal(Entry("campaign", key, "CampaignClosed", {"version": campaign.version}, published=changed))
            uow.journal(Entry("campaign", key, "ControlTotalsSent", {"totals": len(totals)}, published=closed))
            await uow.commit()

    def _over_at(self, campaign: Campaign) -> datetime:
        windows = [w for w in self.policies.campaign_windows(campaign.policy.id) if w.act == SUBMIT]
        windows.append(self.policies.window(campaign.policy.id, SUBMIT, campaign.owner))
        return last_close(windows, campaign.dates)


async def control_totals(session: AsyncSession, campaign_id: UUID) -> list[tuple[str, str, int, str]]:
    """Per kind and superior: how many rounds were admitted, and a digest over the `<submission>:<round>` lines."""
    rows = await session.exec(
        select(RoundRow.kind, RoundRow.superior, RoundRow.submission_id, RoundRow.round).where(
            col(RoundRow.campaign_id) == campaign_id
        )
    )
    lines: dict[tuple[str, str], list[str]] = defaultdict(list)
    for kind, superior, submission_id, round_ in rows:
        lines[kind, superior].append(f"{submission_id}:{round_}")
    return [
        (kind, superior, len(own), hashlib.sha256("\n".join(sorted(own)).encode()).hexdigest())
        for (kind, superior), own in sorted(lines.items())
    ]
