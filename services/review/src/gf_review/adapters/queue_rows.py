"""The rows of a page of the queue: cases with their levels, by id, as people and the API read them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_review.adapters.contracts.outgoing import decimal_text
from gf_review.adapters.policy import Policies
from gf_review.adapters.tables import CaseRow, OfficialRow, QueueEntryRow, StageRow
from gf_review.domain.case import STAGE_NAMES, STATE_NAMES, CaseState, StageState


async def queue_rows(
    session: AsyncSession, policies: Policies, authority: str, ids: Sequence[str]
) -> list[dict[str, Any]]:
    """In the order of the ids; these come from the authority's own entries."""
    if not ids:
        return []
    wanted = list(ids)
    rows = (await session.exec(select(CaseRow).where(col(CaseRow.submission_id).in_(wanted)))).all()
    found = await session.exec(
        select(QueueEntryRow).where(col(QueueEntryRow.submission_id).in_(wanted), QueueEntryRow.authority == authority)
    )
    entries = {entry.submission_id: entry for entry in found.all()}
    cases = {case.submission_id: case for case in rows if case.submission_id in entries}
    stages = await _stages(session, list(cases.values()))
    names = await _names(session, {entry.assignee for entry in entries.values() if entry.assignee})
    return [_item(cases[one], entries[one], stages[one], authority, names, policies) for one in ids if one in cases]


async def _stages(session: AsyncSession, rows: Sequence[CaseRow]) -> dict[str, list[StageRow]]:
    """Of each case's present round. Asked for by case: fifty pairs of case and round read the whole table."""
    found: defaultdict[str, list[StageRow]] = defaultdict(list)
    rounds = {row.submission_id: row.round for row in rows}
    query = select(StageRow).where(col(StageRow.submission_id).in_(list(rounds))).order_by(col(StageRow.stage_no))
    for stage in (await session.exec(query)).all():
        if stage.round == rounds[stage.submission_id]:
            found[stage.submission_id].append(stage)
    return found


async def _names(session: AsyncSession, subjects: set[str]) -> dict[str, str]:
    if not subjects:
        return {}
    found = await session.exec(select(OfficialRow).where(col(OfficialRow.subject).in_(sorted(subjects))))
    return {one.subject: one.name or one.subject for one in found.all()}


def _item(
    row: CaseRow,
    entry: QueueEntryRow,
    stages: Sequence[StageRow],
    authority: str,
    names: dict[str, str],
    policies: Policies,
) -> dict[str, Any]:
    mine = next((stage for stage in stages if stage.authority == authority and stage.applicable), None)
    return {
        "submission_id": row.submission_id,
        "number": row.number,
        "unit_name": row.unit_name,
        "uscc": row.uscc,
        "category": row.category,
        "kind": row.kind,
        "campaign_id": row.campaign_id,
        "year": row.year,
        "view": entry.view,
        "state": row.state,
        "state_label": STATE_NAMES[CaseState(row.state)],
        "outcome": row.outcome,
        "round": row.round,
        "version": row.version,
        "sheet_revision": row.sheet_revision,
        "total": decimal_text(row.sheet_total) if row.sheet_total is not None else None,
        "division": entry.division,
        "key_industry": row.key_industry,
        "key_industry_name": policies.key_industry_name(row.key_industry),
        "preferences": list(row.preferences),
        "barred": row.barred,
        "admitted_at": row.admitted_at,
        "assignee": entry.assignee,
        "assignee_name": names.get(entry.assignee, entry.assignee),
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
                "label": STAGE_NAMES[StageState(stage.state)],
                "substates": list(stage.substates),
            }
            for stage in stages
        ],
    }
