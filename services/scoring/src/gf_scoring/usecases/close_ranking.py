"""Close a run (结束排名): everything it waits for is here, every unit gets its place, once and for good."""

from __future__ import annotations

import time
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from gf_chassis.database import Database, UnitOfWork
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_policy.authorities import AuthorityTree
from gf_policy.ranking import read_rules
from gf_scoring.adapters import rankings, repository
from gf_scoring.adapters.rankings import Placed
from gf_scoring.adapters.tables import RankingRunRow
from gf_scoring.domain.errors import NotVisible
from gf_scoring.domain.rankings import RULE, RankingRefused, Run, RunState, closed, mean

#: How often a run that collects is looked at again.
_SECONDS = 20.0


class CloseRanking:
    def __init__(self, database: Database, authorities: AuthorityTree) -> None:
        self._database = database
        self._authorities = authorities
        self._looked: dict[UUID, float] = {}

    async def __call__(self, principal: Principal, run_id: UUID) -> None:
        """On request; refused with what is missing."""
        principal.require("steward", rule=RULE)
        async with self._database.unit_of_work(principal.actor()) as uow:
            row = await rankings.locked(uow.session, run_id)
            if row is None or row.authority != principal.authority:
                raise NotVisible
            await self._close(uow, row)
            await uow.commit()

    async def tick(self, now: datetime) -> None:
        """Whatever is complete closes by itself."""
        async with self._database.reading() as session:
            collecting = await rankings.in_state(session, RunState.COLLECTING)
        for run_id in collecting:
            if time.monotonic() - self._looked.get(run_id, -_SECONDS) < _SECONDS:
                continue
            self._looked[run_id] = time.monotonic()
            await self._try(run_id)

    async def _try(self, run_id: UUID) -> None:
        async with self._database.reading() as session:
            row = await session.get(RankingRunRow, run_id)
            if row is None or (await rankings.waiting_for(session, row)).reasons():
                return
        async with self._database.unit_of_work() as uow:
            row = await rankings.locked(uow.session, run_id)
            if row is None or row.state != RunState.COLLECTING.value:
                return
            try:
                await self._close(uow, row)
            except RankingRefused:
                # Something came in between; it is looked at again.
                return
            await uow.commit()

    async def _close(self, uow: UnitOfWork, row: RankingRunRow) -> None:
        # No batch of sheets is half in: what the waiting was checked against is what gets its place.
        await repository.alone(uow.session)
        await repository.patient(uow.session)
        rules = read_rules(row.rules["header"], row.rules["rules"])
        waiting = await rankings.waiting_for(uow.session, row)
        now = await uow.now()
        run = Run(row.id, RunState(row.state), row.year, row.authority)
        closed(run, waiting, at=now, count=0, digest="")
        placed = await rankings.place_all(uow.session, row, rules, self._authorities)
        done = closed(run, waiting, at=now, count=placed.count, digest=placed.digest)
        row.state, row.population_at, row.closed_at = done.state.value, done.population_at, now
        row.count, row.unranked, row.digest = done.count, placed.unranked, done.digest
        row.averages = averages(placed, rules.average_minimum)
        row.version += 1
        data = {"count": done.count, "unranked": placed.unranked, "digest": done.digest, "rules_hash": row.rules_hash}
        uow.journal(Entry("ranking_run", str(row.id), "ranking_closed", data, rules.id))


def averages(placed: Placed, minimum: int) -> list[dict[str, object]]:
    """The average of each recipient's ranked units (平均水平); none where fewer than the rule asks."""
    found: list[dict[str, object]] = []
    for recipient, count, total in placed.sums:
        up, down = Decimal(total).as_integer_ratio()
        points = mean(up * 10**12, down * count, 12) if count >= minimum else None
        found.append({"authority": recipient, "count": count, "points": points})
    return found
