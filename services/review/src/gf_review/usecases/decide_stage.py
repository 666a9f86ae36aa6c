"""审核决定: pass 上报, return 退回, refuse 不通过, cancel for fraud 取消申报资格. Of two racing ones, one wins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_review.adapters import dossiers
from gf_review.domain import decisions
from gf_review.domain.decisions import Seen
from gf_review.domain.dossier import Finding
from gf_review.usecases.acting import Act, Done, OnCase, repeatable
from gf_review.usecases.proposing import PASS, decision_row, propose
from gf_review.usecases.record_findings import FindingDraft, finding_row


@dataclass(frozen=True, slots=True)
class Pass:
    """上报 (at the last level: approved)."""

    reason: str = ""


@dataclass(frozen=True, slots=True)
class Return:
    """退回: fields with findings, and the term (the policy's where none is given)."""

    reason: str
    findings: Sequence[FindingDraft]
    term_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refuse:
    """不通过, with ground and article."""

    reason: str
    article: str
    ground: str = decisions.GROUND_NOT_PASSED


@dataclass(frozen=True, slots=True)
class Cancel:
    """取消申报资格: fraud."""

    reason: str
    article: str


Decision: TypeAlias = Pass | Return | Refuse | Cancel


class DecideStage(OnCase):
    """Use case."""

    @repeatable
    async def __call__(
        self,
        principal: Principal,
        submission_id: str,
        stage_no: int,
        seen: Seen,
        decision: Decision,
        once: Once | None = None,
    ) -> Done:
        async with self._act(principal, submission_id, seen, once) as act:
            match decision:
                case Pass():
                    await self._pass(act, stage_no, seen, decision)
                case Return():
                    self._return(act, stage_no, seen, decision)
                case Refuse():
                    self._refuse(act, stage_no, seen, decision)
                case Cancel():
                    self._cancel(act, stage_no, seen, decision)
            return await act.done()

    async def _pass(self, act: Act, stage_no: int, seen: Seen, decision: Pass) -> None:
        case, session = act.case, act.session
        stage = case.stage(stage_no)
        chain = self.policies.chain(stage.plan.authority)
        decisions.pass_stage(
            case,
            stage_no,
            act.by,
            act.dossier,
            at=act.at,
            closes_at=await dossiers.closes_at(session, case, stage, chain),
            passed_so_far=await dossiers.passed_so_far(session, case, stage.plan, lock=True),
            reason=decision.reason,
        )
        self._record(act, stage_no, seen, PASS, reason=decision.reason)
        await propose(act.uow, case, stage, act.at)

    def _return(self, act: Act, stage_no: int, seen: Seen, decision: Return) -> None:
        made = [
            Finding(one.item, one.pointer, one.ok, one.note, act.by.subject, stage_no, act.at)
            for one in decision.findings
        ]
        days = act.case.stage(stage_no).plan.correction_days
        term = decision.term_ends_at or act.at + timedelta(days=days)
        decisions.return_for_correction(
            act.case, stage_no, act.by, findings=made, reason=decision.reason, term_ends_at=term, at=act.at
        )
        for finding in made:
            act.session.add(finding_row(act.case.id, act.case.round, finding, act.by.name))
        self._record(act, stage_no, seen, "return", reason=decision.reason, term_ends_at=term)

    def _refuse(self, act: Act, stage_no: int, seen: Seen, decision: Refuse) -> None:
        decisions.refuse(
            act.case,
            stage_no,
            act.by,
            ground=decision.ground,
            article=decision.article,
            reason=decision.reason,
            revision=act.dossier.revision,
            at=act.at,
        )
        self._record(
            act, stage_no, seen, "refuse", reason=decision.reason, ground=decision.ground, article=decision.article
        )

    def _cancel(self, act: Act, stage_no: int, seen: Seen, decision: Cancel) -> None:
        decisions.cancel_for_fraud(
            act.case,
            stage_no,
            act.by,
            article=decision.article,
            reason=decision.reason,
            revision=act.dossier.revision,
            at=act.at,
        )
        ground = decisions.GROUND_FRAUD
        self._record(act, stage_no, seen, "cancel", reason=decision.reason, ground=ground, article=decision.article)

    @staticmethod
    def _record(
        act: Act,
        stage_no: int,
        seen: Seen,
        decision: str,
        *,
        reason: str,
        ground: str = "",
        article: str = "",
        term_ends_at: datetime | None = None,
    ) -> None:
        act.session.add(
            decision_row(
                act.case,
                stage_no,
                act.by,
                act.at,
                decision=decision,
                version=seen.version,
                revision=seen.revision,
                ground=ground,
                article=article,
                reason=reason,
                term_ends_at=term_ends_at,
            )
        )
