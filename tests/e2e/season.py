"""A campaign under way, in which journeys are made."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gf_standalone.demo import data
from gf_standalone.demo.acts import Desk, Steward
from gf_standalone.demo.client import Refused
from gf_standalone.demo.story import EXTENDED_UNTIL, EXTENSION, NAME, POLICY, YEAR
from tests.support.enterprises import Enterprise, enterprise
from tests.support.house import Databases, House, open_house

Json = dict[str, Any]


@dataclass
class Season:
    house: House
    campaign: str

    def desk(self, name: str) -> Desk:
        return Desk(self.house.speak(f"{name}-review"), self.house.speak(f"{name}-approve"))

    async def applied(self, superior: str, region: str, **profile: Any) -> tuple[Enterprise, str]:
        one = await enterprise(self.house, superior, region, **profile)
        return one, await one.applicant.apply(one.unit_id, self.campaign)

    async def until(self, one: Enterprise, submission: str, state: str) -> Json:
        found: Json = await one.client.until(
            f"/intake/v1/submissions/{submission}", lambda seen: seen["state"] == state, what=f"submission {state}"
        )
        return found


@asynccontextmanager
async def open_season(make_database: Databases, folder: Path) -> AsyncIterator[Season]:
    async with open_house(make_database, folder) as house:
        steward = Steward(house.speak("miit-lists"))
        campaign = await steward.open_campaign(NAME, YEAR, POLICY)
        await steward.publish_benchmarks(campaign, data.benchmarks())
        for act in ("submit", "decide:county", "decide:city", "decide:province", "decide:group"):
            await steward.extend(campaign, act, EXTENDED_UNTIL, EXTENSION)
        await Steward(house.speak("cq-lists")).extend(campaign, "submit", EXTENDED_UNTIL, EXTENSION)
        yield Season(house, campaign)


async def refused(work: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await work
    return caught.value


async def bar(season: Season, one: Enterprise) -> None:
    """A ground of exclusion arises (信用中国), recorded by the ministry's registrar."""
    await season.house.speak("miit-lists").post(
        "/registry/v1/bars",
        {
            "unit_id": one.unit_id,
            "ground": "dishonest",
            "source": "信用中国",
            "source_date": season.house.clock.now().date().isoformat(),
            "reason": "被列为失信被执行人",
        },
    )
