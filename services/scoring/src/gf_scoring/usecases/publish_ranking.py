"""Publish a closed ranking (发布排名): one act with document and person. The events follow in chunks."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from gf_chassis.database import Database
from gf_chassis.errors import Stale
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry, Published
from gf_scoring.adapters import contracts, rankings
from gf_scoring.adapters.tables import RankingRunRow
from gf_scoring.domain.errors import NotVisible
from gf_scoring.domain.rankings import RULE, Run, RunState, published, superseded

#: Events in one transaction.
CHUNK = 1000


class PublishRanking:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(
        self, principal: Principal, run_id: UUID, version: int, document: str, person: str, once: Once
    ) -> dict[str, str | int]:
        principal.require("steward", rule=RULE)
        async with self._database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            row = await rankings.locked(uow.session, run_id)
            if row is None or row.authority != principal.authority:
                raise NotVisible
            if row.version != version:
                raise Stale(current=f'"{row.version}"')
            now = await uow.now()
            done = published(_run(row), at=now, document=document, person=person)
            former = await rankings.published_before(uow.session, row)
            if former is not None:
                former.state = superseded(_run(former), now).state.value
                former.superseded_at, row.supersedes = now, former.id
                former.version += 1
                await uow.session.flush()
                uow.journal(Entry("ranking_run", str(former.id), "ranking_superseded", {"by": str(row.id)}, document))
            row.state, row.published_at = done.state.value, now
            row.document, row.person, row.published_by = document, person, principal.subject
            row.version += 1
            uow.journal(Entry("ranking_run", str(row.id), "ranking_published", {"digest": row.digest}, document))
            result: dict[str, str | int] = {"id": str(row.id), "state": row.state, "version": row.version}
            await once.keep(uow, result)
            await uow.commit()
        return result


class SendRanking:
    """Tick: the events of published rankings, a chunk per transaction; whoever is killed goes on where it was."""

    def __init__(self, database: Database, chunk: int = CHUNK) -> None:
        self._database = database
        self._chunk = chunk

    async def __call__(self, now: datetime) -> None:
        async with self._database.reading() as session:
            waiting = [
                run_id
                for state in (RunState.PUBLISHED, RunState.SUPERSEDED)
                for run_id in await rankings.unsent(session, state)
            ]
        for run_id in waiting:
            while await self.step(run_id):
                pass

    async def step(self, run_id: UUID) -> bool:
        """One chunk; False when nothing is left."""
        async with self._database.unit_of_work() as uow:
            row = await rankings.locked(uow.session, run_id)
            if row is None or row.sent_all:
                return False
            key = str(row.id)
            places = await rankings.to_send(uow.session, row.id, row.sent, self._chunk)
            for place in places:
                row.sent += 1
                message = contracts.unit_ranked(row, place)
                sent = Published(contracts.RANKINGS, key, row.sent, message)
                uow.journal(Entry("ranking_run", key, "unit_ranked", published=sent))
            if row.sent == row.count:
                row.sent_all = True
                whole = contracts.ranking_closed(row, str(row.supersedes) if row.supersedes else None)
                sent = Published(contracts.RANKINGS, key, row.sent + 1, whole)
                uow.journal(Entry("ranking_run", key, "ranking_sent", {"count": row.count}, published=sent))
            await uow.commit()
            return not row.sent_all


def _run(row: RankingRunRow) -> Run:
    return Run(
        id=row.id,
        state=RunState(row.state),
        year=row.year,
        authority=row.authority,
        population_at=row.population_at,
        count=row.count,
        digest=row.digest,
        document=row.document,
        person=row.person,
        published_at=row.published_at,
        superseded_at=row.superseded_at,
    )
