"""核实异议."""

from __future__ import annotations

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_review.usecases.acting import Done, repeatable
from gf_review.usecases.publish import OnPublicity, hand_on, objection_row


class SettleObjection(OnPublicity):
    """Use case: upheld or dismissed, also after the term; the case hears of it at once where it waits."""

    @repeatable
    async def __call__(
        self,
        principal: Principal,
        publicity_id: str,
        seen: int,
        submission_id: str,
        *,
        upheld: bool,
        reason: str,
        once: Once | None = None,
    ) -> Done:
        async with self._act(principal, publicity_id, seen, once) as act:
            entry = act.publicity.rule_on(submission_id, act.by, upheld=upheld, reason=reason)
            act.uow.session.add(objection_row(act, submission_id, str(entry.state), reason))
            await hand_on(act.uow, act.publicity, act.at, reason)
            return await act.done()
