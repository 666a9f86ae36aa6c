"""A case was closed: one cancelled for fraud bars the unit for the years the law names (GD art. 22)."""

from __future__ import annotations

from gf_chassis.database import UnitOfWork
from gf_chassis.ids import new_id
from gf_registry.adapters import projection
from gf_registry.adapters.contracts import Closed
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.domain.bars import Bar, years_after

from .steps import put_bar_in_force, today

FRAUD = "fraud"


async def close_case(uow: UnitOfWork, law: Law, closed: Closed) -> None:
    if closed.outcome != "cancelled" or closed.ground != FRAUD:
        return
    repo = Repository(uow)
    standing = await repo.lock_standing(closed.unit_id)
    submission = await projection.latest_submission(repo.session, closed.submission_id)
    policy_ids = [p["id"] for p in submission.policies] if submission else []
    rules = law.rules_for(policy_ids, submission.superior if submission else "")
    now = await uow.now()
    start = today(now)
    until = years_after(start, rules.fraud_years)
    if any(b.ground == FRAUD and b.bars_on(start) and b.until == until for b in standing.bars):
        return  # two cases of one unit cancelled on one day: one bar
    bar = Bar(
        id=new_id(), unit_id=closed.unit_id, ground=FRAUD, article=closed.article or rules.fraud_article,
        source=f"申报 {closed.submission_id}", source_date=start, from_=start, until=until, reason=closed.reason,
    )  # fmt: skip
    await put_bar_in_force(uow, repo, standing, bar, now)
