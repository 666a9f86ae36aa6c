"""Change a drafted edition (修改拟定的名单): year, document, date in law, until it is published."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from gf_chassis.database import UnitOfWork
from gf_chassis.errors import NotFound, Rejected, Stale
from gf_chassis.http import etag
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.domain.editions import EditionState
from gf_registry.domain.lists import ListId

from . import answers
from .answers import Answer
from .scope import keeper_of


async def redraft_edition(
    uow: UnitOfWork, once: Once, law: Law, principal: Principal, list_id: ListId, edition_id: UUID, *, year: int,
    document: str, effective: date | None, seen: int,
) -> Answer:  # fmt: skip
    """The list's position grows with it, so that nobody publishes the draft as it was seen before."""
    keeper_of(law, principal, list_id)
    async with uow:
        if first := await once.first(uow):
            return first
        repo = Repository(uow)
        green = (await repo.lock_lists([list_id]))[list_id]
        edition = await repo.edition(edition_id)
        if edition is None or edition.list_id != list_id:
            raise NotFound
        if edition.state is EditionState.PUBLISHED:
            raise Rejected("already_published", "这一期名单已经公布，内容不可更改。", status=409, rule="reg-lists")
        if green.position != seen:
            raise Stale("名单在您查看之后又有变动，请重新核对待公布内容。", current=etag(green.position))
        green.record(await uow.now())
        edition.year, edition.document, edition.effective = year, document, effective
        await repo.save_edition(edition, None)
        await repo.save_lists([green])
        data = {"edition_id": edition.id, "year": year, "effective": effective}
        uow.journal(Entry("list", str(list_id), "edition_redrafted", data, basis=document))
        answer = answers.edition(edition)
        await once.keep(uow, answer)
        await uow.commit()
        return answer
