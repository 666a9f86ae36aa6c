"""Guards of a whole batch: which cases are not ready, by name (CQ-doc)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_review.adapters import dossiers
from gf_review.adapters.tables import CaseRow
from gf_review.domain import guards
from gf_review.domain.case import Case
from gf_review.domain.dossier import Dossier
from gf_review.domain.errors import GuardNotMet, Problem
from gf_review.domain.recommendation import Item


async def require_all_ready(
    session: AsyncSession, items: Sequence[Item], cases: Mapping[str, Case], found: Mapping[str, Dossier]
) -> None:
    """Every case meets every guard of its level, counted as if all passed together; else each miss is named."""
    query = select(CaseRow.submission_id, CaseRow.unit_name).where(col(CaseRow.submission_id).in_(list(cases)))
    names = dict((await session.exec(query)).all())
    problems: list[Problem] = []
    for index, item in enumerate(items):
        case, dossier = cases[item.submission_id], found[item.submission_id]
        plan = case.stage(item.stage_no).plan
        passed = await dossiers.passed_so_far(session, case, plan, lock=True)
        at = guards.Situation(plan, case.route, dossier, case.category, passed + index, in_batch=True)
        problems += [
            Problem(f"/cases/{index}{one.pointer}", one.code, f"{names[case.id]}：{one.detail}", one.rule, one.article)
            for one in guards.missing(at)
        ]
    if problems:
        raise GuardNotMet(
            "批次中有申报的上报条件未满足："
            + "".join(one.detail for one in problems[:3])
            + (f"等共 {len(problems)} 项。" if len(problems) > 3 else ""),
            rule=problems[0].rule or None,
            article=problems[0].article or None,
            errors=problems,
        )
