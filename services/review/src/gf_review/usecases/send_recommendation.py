"""上报推荐批次: its cases pass together, each guarded, in one transaction; one that is not ready holds all back."""

from __future__ import annotations

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_review.adapters import dossiers
from gf_review.adapters.repository import Cases
from gf_review.domain import decisions
from gf_review.domain.errors import GuardNotMet, Problem
from gf_review.usecases.acting import Done, repeatable
from gf_review.usecases.proposing import PASS, decision_row, propose
from gf_review.usecases.recommend import BatchAct, OnRecommendation


class SendRecommendation(OnRecommendation):
    """Use case."""

    @repeatable
    async def __call__(
        self, principal: Principal, recommendation_id: str, seen: int, reason: str = "", once: Once | None = None
    ) -> Done:
        async with self._act(principal, recommendation_id, seen, once) as act:
            cases = await Cases(act.uow).lock_many(act.batch.items)
            found = await dossiers.read_many(act.uow.session, cases.values())
            act.batch.send(act.by, cases, {one: dossier.revision for one, dossier in found.items()})
            await self._pass_all(act, cases, found, reason)
            return await act.done()

    async def _pass_all(self, act: BatchAct, cases: dict, found: dict, reason: str) -> None:  # type: ignore[type-arg]
        session, problems = act.uow.session, []
        for index, item in enumerate(act.batch.items.values()):
            case, dossier = cases[item.submission_id], found[item.submission_id]
            stage = case.stage(item.stage_no)
            try:
                decisions.pass_stage(
                    case,
                    item.stage_no,
                    act.by,
                    dossier,
                    at=act.at,
                    closes_at=await dossiers.closes_at(session, case, stage, self.policies.chain(stage.plan.authority)),
                    passed_so_far=await dossiers.passed_so_far(session, case, stage.plan.authority) + index,
                    in_batch=True,
                    reason=reason,
                )
            except GuardNotMet as error:
                problems += [
                    Problem(f"/cases/{index}{one.pointer}", one.code, one.detail, one.rule, one.article)
                    for one in error.errors
                ]
        if problems:
            raise GuardNotMet(
                "批次中有申报的上报条件未满足，整批未上报。",
                rule=problems[0].rule or None,
                article=problems[0].article or None,
                errors=problems,
            )
        for item in act.batch.items.values():
            case = cases[item.submission_id]
            session.add(
                decision_row(
                    case,
                    item.stage_no,
                    act.by,
                    act.at,
                    decision=PASS,
                    version=item.case_version,
                    revision=item.sheet_revision,
                    reason=reason,
                    recommendation_id=act.batch.id,
                )
            )
            await propose(act.uow, case, case.stage(item.stage_no), act.at)
            await Cases(act.uow).save(case, act.at)
