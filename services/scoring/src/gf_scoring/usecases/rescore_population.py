"""Score a population again beside its sheets (试算), stretch by stretch, in any number of processes.

A stretch is claimed, scored and marked done in one transaction: whoever is killed leaves nothing half, and the stretch
to the next one who asks.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from gf_chassis.database import Database, UnitOfWork
from gf_chassis.journal import Entry
from gf_policy.candidates import read_candidate
from gf_policy.ranking import RankingTable
from gf_scoring.adapters import contracts, repository, rescoring
from gf_scoring.adapters.rulebook import Rulebook, Sets
from gf_scoring.adapters.tables import BenchmarkSetRow, CampaignRow, RescoreRunRow
from gf_scoring.adapters.versions import Versions
from gf_scoring.domain.rescoring import RescoreState, moved

#: What a tick of the worker spends at most before the consumers beside it get their turn.
_TICK_SECONDS = 0.5


class RescorePopulation:
    def __init__(self, database: Database, rulebook: Rulebook, versions: Versions, rankings: RankingTable) -> None:
        self._database = database
        self._rulebook = rulebook
        self._versions = versions
        self._rankings = rankings
        self._sets: dict[UUID, Sets] = {}

    async def tick(self, now: datetime) -> None:
        async with self._database.reading() as session:
            running = await rescoring.in_state(session, RescoreState.RUNNING.value)
        until = time.monotonic() + _TICK_SECONDS
        for run_id in running:
            while time.monotonic() < until and await self.step(run_id):
                pass

    async def step(self, run_id: UUID) -> bool:
        """One stretch; False when the run is over or others have all that is left."""
        async with self._database.unit_of_work() as uow:
            run = await uow.session.get(RescoreRunRow, run_id)
            if run is None or run.state != RescoreState.RUNNING.value:
                return False
            stretch = await rescoring.claim(uow.session, run_id, "scored_at")
            if stretch is None:
                return await self._finish(uow, run_id)
            if run_id not in self._sets:
                self._sets[run_id] = await candidate_sets(uow, run, self._rulebook, self._versions)
            rows = await rescoring.newest(uow.session, run, stretch)
            marked = [str(row.submission_id) for row in rows if row.marked]
            known = await repository.assessments(uow.session, marked) if marked else {}
            await rescoring.add(uow.session, run_id, self._weighed(self._sets[run_id], rows, known))
            await uow.commit()
        return True

    def _weighed(self, sets: Sets, rows: Sequence[Any], known: Any) -> list[tuple[Any, ...]]:
        weigh, read, subject_of = self._rulebook.weigh, contracts.admitted_from, contracts.subject_of
        found: list[tuple[Any, ...]] = []
        for submission_id, number, former, marked, round_, _, admitted in rows:
            message = read(admitted)
            subject = subject_of(message)
            assessment = known.get((str(submission_id), round_)) if marked else None
            weighed = weigh(sets, message, subject, admitted, assessment)
            total = None
            if weighed is not None and weighed[1].total is not None:
                total = Decimal(weighed[1].total).scaleb(-weighed[0].scorer.ruleset.scale)
            found.append(
                (submission_id, number, subject.unit_id, subject.superior, subject.key_industry, former, total)
            )
        return found

    async def _finish(self, uow: UnitOfWork, run_id: UUID) -> bool:
        """All stretches are scored: rank before and after, then draw up the report; two transactions, so that neither
        stays open for long. Whoever comes first does it; True when there is more to do."""
        run = await rescoring.locked(uow.session, run_id)
        if run is None or run.state != RescoreState.RUNNING.value:
            return False
        if await rescoring.any_open(uow.session, run_id, "scored_at"):
            return False
        await repository.patient(uow.session)
        tree = self._versions.book.authorities
        if run.report is None:
            campaign = await uow.session.get(CampaignRow, run.campaign_id)
            rules = self._rankings.find(campaign.base, run.category) if campaign else None
            if rules is not None:
                await rescoring.find_moves(uow.session, run_id, rules, tree)
            run.report = {}
            await uow.commit()
            return True
        run.report = asdict(await rescoring.report(uow.session, run_id, tree))
        run.state = moved(RescoreState(run.state), RescoreState.FINISHED).value
        run.finished_at = await uow.now()
        run.version += 1
        uow.journal(Entry("rescore_run", str(run_id), "rescoring_finished", {"total": run.total}, run.ruleset_id))
        await uow.commit()
        return False


async def candidate_sets(uow: UnitOfWork, run: RescoreRunRow, rulebook: Rulebook, versions: Versions) -> Sets:
    """What would be in force after the switch."""
    sets = await rulebook.in_force(uow.session, {str(run.campaign_id)})
    if run.ruleset_text:
        sets.versions = {**sets.versions, run.ruleset_id: read_candidate(versions.book, run.ruleset_text)}
    if run.sets:
        drafts = await uow.session.exec(
            select(BenchmarkSetRow).where(col(BenchmarkSetRow.id).in_([UUID(one) for one in run.sets]))
        )
        sets.update((rulebook.key_of(row), rulebook.set_of(row)) for row in drafts)
    return sets
