"""公示: an approver opens the drafted list."""

from __future__ import annotations

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_review.domain.instants import SHANGHAI
from gf_review.usecases.acting import Done, repeatable
from gf_review.usecases.publish import OnPublicity


class OpenPublicity(OnPublicity):
    """Use case: runs for N working (or calendar) days, to the end of the last one (Asia/Shanghai)."""

    @repeatable
    async def __call__(self, principal: Principal, publicity_id: str, seen: int, once: Once | None = None) -> Done:
        async with self._act(principal, publicity_id, seen, once) as act:
            publicity = act.publicity
            today = act.at.astimezone(SHANGHAI).date()
            until, provisional = self.policies.publicity_end(today, publicity.days, publicity.unit)
            publicity.open(act.by, at=act.at, until=until, provisional=provisional)
            return await act.done()
