"""Start a shadow run (试算): a named population, and the rules it is to be tried with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import select

import gf_policy
from gf_chassis.database import Database, UnitOfWork
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_chassis.journal import Entry
from gf_policy.candidates import read_candidate
from gf_policy.errors import PolicyError
from gf_policy.rulesets import Ruleset
from gf_scoring.adapters import rescoring
from gf_scoring.adapters.tables import BenchmarkSetRow, CampaignRow, RescoreRunRow
from gf_scoring.domain.errors import FieldProblem
from gf_scoring.domain.rescoring import RULE, RescoreRefused, RescoreState

#: Submissions that are scored in one transaction: about a tenth of a second.
CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be tried."""

    campaign_id: UUID
    category: str
    kind: str | None
    title: str
    #: The candidate's file; empty: the ruleset in force, with other benchmark sets.
    ruleset_text: str
    #: Drafted benchmark sets that would be published.
    sets: Sequence[UUID]


class StartRescoring:
    def __init__(self, database: Database, book: gf_policy.Book, chunk: int = CHUNK) -> None:
        self._database = database
        self._book = book
        self._chunk = chunk

    async def __call__(self, principal: Principal, trial: Trial, once: Once) -> dict[str, str | int]:
        principal.require("steward", rule=RULE)
        async with self._database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            campaign = await uow.session.get(CampaignRow, trial.campaign_id, with_for_update=True)
            if campaign is None:
                raise _refused("/campaign_id", "unknown_campaign", "没有这个开展年度的工作（campaign_id），请核对。")
            ruleset = self._ruleset(campaign.base, trial)
            await self._check_competence(uow, principal, ruleset, campaign)
            await self._check_sets(uow, trial, ruleset)
            if await self._running(uow, trial):
                raise RescoreRefused("already_running", "该类别已有一次试算正在进行，请等它完成。", status=409)
            run = RescoreRunRow(
                id=new_id(),
                campaign_id=trial.campaign_id,
                category=trial.category,
                kind=trial.kind,
                authority=principal.authority,
                title=trial.title,
                ruleset_text=trial.ruleset_text,
                ruleset_id=ruleset.id,
                ruleset_version=ruleset.version,
                ruleset_hash=ruleset.hash,
                sets=[str(one) for one in trial.sets],
                state=RescoreState.RUNNING.value,
                total=0,
                created_at=await uow.now(),
                created_by=principal.subject,
            )
            uow.session.add(run)
            await uow.session.flush()
            run.total = await rescoring.cut(uow.session, run, self._chunk)
            data = {"ruleset_hash": ruleset.hash, "sets": run.sets, "total": run.total}
            uow.journal(Entry("rescore_run", str(run.id), "rescoring_started", data, ruleset.id))
            result: dict[str, str | int] = {"id": str(run.id), "state": run.state, "version": run.version}
            await once.keep(uow, result)
            await uow.commit()
        return result

    def _ruleset(self, base: str, trial: Trial) -> Ruleset:
        if not trial.ruleset_text:
            found = self._book.rulesets.find(base, trial.category)
            if found is None:
                raise _refused("/category", "no_ruleset", "该类别没有评分规则，不能试算。")
            if not trial.sets:
                raise _refused("/ruleset", "nothing_to_try", "请提供候选评分规则，或选择拟发布的引领值和基准值。")
            return found
        try:
            candidate = read_candidate(self._book, trial.ruleset_text)
        except PolicyError as error:
            raise _refused("/ruleset", "ruleset_refused", f"候选评分规则有误：{error}") from error
        if (candidate.base, candidate.category) != (base, trial.category):
            raise _refused("/ruleset", "other_cover", "候选评分规则不适用于该年度或该类别。")
        return candidate

    async def _check_competence(
        self, uow: UnitOfWork, principal: Principal, ruleset: Ruleset, campaign: CampaignRow
    ) -> None:
        """By the ruleset in force, whatever the candidate says of itself. A switch holds wherever the ruleset does, so
        whoever is competent as the owner of a campaign has to own all of them."""
        in_force = self._book.rulesets.get(ruleset.id) or ruleset
        if not in_force.competent(principal.authority, campaign.owner):
            raise RescoreRefused("not_competent", "该评分规则不由您所在的主管部门维护，不能试算。", status=403)
        if principal.authority in in_force.entered_by:
            return
        others = select(CampaignRow.id).where(
            CampaignRow.base == campaign.base, CampaignRow.owner != principal.authority
        )
        if (await uow.session.exec(others.limit(1))).first() is not None:
            detail = "该评分规则还用于其他单位组织的工作，不能由您所在的主管部门试算和切换。"
            raise RescoreRefused("not_competent", detail, status=403)

    async def _check_sets(self, uow: UnitOfWork, trial: Trial, ruleset: Ruleset) -> None:
        for place, set_id in enumerate(trial.sets):
            row = await uow.session.get(BenchmarkSetRow, set_id)
            if (
                row is None
                or row.state != "draft"
                or row.campaign_id != trial.campaign_id
                or row.ruleset_id != ruleset.id
            ):
                detail = "只能选择本年度、本评分规则尚未发布的引领值和基准值。"
                raise _refused(f"/sets/{place}", "no_draft", detail)

    async def _running(self, uow: UnitOfWork, trial: Trial) -> bool:
        found = await uow.session.exec(
            select(RescoreRunRow.id).where(
                RescoreRunRow.campaign_id == trial.campaign_id,
                RescoreRunRow.category == trial.category,
                RescoreRunRow.state == RescoreState.RUNNING.value,
            )
        )
        return found.first() is not None


def _refused(pointer: str, code: str, detail: str) -> RescoreRefused:
    return RescoreRefused(code, detail, errors=[FieldProblem(pointer, code, detail, RULE)])
