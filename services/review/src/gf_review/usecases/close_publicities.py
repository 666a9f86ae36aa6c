"""公示到期."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gf_chassis.database import Database
from gf_review.adapters.batches import Publicities
from gf_review.domain.publicity import PublicityState
from gf_review.usecases.publish import hand_on


@dataclass(frozen=True)
class ClosePublicities:
    """The tick: every publicity whose term is over closes, one transaction each."""

    database: Database

    async def __call__(self, now: datetime) -> int:
        async with self.database.unit_of_work() as uow:
            due = await Publicities(uow).due(await uow.now())
        for publicity_id in due:
            await self._close(publicity_id)
        return len(due)

    async def _close(self, publicity_id: str) -> None:
        async with self.database.unit_of_work() as uow:
            publicities = Publicities(uow)
            publicity = await publicities.lock(publicity_id)
            at = await uow.now()
            # Another worker was faster.
            if (
                publicity is None
                or publicity.state is not PublicityState.OPEN
                or publicity.until is None
                or at < publicity.until
            ):
                return
            publicity.close(at)
            await hand_on(uow, publicity, at)
            await publicities.save(publicity)
            await uow.commit()
