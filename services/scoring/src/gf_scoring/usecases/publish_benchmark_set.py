"""Publish a drafted benchmark set: it takes the place of the one in force. Sheets that exist stay as they are."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from gf_chassis.database import Database, UnitOfWork
from gf_chassis.errors import Stale
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_scoring.adapters import benchmark_sets, repository
from gf_scoring.adapters.tables import BenchmarkSetRow
from gf_scoring.domain import benchmarks
from gf_scoring.domain.benchmarks import RULE, SetState
from gf_scoring.domain.errors import NotVisible


class PublishBenchmarkSet:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, principal: Principal, set_id: UUID, version: int, once: Once) -> dict[str, str | int]:
        principal.require("steward", rule=RULE)
        async with self._database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            # Running batches end by the set they started with; the next ones see the new one.
            await repository.alone(uow.session)
            row = await benchmark_sets.locked(uow.session, set_id)
            if row is None or row.authority != principal.authority:
                raise NotVisible
            if row.version != version:
                raise Stale(current=f'"{row.version}"')
            await _take_place(uow, row, await uow.now())
            result: dict[str, str | int] = {"id": str(row.id), "state": row.state, "version": row.version}
            await once.keep(uow, result)
            await uow.commit()
        return result


async def put_in_force(uow: UnitOfWork, set_id: UUID, authority: str, now: datetime) -> bool:
    """The same as part of a switch; False when it is no draft of this authority any more."""
    row = await benchmark_sets.locked(uow.session, set_id)
    if row is None or row.authority != authority or row.state != SetState.DRAFT.value:
        return False
    await _take_place(uow, row, now)
    return True


async def _take_place(uow: UnitOfWork, row: BenchmarkSetRow, now: datetime) -> None:
    draft = benchmark_sets.domain_of(row)
    new = benchmarks.published(draft, now)
    former = await benchmark_sets.in_force(uow.session, draft)
    if former is not None:
        benchmark_sets.update(former, benchmarks.superseded(benchmark_sets.domain_of(former), now))
        await uow.session.flush()
        data = {"by": str(row.id)}
        uow.journal(Entry("benchmark_set", str(former.id), "benchmark_set_superseded", data, row.document))
    benchmark_sets.update(row, new)
    # Another set of the same switch may look for the one in force.
    await uow.session.flush()
    uow.journal(Entry("benchmark_set", str(row.id), "benchmark_set_published", {"hash": row.hash}, row.document))
