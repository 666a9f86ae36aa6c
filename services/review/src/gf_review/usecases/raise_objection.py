"""登记异议."""

from __future__ import annotations

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_review.usecases.acting import Done, repeatable
from gf_review.usecases.publish import OnPublicity, objection_row


class RaiseObjection(OnPublicity):
    """Use case: 异议 holds that unit back until it is settled."""

    @repeatable
    async def __call__(
        self,
        principal: Principal,
        publicity_id: str,
        seen: int,
        submission_id: str,
        text: str,
        once: Once | None = None,
    ) -> Done:
        async with self._act(principal, publicity_id, seen, once) as act:
            act.publicity.object(submission_id, act.by, text=text, at=act.at)
            act.uow.session.add(objection_row(act, submission_id, "raised", text))
            return await act.done()
