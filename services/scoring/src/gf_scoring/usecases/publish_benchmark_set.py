"""Publish a drafted benchmark set: it takes the place of the one in force. Sheets that exist stay as they are."""

from __future__ import annotations

from uuid import UUID

from gf_chassis.database import Database
from gf_chassis.errors import Stale
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_scoring.adapters import benchmark_sets, repository
from gf_scoring.domain import benchmarks
from gf_scoring.domain.benchmarks import RULE
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
            now = await uow.now()
            draft = benchmark_sets.domain_of(row)
            new = benchmarks.published(draft, now)
            former = await benchmark_sets.in_force(uow.session, draft)
            if former is not None:
                benchmark_sets.update(former, benchmarks.superseded(benchmark_sets.domain_of(former), now))
                await uow.session.flush()
                uow.journal(
                    Entry(
                        "benchmark_set", str(former.id), "benchmark_set_superseded", {"by": str(row.id)}, row.document
                    )
                )
            benchmark_sets.update(row, new)
            uow.journal(
                Entry("benchmark_set", str(row.id), "benchmark_set_published", {"hash": row.hash}, row.document)
            )
            result: dict[str, str | int] = {"id": str(row.id), "state": row.state, "version": row.version}
            await once.keep(uow, result)
            await uow.commit()
        return result
