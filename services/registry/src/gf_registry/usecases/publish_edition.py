"""Publish an edition (公布名单): all that waits goes in, the bytes are frozen, every unit concerned is told."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from uuid import UUID

from gf_chassis.database import UnitOfWork
from gf_chassis.errors import NotFound, Rejected, Stale
from gf_chassis.http import etag
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_registry.adapters import contracts, reading, removals
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.domain.adjustments import AdjustmentState
from gf_registry.domain.editions import Edition, EditionState, Frozen, compose
from gf_registry.domain.lists import GreenList, ListId
from gf_registry.domain.memberships import Change, ChangeKind, Membership
from gf_registry.domain.removals import ARTICLE, BOTTOM, RULE, DueState
from gf_registry.domain.standings import Standing

from . import answers
from .answers import Answer
from .scope import keeper_of
from .steps import by_membership, tell_membership, today

Pending = list[tuple[Change, UUID | None]]


async def publish_edition(
    uow: UnitOfWork, once: Once, law: Law, principal: Principal, list_id: ListId, edition_id: UUID, *, seen: int
) -> Answer:
    """`seen` is the list's position the registrar saw (If-Match): exactly what was seen is published."""
    keeper_of(law, principal, list_id)
    async with uow:
        if first := await once.first(uow):
            return first
        repo = Repository(uow)
        edition = await repo.edition(edition_id)
        if edition is None or edition.list_id != list_id:
            raise NotFound
        if edition.state is EditionState.PUBLISHED:
            raise Rejected("already_published", "这一期名单已经公布，内容不可更改。", status=409, rule="reg-lists")
        # The long work before the locks: what is composed is true for one position of the list, compared below.
        base = await reading.base(repo.session, list_id, edition.effective or today(await uow.now()))
        pending = await repo.pending(list_id)
        frozen = await freeze(edition, base, pending)
        standings = await repo.lock_standings(await repo.owners(c for c, _ in pending))
        green = (await repo.lock_lists([list_id]))[list_id]
        if not green.position == seen == base.position:
            raise Stale("名单在您查看之后又有变动，请重新核对待公布内容。", current=etag(green.position))
        await publish(uow, repo, green, edition, frozen, pending, standings)
        answer = answers.edition(edition)
        await once.keep(uow, answer)
        await uow.commit()
        return answer


async def freeze(edition: Edition, base: reading.Base, pending: Pending) -> Frozen:
    """In a thread: twenty thousand lines take longer than other requests should wait."""
    return await asyncio.to_thread(
        compose, edition, number=base.editions + 1, effective=base.effective, standing=base.lines,
        changes=[c for c, _ in pending],
    )  # fmt: skip


async def publish(
    uow: UnitOfWork, repo: Repository, green: GreenList, edition: Edition, frozen: Frozen, pending: Pending,
    standings: dict[UUID, Standing],
) -> None:  # fmt: skip
    """The same for editions that are drafted and for imported ones; units and list are locked."""
    now = await uow.now()
    if green.next_edition() != frozen.number or (edition.effective or today(now)) != frozen.effective:
        raise Stale("公布时已是另一日，请重新核对待公布内容。", current=etag(green.position))
    members = by_membership(standings)
    if any(c.membership_id not in members for c, _ in pending):
        # An imported entry was linked to its unit meanwhile, and that unit is not locked.
        raise Stale("有导入的单位刚刚完成关联，请重新核对待公布内容。", current=etag(green.position))
    recorded = green.record(now)
    await repo.session.flush()
    edition.publish(frozen, recorded.at)
    await repo.save_edition(edition, recorded, [c.id for c, _ in pending])
    for change, _ in pending:
        standing, membership = members[change.membership_id]
        if change.effective is None:
            _apply(change, membership, edition)
            tell_membership(uow, standing, membership, basis=edition.document)
    await _fulfil(repo, green.id, {adjustment_id for _, adjustment_id in pending if adjustment_id is not None})
    await repo.save_standings(standings.values())
    counts = edition.counts
    data = {
        "edition_id": edition.id,
        "number": edition.number,
        "digest": edition.digest,
        "counts": asdict(counts) if counts else None,
    }
    uow.journal(
        Entry(
            "list", str(green.id), "edition_published", data, basis=edition.document,
            published=contracts.edition_published(green, edition),
        )
    )  # fmt: skip
    await repo.save_lists([green])


def _apply(change: Change, membership: Membership, edition: Edition) -> None:
    """What waited for the edition takes effect with it."""
    assert edition.effective is not None
    match change.kind:
        case ChangeKind.LISTED:
            membership.enter(edition.id, edition.effective)
        case ChangeKind.REMOVED:
            membership.remove(edition.effective, change.ground)
            membership.edition_id = edition.id
        case ChangeKind.RENAMED:
            membership.entry = change.entry
        case ChangeKind.REFUSED:
            raise ValueError("a refused listing waits for no edition")


async def _fulfil(repo: Repository, list_id: ListId, ids: set[UUID]) -> None:
    """The decisions that the edition carries out."""
    if not ids:
        return
    adjustments = [a for a in await repo.adjustments(ids) if a.state is AdjustmentState.DECIDED]
    dues = await removals.of_adjustments(repo.session, [a.id for a in adjustments if a.ground == BOTTOM])
    removed = []
    for adjustment in adjustments:
        if adjustment.ground == BOTTOM and adjustment.list_id is not None:
            due = dues.get(adjustment.id)
            if due is None or due.state is not DueState.DECIDED:
                # Nothing is announced that a corrected ranking no longer says; a person takes the decision back.
                raise Rejected(
                    "not_due_any_more",
                    "待公布内容中有单位因连续三年处于后5%移出，但所依据的排名已被替代，该单位不再符合。请先撤回该项决定。",
                    status=409, rule=RULE, article=ARTICLE,
                )  # fmt: skip
            due.remove()
            removed.append(due)
        adjustment.take_effect()
        await repo.save_adjustment(adjustment)
    await removals.save(repo.session, list_id, removed)
