"""Score a population again beside its sheets (试算), stretch by stretch, in any number of processes.

A stretch is claimed, scored and marked done in one transaction: whoever is killed leaves nothing half, and the stretch
to the next one who asks.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from sqlmodel import col, select

from gf_chassis.database import Database, UnitOfWork
from gf_chassis.journal import Entry
from gf_policy.candidates import read_candidate
from gf_policy.ranking import RankingTable
from gf_scoring.adapters import contracts, moves, repository, rescoring
from gf_scoring.adapters.rulebook import Rulebook, Sets
from gf_scoring.adapters.tables import BenchmarkSetRow, CampaignRow, RescoreRunRow
from gf_scoring.adapters.versions import Versions
from gf_scoring.domain.rescoring import RescoreState, moved, names_of_bands

#: What a tick of the worker spends at most before the consumers beside it get their turn.
_TICK_SECONDS = 0.5


class _Trial(NamedTuple):
    """What a run scores by, and the names of the bands (星级) its sheets could be in, best first; most have none."""

    sets: Sets
    bands: Mapping[str, str]


class RescorePopulation:
    def __init__(self, database: Database, rulebook: Rulebook, versions: Versions, rankings: RankingTable) -> None:
        self._database = database
        self._rulebook = rulebook
        self._versions = versions
        self._rankings = rankings
        self._trials: dict[UUID, _Trial] = {}

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
            if run_id not in self._trials:
                self._trials[run_id] = await self._trial(uow, run)
            trial = self._trials[run_id]
            rows = await rescoring.newest(uow.session, run, stretch, whole=bool(trial.bands))
            marked = [str(row.submission_id) for row in rows if row.marked]
            known = await repository.assessments(uow.session, marked) if marked else {}
            await rescoring.add(uow.session, run_id, self._weighed(trial, rows, known))
            await uow.commit()
        return True

    async def _trial(self, uow: UnitOfWork, run: RescoreRunRow) -> _Trial:
        sets = await candidate_sets(uow, run, self._rulebook, self._versions)
        await self._versions.load(uow.session)
        rulesets = (*sets.versions.values(), *self._versions.of_category(run.category))
        return _Trial(sets, names_of_bands([one for one in rulesets if one.category == run.category]))

    def _weighed(self, trial: _Trial, rows: Sequence[Any], known: Any) -> list[rescoring.Rescored]:
        weigh, read, subject_of = self._rulebook.weigh, contracts.admitted_from, contracts.subject_of
        found: list[rescoring.Rescored] = []
        for row in rows:
            submission_id, number, former, marked, round_, _, admitted = row[:7]
            message = read(admitted)
            subject = subject_of(message)
            assessment = known.get((str(submission_id), round_)) if marked else None
            weighed = weigh(trial.sets, message, subject, admitted, assessment)
            total, band = None, ""
            if weighed is not None and weighed[1].total is not None:
                scorer = weighed[0].scorer
                total = Decimal(weighed[1].total).scaleb(-scorer.ruleset.scale)
                reached = scorer.band(weighed[1])
                band = reached.code if reached else ""
            industry = self._rulebook.industry(subject, message, assessment.industry_ruling if assessment else "")
            former_band = contracts.band_of(row.published) if trial.bands else ""
            found.append(
                rescoring.Rescored(
                    submission_id, number, subject.kind, subject.unit_id, subject.superior, industry, former, total,
                    former_band, band,
                )
            )  # fmt: skip
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
            await moves.find_moves(uow.session, run_id, rules, tree)
            run.report = {}
            await uow.commit()
            return True
        bands = (await self._trial(uow, run)).bands
        run.report = asdict(await moves.report(uow.session, run_id, tree, bands))
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
