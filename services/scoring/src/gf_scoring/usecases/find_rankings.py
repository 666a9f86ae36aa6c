"""Rankings and their places, for those who may see them: officials and partners their units, an applicant its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from gf_chassis.database import Database
from gf_chassis.identity import Principal
from gf_policy.authorities import AuthorityTree
from gf_policy.ranking import read_rules
from gf_scoring.adapters import rankings
from gf_scoring.adapters.tables import RankingRunRow
from gf_scoring.domain.errors import NotVisible
from gf_scoring.domain.rankings import RunState, Waiting
from gf_scoring.domain.scope import OFFICIALS

_PUBLIC = (RunState.PUBLISHED.value, RunState.SUPERSEDED.value)


@dataclass(frozen=True, slots=True)
class FoundRun:
    run: RankingRunRow
    #: What it waits for; None once it is closed.
    waiting: Waiting | None
    #: How many of the caller's units there are in each view; None for an applicant.
    counts: dict[str, int] | None


class FindRankings:
    def __init__(self, database: Database, authorities: AuthorityTree) -> None:
        self._database = database
        self._authorities = authorities

    async def listed(
        self, principal: Principal, campaign_id: UUID | None = None, limit: int = 200
    ) -> Sequence[RankingRunRow]:
        """Newest year first. Officials see all runs, others those that were published."""
        query = select(RankingRunRow)
        if campaign_id is not None:
            query = query.where(RankingRunRow.campaign_id == campaign_id)
        if not principal.has(*OFFICIALS):
            query = query.where(col(RankingRunRow.state).in_(_PUBLIC))
        query = query.order_by(col(RankingRunRow.year).desc(), RankingRunRow.category, col(RankingRunRow.id).desc())
        async with self._database.reading() as session:
            return (await session.exec(query.limit(limit))).all()

    async def one(self, principal: Principal, run_id: UUID) -> FoundRun:
        async with self._database.reading() as session:
            run = await session.get(RankingRunRow, run_id)
            if run is None or not self._may_see(principal, run):
                raise NotVisible
            waiting = await rankings.waiting_for(session, run) if run.state == RunState.COLLECTING.value else None
            own = self.scope(principal)
            counts = None if own is None else await rankings.counts(session, run_id, own)
            return FoundRun(run, waiting, counts)

    async def places(
        self, principal: Principal, run_id: UUID, view: str = "all", after: int = 0, limit: int = 50
    ) -> list[dict[str, Any]]:
        """Places of the caller's units; of a run that still collects, who would be warned (预警, provisional)."""
        async with self._database.reading() as session:
            run = await session.get(RankingRunRow, run_id)
            if run is None or not self._may_see(principal, run):
                raise NotVisible
            own = self.scope(principal)
            if run.state != RunState.COLLECTING.value:
                return await rankings.places(
                    session, run_id, authorities=own, uscc=principal.org, view=view, after=_place(after), limit=limit
                )
            if view != "warned" or own is None or after:
                return []
            rules = read_rules(run.rules["header"], run.rules["rules"])
            return await rankings.provisional(session, run, rules, self._authorities, own)

    def scope(self, principal: Principal) -> list[str] | None:
        """The authorities whose units the caller may see; None: only its own unit."""
        if principal.has("partner", *OFFICIALS) and principal.authority in self._authorities:
            return sorted(self._authorities.under(principal.authority))
        return None

    def _may_see(self, principal: Principal, run: RankingRunRow) -> bool:
        if principal.has(*OFFICIALS) and principal.authority in self._authorities:
            return True
        return run.state in _PUBLIC and principal.has("applicant", "partner")


def _place(after: int) -> int:
    """Where a cursor points, held to what a place can be."""
    return max(0, min(after, 2**31 - 1))
