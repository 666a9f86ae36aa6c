"""Draft the next edition (拟定名单) of a list: year, document, date in law. What waits will go into it."""

from __future__ import annotations

from datetime import date

from gf_chassis.database import UnitOfWork
from gf_chassis.errors import Conflict
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_chassis.journal import Entry
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.domain.editions import Edition
from gf_registry.domain.lists import ListId

from . import answers
from .answers import Answer
from .scope import keeper_of


async def draft_edition(
    uow: UnitOfWork,
    once: Once,
    law: Law,
    principal: Principal,
    list_id: ListId,
    *,
    year: int,
    document: str,
    effective: date | None,
) -> Answer:
    keeper_of(law, principal, list_id)
    async with uow:
        if first := await once.first(uow):
            return first
        repo = Repository(uow)
        greens = await repo.lock_lists([list_id])
        if await repo.draft(list_id) is not None:
            raise Conflict("draft_exists", "该名单已有一期草稿，请先公布。", rule="reg-lists")
        edition = Edition(id=new_id(), list_id=list_id, year=year, document=document, effective=effective)
        await repo.save_edition(edition, None)
        await repo.save_lists(greens.values())
        data = {"edition_id": edition.id, "year": year, "effective": effective}
        uow.journal(Entry("list", str(list_id), "edition_drafted", data, basis=document))
        answer = answers.edition(edition)
        await once.keep(uow, answer)
        await uow.commit()
        return answer
