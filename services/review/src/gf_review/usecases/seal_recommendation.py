"""封存推荐批次: document and summary table (推荐汇总表) are frozen, with what was seen of every case."""

from __future__ import annotations

from typing import Any

from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_review.adapters import dossiers
from gf_review.adapters.contracts.outgoing import decimal_text
from gf_review.adapters.policy import Policies
from gf_review.adapters.repository import Cases
from gf_review.adapters.tables import CaseRow
from gf_review.domain.case import Case
from gf_review.domain.dossier import Dossier
from gf_review.domain.guards import BELOW_AVERAGE, average_for, is_below_average
from gf_review.usecases.acting import Done, repeatable
from gf_review.usecases.batch_guards import require_all_ready
from gf_review.usecases.recommend import OnRecommendation

#: Columns of the summary table; no document prescribes them (ours).
COLUMNS = {
    "place": "序号",
    "number": "申报编号",
    "name": "单位名称",
    "uscc": "统一社会信用代码",
    "superior": "上级主管部门",
    "key_industry": "重点行业",
    "preferences": "优先推荐情形",
    "total": "得分",
    "revision": "评分表版本",
    "grade": "专家评审等级",
    "average": "本地区平均水平",
    "reason": "低于平均水平的推荐理由",
}


class SealRecommendation(OnRecommendation):
    """Use case."""

    @repeatable
    async def __call__(self, principal: Principal, recommendation_id: str, seen: int, once: Once | None = None) -> Done:
        async with self._act(principal, recommendation_id, seen, once) as act:
            session = act.uow.session
            cases = await Cases(act.uow).lock_many(act.batch.items)
            found = await dossiers.read_many(session, cases.values())
            rows = {one: await session.get(CaseRow, one) for one in cases}
            ordered = sorted(cases, key=lambda one: _by_preference(rows[one], found[one]))
            table = [
                _line(place, cases[one], rows[one], found[one], self.policies) for place, one in enumerate(ordered, 1)
            ]
            act.batch.seal(act.by, cases, {one: dossier.revision for one, dossier in found.items()}, table)
            # Told now, while the batch can still be put right; sending checks again.
            await require_all_ready(session, list(act.batch.items.values()), cases, found)
            return await act.done()


def _by_preference(row: Any, dossier: Dossier) -> tuple[int, Any, str]:
    """Key industries (重点支持, N25 二(一)) and 优先推荐 (GD-16) first, then by points."""
    total = dossier.sheet.total if dossier.sheet else None
    return (-bool(row.key_industry) - bool(row.preferences), -(total or 0), row.number)


def _line(place: int, case: Case, row: Any, dossier: Dossier, policies: Policies) -> dict[str, str]:
    stage = case.current
    stage_no = stage.stage_no if stage else 0
    sheet, review = dossier.sheet, dossier.expert_review_at(stage_no)
    average = average_for(case.route, dossier)
    reason = dossier.reason_at(stage_no, BELOW_AVERAGE) if is_below_average(case.route, dossier) else None
    superior = case.route.authorities[0] if case.route.authorities else ""
    return {
        "place": str(place),
        "number": row.number,
        "name": row.unit_name,
        "uscc": row.uscc,
        "superior": policies.authority_name(superior),
        "key_industry": policies.key_industry_name(row.key_industry),
        "preferences": "；".join(one["label"] for one in row.preferences),
        "total": decimal_text(sheet.total) if sheet and sheet.total is not None else "",
        "revision": str(dossier.revision),
        "grade": review.grade if review else "",
        "average": decimal_text(dossier.averages[average].points) if average else "",
        "reason": reason.text if reason else "",
    }
