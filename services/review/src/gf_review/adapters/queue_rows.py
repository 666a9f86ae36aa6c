"""The rows of a page of the queue: cases with their levels, by id, as people and the API read them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_review.adapters.contracts.outgoing import decimal_text
from gf_review.adapters.policy import Policies
from gf_review.domain.case import STAGE_NAMES, STATE_NAMES

#: Plain rows, not mapped ones: of the time of a page, loading some hundred objects was the most.
_CASES = text(
    "select c.submission_id, c.number, c.unit_name, c.uscc, c.category, c.kind, c.campaign_id, c.year, e.view, c.state,"
    " c.outcome, c.round, c.version, c.sheet_revision, c.sheet_total, e.division, c.key_industry, c.preferences,"
    " c.barred, c.admitted_at, e.assignee, coalesce(nullif(o.name, ''), e.assignee) as assignee_name"
    " from unnest(cast(:ids as text[])) with ordinality as w(id, place)"
    " join queue_entry e on e.submission_id = w.id and e.authority = :authority"
    " join review_case c on c.submission_id = e.submission_id left join official o on o.subject = e.assignee"
    " order by w.place"
)
#: Asked for by case: fifty pairs of case and round read the whole table.
_STAGES = text(
    "select s.submission_id, s.round, s.stage_no, s.level, s.authority, s.applicable, s.state, s.substates,"
    " s.started_at from stage s where s.submission_id = any(cast(:ids as text[])) order by s.stage_no"
)
_STATE_LABELS: Final[Mapping[str, str]] = {state.value: label for state, label in STATE_NAMES.items()}
_STAGE_LABELS: Final[Mapping[str, str]] = {state.value: label for state, label in STAGE_NAMES.items()}


async def queue_rows(
    session: AsyncSession, policies: Policies, authority: str, ids: Sequence[str]
) -> list[dict[str, Any]]:
    """In the order of the ids; these come from the authority's own entries."""
    if not ids:
        return []
    cases = (await session.execute(_CASES, {"ids": list(ids), "authority": authority})).all()
    rounds = {case.submission_id: case.round for case in cases}
    stages: defaultdict[str, list[Any]] = defaultdict(list)
    for stage in await session.execute(_STAGES, {"ids": list(rounds)}):
        if stage.round == rounds[stage.submission_id]:
            stages[stage.submission_id].append(stage)
    return [_item(case, stages[case.submission_id], authority, policies) for case in cases]


def _item(case: Any, stages: Sequence[Any], authority: str, policies: Policies) -> dict[str, Any]:
    mine = next((stage for stage in stages if stage.authority == authority and stage.applicable), None)
    item = dict(case._mapping)
    total = item.pop("sheet_total")
    return item | {
        "state_label": _STATE_LABELS[case.state],
        "total": decimal_text(total) if total is not None else None,
        "key_industry_name": policies.key_industry_name(case.key_industry),
        "stage_no": mine.stage_no if mine else None,
        "stage_state": mine.state if mine else None,
        "started_at": mine.started_at if mine else None,
        "stages": [
            {
                "stage_no": stage.stage_no,
                "level": stage.level,
                "authority": stage.authority,
                "authority_name": policies.authority_name(stage.authority),
                "state": stage.state,
                "label": _STAGE_LABELS[stage.state],
                "substates": list(stage.substates),
            }
            for stage in stages
        ],
    }
