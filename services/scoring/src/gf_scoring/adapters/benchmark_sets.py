"""Benchmark sets in the database."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_scoring.adapters.tables import BenchmarkSetRow
from gf_scoring.domain.benchmarks import BenchmarkSet, Level, SetState


def add(session: AsyncSession, new: BenchmarkSet) -> None:
    session.add(
        BenchmarkSetRow(
            id=new.id,
            campaign_id=new.campaign_id,
            ruleset_id=new.ruleset_id,
            ruleset_version=new.ruleset_version,
            key_industry=new.key_industry,
            title=new.title,
            authority=new.authority,
            document=new.document,
            person=new.person,
            demo=new.demo,
            levels=[
                {
                    "indicator": level.indicator,
                    "lead": f"{level.lead:f}",
                    "baseline": f"{level.baseline:f}",
                    "document": level.document,
                    "article": level.article,
                    "assumption": level.assumption,
                }
                for level in new.levels
            ],
            hash=new.hash,
            state=new.state.value,
            version=1,
            created_at=new.created_at,
            created_by=new.created_by,
        )
    )


def update(row: BenchmarkSetRow, changed: BenchmarkSet) -> None:
    """Only the state moves."""
    row.state = changed.state.value
    row.published_at = changed.published_at
    row.superseded_at = changed.superseded_at
    row.version += 1


async def locked(session: AsyncSession, set_id: UUID) -> BenchmarkSetRow | None:
    return await session.get(BenchmarkSetRow, set_id, with_for_update=True)


async def in_force(session: AsyncSession, like: BenchmarkSet) -> BenchmarkSetRow | None:
    """The published set that `like` would take the place of."""
    found = await session.exec(
        select(BenchmarkSetRow)
        .where(
            BenchmarkSetRow.campaign_id == like.campaign_id,
            BenchmarkSetRow.ruleset_id == like.ruleset_id,
            BenchmarkSetRow.key_industry == like.key_industry,
            BenchmarkSetRow.state == SetState.PUBLISHED.value,
        )
        .with_for_update()
    )
    return found.first()


async def listed(
    session: AsyncSession,
    *,
    authority: str,
    campaign_id: UUID | None,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[BenchmarkSetRow]:
    """What was ever published, and the drafts of one's own authority."""
    query = select(BenchmarkSetRow).where(
        or_(BenchmarkSetRow.state != SetState.DRAFT.value, BenchmarkSetRow.authority == authority)
    )
    if campaign_id is not None:
        query = query.where(BenchmarkSetRow.campaign_id == campaign_id)
    if state is not None:
        query = query.where(BenchmarkSetRow.state == state)
    if after is not None:
        query = query.where(col(BenchmarkSetRow.id) > after)
    return (await session.exec(query.order_by(col(BenchmarkSetRow.id)).limit(limit))).all()


def domain_of(row: BenchmarkSetRow) -> BenchmarkSet:
    return BenchmarkSet(
        id=row.id,
        campaign_id=row.campaign_id,
        ruleset_id=row.ruleset_id,
        ruleset_version=row.ruleset_version,
        key_industry=row.key_industry,
        title=row.title,
        authority=row.authority,
        document=row.document,
        person=row.person,
        demo=row.demo,
        levels=tuple(
            Level(
                indicator=level["indicator"],
                lead=Decimal(level["lead"]),
                baseline=Decimal(level["baseline"]),
                document=level["document"],
                article=level["article"],
                assumption=level["assumption"],
            )
            for level in row.levels
        ),
        hash=row.hash,
        state=SetState(row.state),
        created_at=row.created_at,
        created_by=row.created_by,
        published_at=row.published_at,
        superseded_at=row.superseded_at,
    )


async def one(session: AsyncSession, set_id: UUID, authority: str) -> BenchmarkSetRow | None:
    """A set that was ever published, or a draft of one's own authority."""
    row = await session.get(BenchmarkSetRow, set_id)
    if row is None or (row.state == SetState.DRAFT.value and row.authority != authority):
        return None
    return row
