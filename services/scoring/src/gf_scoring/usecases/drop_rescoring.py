"""Give up a shadow run (放弃试算): nothing of it ever comes into force."""

from __future__ import annotations

from uuid import UUID

from gf_chassis.database import Database
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_scoring.adapters import rescoring
from gf_scoring.domain.errors import NotVisible
from gf_scoring.domain.rescoring import RULE, RescoreState, moved


class DropRescoring:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, principal: Principal, run_id: UUID, once: Once) -> dict[str, str | int]:
        principal.require("steward", rule=RULE)
        async with self._database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            run = await rescoring.locked(uow.session, run_id)
            if run is None or run.authority != principal.authority:
                raise NotVisible
            run.state = moved(RescoreState(run.state), RescoreState.DROPPED).value
            run.version += 1
            uow.journal(Entry("rescore_run", str(run.id), "rescoring_dropped", {}, run.ruleset_id))
            result: dict[str, str | int] = {"id": str(run.id), "state": run.state, "version": run.version}
            await once.keep(uow, result)
            await uow.commit()
        return result
