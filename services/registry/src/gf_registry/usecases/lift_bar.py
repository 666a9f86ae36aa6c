"""Lift a bar (解除禁入), for example once a rectification was accepted."""

from __future__ import annotations

from uuid import UUID

from gf_chassis.database import UnitOfWork
from gf_chassis.errors import NotFound
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.adapters.tables import BarRow

from . import answers
from .answers import Answer
from .scope import over_unit
from .steps import tell_bar


async def lift_bar(uow: UnitOfWork, once: Once, law: Law, principal: Principal, bar_id: UUID, reason: str) -> Answer:
    async with uow:
        if first := await once.first(uow):
            return first
        repo = Repository(uow)
        row = await repo.session.get(BarRow, bar_id)
        if row is None:
            raise NotFound
        standing = await repo.lock_standing(row.unit_id)
        await over_unit(repo.session, law, principal, standing.unit_id)
        principal.require("registrar", rule="GD-17")
        bar = standing.bar(bar_id)
        bar.lift()
        tell_bar(uow, standing, bar, reason=reason)
        await repo.save_standings([standing])
        answer = answers.bar(bar)
        await once.keep(uow, answer)
        await uow.commit()
        return answer
