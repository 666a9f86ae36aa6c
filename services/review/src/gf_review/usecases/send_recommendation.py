"""上报推荐批次: its cases pass together, each guarded, in one transaction; one that is not ready holds all back."""

from __future__ import annotations

from collections.abc import Mapping

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_review.adapters import dossiers
from gf_review.adapters.repository import Cases
from gf_review.adapters.tables import DecisionRow
from gf_review.domain import decisions
from gf_review.domain.case import Case
from gf_review.domain.dossier import Dossier
from gf_review.domain.recommendation import Item
from gf_review.usecases.acting import Done, repeatable
from gf_review.usecases.batch_guards import require_all_ready
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

    async def _pass_all(
        self, act: BatchAct, cases: Mapping[str, Case], found: Mapping[str, Dossier], reason: str
    ) -> None:
        session, items = act.uow.session, list(act.batch.items.values())
        await require_all_ready(session, items, cases, found)
        for index, item in enumerate(items):
            case = cases[item.submission_id]
            stage = case.stage(item.stage_no)
            chain = self.policies.chain(stage.plan.authority)
            passed = await dossiers.passed_so_far(session, case, stage.plan, lock=True)
            decisions.pass_stage(
                case,
                item.stage_no,
                act.by,
                found[case.id],
                at=act.at,
                closes_at=await dossiers.closes_at(session, case, stage, chain),
                passed_so_far=passed + index,
                in_batch=True,
                reason=reason,
            )
        for item in items:
            case = cases[item.submission_id]
            session.add(_decision(act, case, item, reason))
            await propose(act.uow, case, case.stage(item.stage_no), act.at)
            await Cases(act.uow).save(case, act.at)


def _decision(act: BatchAct, case: Case, item: Item, reason: str) -> DecisionRow:
    return decision_row(
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
