"""优先推荐 (GD-16): which preferences of the policy a case meets. Tags, shown and sorted by; no guard looks at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_policy.preferences import Preference
from gf_review.adapters.policy import Policies
from gf_review.adapters.tables import CaseRow, RoundRow, SheetRow

GIVEN = "given"


async def note_preferences(session: AsyncSession, policies: Policies, submission_id: str) -> None:
    """Bring the tags of the case to what its round's form and newest sheet say; the caller holds its row."""
    await session.flush()
    found = await session.exec(
        select(CaseRow, RoundRow.policies)
        .where(col(CaseRow.submission_id) == submission_id, col(RoundRow.submission_id) == submission_id)
        .where(col(RoundRow.round) == col(CaseRow.round))
    )
    case, named = found.one()
    wanted = policies.preferences(str(named[0]["id"]), case.category)
    if not wanted and not case.preferences:
        return
    round_row = await session.get_one(RoundRow, (submission_id, case.round))
    sheet = (
        await session.exec(
            select(SheetRow.lines)
            .where(SheetRow.submission_id == submission_id, SheetRow.round == case.round)
            .order_by(col(SheetRow.revision).desc())
            .limit(1)
        )
    ).first()
    case.preferences = tags(wanted, round_row.facts, sheet or ())


def tags(
    preferences: Sequence[Preference], facts: Sequence[Mapping[str, Any]], lines: Sequence[Mapping[str, Any]]
) -> list[dict[str, str]]:
    """Each preference that is met, as people read it."""
    values = {str(one["code"]): one["value"] for one in facts if one["presence"] == GIVEN and not one["product"]}
    met = []
    for one in preferences:
        if _meets(one, values, lines):
            label = one.label.format(value=values.get(one.fact, ""))
            source = " ".join(part for part in (one.source.document, one.source.article) if part)
            met.append({"code": one.code, "label": label, "rule": one.rule, "article": source})
    return met


def _meets(one: Preference, values: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> bool:
    if one.indicator:
        return any(
            (line["indicator"], line["branch"]) == (one.indicator, one.branch)
            and line["points"] is not None
            and Decimal(line["points"]) == Decimal(line["weight"])
            for line in lines
        )
    value = values.get(one.fact)
    if one.at_least is None:
        return value is True
    return value is not None and Decimal(str(value)) >= one.at_least
