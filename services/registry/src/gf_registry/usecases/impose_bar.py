"""Impose a bar (列入禁入) on a ground of the exclusions, with its source and date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from gf_chassis.database import UnitOfWork
from gf_chassis.errors import FieldError, Rejected
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.domain.bars import Bar, years_after
from gf_registry.domain.rules import Ground, ListingRules

from . import answers
from .answers import Answer
from .scope import over_unit
from .steps import put_bar_in_force, today


@dataclass(frozen=True, slots=True)
class BarOrder:
    unit_id: UUID
    ground: str
    source: str
    source_date: date
    reason: str
    #: Default: the day of the source.
    from_: date | None = None
    #: Default: three years (fraud: as the law says); None with `open_ended`: until lifted.
    until: date | None = None
    open_ended: bool = False


async def impose_bar(uow: UnitOfWork, once: Once, law: Law, principal: Principal, order: BarOrder) -> Answer:
    async with uow:
        if first := await once.first(uow):
            return first
        repo = Repository(uow)
        standing = await repo.lock_standing(order.unit_id)
        await over_unit(repo.session, law, principal, order.unit_id)
        principal.require("registrar", rule="GD-17")
        now = await uow.now()
        rules = law.rules_on(today(now))
        ground = _ground(rules, order.ground)
        start = order.from_ or order.source_date
        years = rules.fraud_years if order.ground == "fraud" else rules.removal_lookback_years
        until = None if order.open_ended else order.until or years_after(start, years)
        if order.source_date > today(now):
            raise _wrong("/source_date", "来源日期不能晚于今天。")
        if until is not None and until <= today(now):
            raise _wrong("/until", "禁入期已经届满，不能再列入。")
        bar = Bar(
            id=new_id(), unit_id=order.unit_id, ground=order.ground, article=ground.article, source=order.source,
            source_date=order.source_date, from_=start, until=until, reason=order.reason,
        )  # fmt: skip
        await put_bar_in_force(uow, repo, standing, bar, now)
        answer = answers.bar(bar)
        await once.keep(uow, answer)
        await uow.commit()
        return answer


def _ground(rules: ListingRules, code: str) -> Ground:
    if code == "fraud":
        return Ground(code, "弄虚作假", rules.fraud_article, "GD-22")
    ground = rules.grounds.get(code)
    if ground is None:
        known = "、".join(f"{g.code}（{g.label}）" for g in rules.grounds.values())
        raise Rejected(
            "unknown_ground",
            f"事由编号无效，可用：fraud（弄虚作假）、{known}。",
            rule="GD-17",
            errors=[FieldError("/ground", "unknown", "没有这个事由编号")],
        )
    return ground


def _wrong(pointer: str, detail: str) -> Rejected:
    return Rejected("invalid_date", detail, rule="GD-17", errors=[FieldError(pointer, "invalid_date", detail)])
