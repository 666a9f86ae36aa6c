"""Switch to what a shadow run has tried (切换): one act with document and person; the sheets follow in stretches."""

from __future__ import annotations

import time
from datetime import datetime
from uuid import UUID

from sqlmodel import func, select

import gf_policy
from gf_chassis.database import Database, UnitOfWork
from gf_chassis.errors import Stale
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_scoring.adapters import contracts, repository, rescoring
from gf_scoring.adapters.repository import Drawn
from gf_scoring.adapters.rulebook import Rulebook
from gf_scoring.adapters.tables import RescoreRunRow, RulesetSwitchRow
from gf_scoring.domain.errors import NotVisible
from gf_scoring.domain.rescoring import RULE, RescoreRefused, RescoreState, moved
from gf_scoring.usecases.publish_benchmark_set import put_in_force

#: What a tick of the worker spends at most on new revisions.
_TICK_SECONDS = 0.5


class SwitchRuleset:
    def __init__(self, database: Database, book: gf_policy.Book) -> None:
        self._database = database
        self._book = book

    async def __call__(
        self, principal: Principal, run_id: UUID, version: int, document: str, person: str, once: Once
    ) -> dict[str, str | int]:
        principal.require("steward", rule=RULE)
        async with self._database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            # Running batches end by the rules they started with; the next ones see the new ones.
            await repository.alone(uow.session)
            run = await rescoring.locked(uow.session, run_id)
            if run is None or run.authority != principal.authority:
                raise NotVisible
            if run.version != version:
                raise Stale(current=f'"{run.version}"')
            now = await uow.now()
            run.state = moved(RescoreState(run.state), RescoreState.SWITCHED).value
            for set_id in run.sets:
                if not await put_in_force(uow, UUID(set_id), principal.authority, now):
                    detail = "试算所用的引领值和基准值已经发布或改变，请重新试算。"
                    raise RescoreRefused("set_changed", detail, status=409)
            if run.ruleset_text:
                await self._switch(uow, run, principal, document, person, now)
            run.document, run.person, run.switched_at, run.switched_by = document, person, now, principal.subject
            run.version += 1
            uow.journal(Entry("rescore_run", str(run.id), "rescoring_switched", {"hash": run.ruleset_hash}, document))
            result: dict[str, str | int] = {"id": str(run.id), "state": run.state, "version": run.version}
            await once.keep(uow, result)
            await uow.commit()
        return result

    async def _switch(
        self, uow: UnitOfWork, run: RescoreRunRow, principal: Principal, document: str, person: str, now: datetime
    ) -> None:
        published = self._book.rulesets.get(run.ruleset_id)
        if published is None:
            raise RescoreRefused("no_ruleset", "政策文件中已没有该评分规则，请重新试算。", status=409)
        last = await uow.session.exec(
            select(func.max(RulesetSwitchRow.number)).where(RulesetSwitchRow.ruleset_id == run.ruleset_id)
        )
        uow.session.add(
            RulesetSwitchRow(
                ruleset_id=run.ruleset_id,
                number=(last.one() or 0) + 1,
                ruleset_version=run.ruleset_version,
                ruleset_hash=run.ruleset_hash,
                replaces_hash=published.hash,
                text=run.ruleset_text,
                rescore_run_id=run.id,
                document=document,
                person=person,
                switched_at=now,
                switched_by=principal.subject,
            )
        )


class AppendRescored:
    """After the switch: a further revision of every sheet that rests on something else now. Nothing is overwritten."""

    def __init__(self, database: Database, rulebook: Rulebook, publisher: contracts.Publisher) -> None:
        self._database = database
        self._rulebook = rulebook
        self._publisher = publisher

    async def tick(self, now: datetime) -> None:
        async with self._database.reading() as session:
            waiting = await rescoring.in_state(session, RescoreState.SWITCHED.value, unfinished=True)
        until = time.monotonic() + _TICK_SECONDS
        for run_id in waiting:
            while time.monotonic() < until and await self.step(run_id):
                pass

    async def step(self, run_id: UUID) -> bool:
        """One stretch in one transaction; False when nothing is left to take."""
        async with self._database.unit_of_work() as uow:
            run = await uow.session.get(RescoreRunRow, run_id)
            if run is None or run.state != RescoreState.SWITCHED.value or run.appended_at is not None:
                return False
            stretch = await rescoring.claim(uow.session, run_id, "appended_at")
            if stretch is None:
                return await self._end(uow, run_id)
            await repository.alone(uow.session)
            sets = await self._rulebook.in_force(uow.session, {str(run.campaign_id)})
            drawn = []
            rows = await rescoring.newest(uow.session, run, stretch, whole=True)
            known = await repository.assessments(uow.session, [str(row.submission_id) for row in rows if row.marked])
            for row in rows:
                message = contracts.admitted_from(row.admitted)
                subject = contracts.subject_of(message)
                assessment = known.get((subject.submission_id, row.round))
                number, revision = row.number + 1, row.revision + 1
                sheet = self._rulebook.draw(
                    sets, message, subject, row.admitted, assessment, number=number, revision=revision
                )
                if contracts.rests_on(row.published) != contracts.rests_on_now(sheet):
                    drawn.append(Drawn(sheet, row.admitted, self._publisher.payload(sheet)))
            await repository.append(uow, drawn, f"{run.document}，{run.person}")
            await uow.commit()
        return True

    async def _end(self, uow: UnitOfWork, run_id: UUID) -> bool:
        run = await rescoring.locked(uow.session, run_id)
        if run is None or run.appended_at is not None:
            return False
        if not await rescoring.any_open(uow.session, run_id, "appended_at"):
            run.appended_at = await uow.now()
            run.version += 1
            uow.journal(Entry("rescore_run", str(run_id), "rescoring_appended", {"total": run.total}, run.document))
            await uow.commit()
        return False
