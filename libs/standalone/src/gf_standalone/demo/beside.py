"""Beside the story: a park under the same campaign, and chain leaders under a province's rules and those of 2023.

They show that tables of several jurisdictions and years run side by side; each is scored and then waits for a person.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from gf_standalone.demo import data
from gf_standalone.demo.acts import Applicant, Steward
from gf_standalone.demo.client import Client
from gf_standalone.demo.narrator import Narrator


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign beside the story's own."""

    name: str
    year: int
    policy: str
    steward: str
    #: Where the policy's term or its dates are over: the document by which they are renewed, and until when.
    renewal: str = ""
    until: date | None = None


CAMPAIGNS = {
    "rules": Campaign("某省2025年度绿色制造名单（演示）", 2025, "unnamed-province/2024/rules", "cq"),
    "n23": Campaign(
        "2023年度绿色制造名单推荐（补办，演示）",
        2023,
        "national/2023/n23",
        "miit",
        "关于补办2023年度绿色制造名单推荐的通知（演示）",
        date(2026, 5, 31),
    ),
}


@dataclass(frozen=True, slots=True)
class Beside:
    client: Any
    narrator: Narrator

    async def tell(self, story_campaign: str) -> None:
        """Campaigns first; then each unit on its own."""
        ids = {"n25": story_campaign}
        for key, campaign in CAMPAIGNS.items():
            ids[key] = await self.narrator.step(
                f"campaign:{key}", f"开始受理：{campaign.name}", partial(self._open, campaign)
            )
        units = data.beside()
        await asyncio.gather(*(self._unit(name, unit, ids[unit["campaign"]]) for name, unit in units.items()))

    async def _open(self, campaign: Campaign) -> str:
        steward = Steward(self._as(f"{campaign.steward}-lists"))
        return await steward.open_campaign(
            campaign.name,
            campaign.year,
            campaign.policy,
            categories=("factory", "park", "supply_chain"),
            kinds=("application",),
            renewal=campaign.renewal,
            until=campaign.until,
        )

    async def _unit(self, name: str, unit: dict[str, Any], campaign_id: str) -> None:
        applicant = Applicant(self._as(unit["account"]), unit)
        unit_id = await self.narrator.step(f"unit:{name}", f"{unit['name']} 注册", applicant.register)

        async def apply() -> str:
            submission_id = await applicant.apply(unit_id, campaign_id)
            await applicant.scored(submission_id)
            return submission_id

        await self.narrator.step(f"apply:{name}", f"{unit['name']} 自评价、上报，评分表已出", apply)

    def _as(self, account: str) -> Client:
        made: Client = self.client(account)
        return made
