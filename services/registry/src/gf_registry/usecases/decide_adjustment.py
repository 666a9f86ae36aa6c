"""Decide an adjustment (决定名单调整): a major incident removes at once from every level's list, the rest waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from gf_chassis.database import UnitOfWork
from gf_chassis.errors import NotFound, Rejected, Stale
from gf_chassis.http import etag
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_registry.adapters import removals
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.adapters.tables import AdjustmentRow
from gf_registry.domain.adjustments import Adjustment, AdjustmentKind, Timing
from gf_registry.domain.lists import GreenList
from gf_registry.domain.memberships import ChangeKind, Membership, NameOnList
from gf_registry.domain.removals import BOTTOM, DueState, not_due
from gf_registry.domain.standings import Standing

from . import answers
from .answers import Answer
from .scope import keeper_of, over_unit
from .steps import append_change, tell_membership, today


async def decide_adjustment(
    uow: UnitOfWork,
    once: Once,
    law: Law,
    principal: Principal,
    adjustment_id: UUID,
    *,
    agreed: bool,
    reason: str,
    seen: int,
    document: str = "",
) -> Answer:
    async with uow:
        if first := await once.first(uow):
            return first
        repo = Repository(uow)
        row = await repo.session.get(AdjustmentRow, adjustment_id)
        if row is None:
            raise NotFound
        standing = await repo.lock_standing(row.unit_id)
        adjustment = await repo.adjustment(adjustment_id)
        assert adjustment is not None
        if adjustment.list_id is not None:
            keeper_of(law, principal, adjustment.list_id)
        else:
            await over_unit(repo.session, law, principal, adjustment.unit_id)
            principal.require("registrar", rule="GD-21-now")
        if adjustment.version != seen:
            raise Stale(current=etag(adjustment.version))
        await _on_the_bottom(repo, adjustment, agreed=agreed, document=document)
        if agreed:
            adjustment.decide(principal.subject, document)
            await _carry_out(uow, repo, standing, adjustment, await uow.now(), reason)
        else:
            adjustment.drop(document)
        await repo.save_adjustment(adjustment)
        await repo.save_standings([standing])
        data = {"adjustment_id": adjustment.id, "state": adjustment.state.value, "agreed": agreed, "document": document}
        uow.journal(
            Entry(
                "standing", str(standing.unit_id), "adjustment_decided", data, basis=adjustment.article, reason=reason
            )
        )
        answer = answers.adjustment(adjustment)
        await once.keep(uow, answer)
        await uow.commit()
        return answer


async def _on_the_bottom(repo: Repository, adjustment: Adjustment, *, agreed: bool, document: str) -> None:
    """N25 二（二）: decided with a document, and only while the ranking it rests on is in force."""
    if adjustment.ground != BOTTOM or adjustment.list_id is None:
        return
    due = await removals.of_adjustment(repo.session, adjustment.id)
    if due is not None and due.state is DueState.PROPOSED:
        due.decide(remove=agreed, document=document)
        await removals.save(repo.session, adjustment.list_id, [due])
    elif agreed:
        raise not_due()


async def _carry_out(
    uow: UnitOfWork, repo: Repository, standing: Standing, adjustment: Adjustment, now: datetime, reason: str
) -> None:
    """Unit row is held; the lists are locked here, in their order."""
    live = [
        m for m in standing.memberships if m.live and (adjustment.list_id is None or m.list_id == adjustment.list_id)
    ]
    if not live:
        raise Rejected("not_listed", "该单位已不在名单中。", status=409, rule="GD-21")
    greens = await repo.lock_lists(m.list_id for m in live)
    for membership in live:
        green = greens[membership.list_id]
        if adjustment.timing is Timing.AT_ONCE:
            _remove_now(membership, adjustment, now)
            kind = ChangeKind.REMOVED if membership.ended else ChangeKind.REFUSED
            append_change(
                repo, green, membership, kind, now, ground=adjustment.ground, article=adjustment.article,
                effective=membership.ended, adjustment_id=adjustment.id,
            )  # fmt: skip
            tell_membership(uow, standing, membership, basis=adjustment.article, reason=reason)
        else:
            await _wait_for_edition(repo, green, membership, adjustment, now)
    if adjustment.timing is Timing.AT_ONCE:
        adjustment.take_effect()
    await repo.save_lists(greens.values())


def _remove_now(membership: Membership, adjustment: Adjustment, now: datetime) -> None:
    """What no edition has published yet was never in effect: it is refused."""
    if membership.published:
        membership.remove(today(now), adjustment.ground)
    else:
        membership.refuse(adjustment.ground)


async def _wait_for_edition(
    repo: Repository, green: GreenList, membership: Membership, adjustment: Adjustment, now: datetime
) -> None:
    """GD art. 21 and 23: announced, and in effect, with the yearly list."""
    kind = ChangeKind.REMOVED if adjustment.kind is AdjustmentKind.REMOVAL else ChangeKind.RENAMED
    await repo.session.flush()
    if await repo.is_pending(membership, kind):
        raise Rejected("already_pending", "该单位的同类调整已在待公布内容中。", status=409, rule="GD-21")
    if not membership.published:
        raise Rejected(
            "not_published", "该单位尚未随名单公布；如不应列入，请列入禁入或退回。", status=409, rule="GD-21"
        )
    name = adjustment.new_name if kind is ChangeKind.RENAMED else membership.entry.name
    entry = NameOnList(name, membership.entry.uscc, membership.entry.region, membership.entry.industry)
    append_change(
        repo, green, replace(membership, entry=entry), kind, now, ground=adjustment.ground,
        article=adjustment.article, adjustment_id=adjustment.id,
    )  # fmt: skip
