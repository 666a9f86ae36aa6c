"""Take back a decision that no edition has announced yet (撤回决定), for example where its ranking was superseded."""

from __future__ import annotations

from uuid import UUID

from gf_chassis.database import UnitOfWork
from gf_chassis.errors import NotFound, Stale
from gf_chassis.http import etag
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_registry.adapters import removals
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.adapters.tables import AdjustmentRow
from gf_registry.domain.removals import DueState

from . import answers
from .answers import Answer
from .scope import keeper_of


async def take_back_adjustment(
    uow: UnitOfWork, once: Once, law: Law, principal: Principal, adjustment_id: UUID, *, reason: str, seen: int
) -> Answer:
    """What waits for an edition is about one list; at once in effect, there is nothing to take back."""
    async with uow:
        if first := await once.first(uow):
            return first
        repo = Repository(uow)
        row = await repo.session.get(AdjustmentRow, adjustment_id)
        if row is None or row.list_id is None:
            raise NotFound
        standing = await repo.lock_standing(row.unit_id)
        adjustment = await repo.adjustment(adjustment_id)
        assert adjustment is not None
        assert adjustment.list_id is not None
        keeper_of(law, principal, adjustment.list_id)
        if adjustment.version != seen:
            raise Stale(current=etag(adjustment.version))
        # The list's position grows, so that nobody publishes what was seen before.
        green = (await repo.lock_lists([adjustment.list_id]))[adjustment.list_id]
        green.record(await uow.now())
        adjustment.take_back()
        due = await removals.of_adjustment(repo.session, adjustment_id)
        if due is not None and due.state is DueState.DECIDED:
            due.take_back()
            await removals.save(repo.session, adjustment.list_id, [due])
        await repo.save_adjustment(adjustment)
        await repo.save_lists([green])
        data = {"adjustment_id": adjustment.id, "state": adjustment.state.value}
        uow.journal(
            Entry("standing", str(standing.unit_id), "adjustment_taken_back", data, basis=adjustment.article,
                  reason=reason)
        )  # fmt: skip
        answer = answers.adjustment(adjustment)
        await once.keep(uow, answer)
        await uow.commit()
        return answer
