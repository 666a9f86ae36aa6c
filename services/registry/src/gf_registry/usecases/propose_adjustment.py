"""Propose an adjustment of a list (提出名单调整): a removal with its ground, or a rename."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from gf_chassis.database import UnitOfWork
from gf_chassis.errors import FieldError, Rejected
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_chassis.journal import Entry
from gf_registry.adapters import removals
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.domain.adjustments import MAJOR_INCIDENT, Adjustment, AdjustmentKind, Timing
from gf_registry.domain.lists import ListId
from gf_registry.domain.removals import ARTICLE, BOTTOM, not_due
from gf_registry.domain.rules import Ground
from gf_registry.domain.standings import Standing

from . import answers
from .answers import Answer
from .scope import keeper_of, over_unit
from .steps import today

#: GD art. 21 beside the exclusions of art. 17; bottom_5_percent is N25's.
REMOVAL_GROUNDS = {
    MAJOR_INCIDENT: "GD 第二十一条",
    "refused_to_file": "GD 第二十一条（二）",
    "false_material": "GD 第二十一条（三）",
    "no_longer_conforming": "GD 第二十三条",
    BOTTOM: ARTICLE,
    "merged": "GD 第二十三条",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    unit_id: UUID
    list_id: ListId | None
    kind: AdjustmentKind
    ground: str
    reason: str
    new_name: str = ""


async def propose_adjustment(uow: UnitOfWork, once: Once, law: Law, principal: Principal, proposal: Proposal) -> Answer:
    async with uow:
        if first := await once.first(uow):
            return first
        repo = Repository(uow)
        standing = await repo.lock_standing(proposal.unit_id)
        if proposal.list_id is not None:
            keeper_of(law, principal, proposal.list_id)
        else:
            await over_unit(repo.session, law, principal, proposal.unit_id)
            principal.require("registrar", rule="GD-21-now")
        lists = [proposal.list_id] if proposal.list_id else [m.list_id for m in standing.memberships if m.live]
        if not any(standing.live_on(i) for i in lists):
            raise Rejected("not_listed", "该单位不在名单中，无可调整。", status=409, rule="GD-21")
        rules = law.rules_on(today(await uow.now()))
        adjustment = Adjustment(
            id=new_id(), unit_id=proposal.unit_id, list_id=proposal.list_id, kind=proposal.kind,
            ground=proposal.ground, article=_article(proposal, {**REMOVAL_GROUNDS, **_exclusions(rules.grounds)}),
            timing=Timing.AT_ONCE if proposal.ground == MAJOR_INCIDENT else Timing.NEXT_EDITION,
            reason=proposal.reason, proposed_by=principal.subject, new_name=proposal.new_name,
        )  # fmt: skip
        await _on_the_bottom(repo, standing, adjustment)
        await repo.save_adjustment(adjustment)
        data = {"adjustment_id": adjustment.id, "kind": adjustment.kind.value, "ground": adjustment.ground}
        uow.journal(
            Entry(
                "standing", str(proposal.unit_id), "adjustment_proposed", data, basis=adjustment.article,
                reason=proposal.reason,
            )
        )  # fmt: skip
        answer = answers.adjustment(adjustment)
        await once.keep(uow, answer)
        await uow.commit()
        return answer


async def _on_the_bottom(repo: Repository, standing: Standing, adjustment: Adjustment) -> None:
    """N25 二（二）: only where a ranking in force says that three years are full."""
    if adjustment.ground != BOTTOM or adjustment.list_id is None:
        return
    membership = standing.live_on(adjustment.list_id)
    dues = await removals.of_membership(repo.session, membership.id) if membership else []
    due = next((d for d in dues if d.can_be_proposed), None)
    if due is None:
        raise not_due()
    due.propose(adjustment.id)
    await removals.save(repo.session, adjustment.list_id, [due])


def _exclusions(grounds: Mapping[str, Ground]) -> dict[str, str]:
    return {code: g.article for code, g in grounds.items()}


def _article(proposal: Proposal, grounds: dict[str, str]) -> str:
    if proposal.kind is not AdjustmentKind.REMOVAL:
        return "GD 第二十三条"
    if proposal.ground not in grounds:
        raise Rejected(
            "unknown_ground", f"移出事由无效，可用：{'、'.join(grounds)}。", rule="GD-21",
            errors=[FieldError("/ground", "unknown", "没有这个事由编号")],
        )  # fmt: skip
    return grounds[proposal.ground]
