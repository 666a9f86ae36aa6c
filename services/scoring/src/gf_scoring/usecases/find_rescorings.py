"""Shadow runs, their progress, report and who would stand elsewhere, for officials within their scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import col, select

from gf_chassis.database import Database
from gf_chassis.identity import Principal
from gf_policy.authorities import AuthorityTree
from gf_scoring.adapters import moves, rescoring
from gf_scoring.adapters.tables import RescoreRunRow
from gf_scoring.domain.errors import NotVisible
from gf_scoring.domain.scope import OFFICIALS


@dataclass(frozen=True, slots=True)
class FoundRescoring:
    run: RescoreRunRow
    scored: int
    appended: int


class FindRescorings:
    """A run is shown to the authority that tries it and to those above it; nobody else knows of rules on trial."""

    def __init__(self, database: Database, authorities: AuthorityTree) -> None:
        self._database = database
        self._authorities = authorities

    async def listed(self, principal: Principal, limit: int = 200) -> Sequence[RescoreRunRow]:
        query = select(RescoreRunRow).where(col(RescoreRunRow.authority).in_(self._scope(principal)))
        async with self._database.reading() as session:
            return (await session.exec(query.order_by(col(RescoreRunRow.id).desc()).limit(limit))).all()

    async def one(self, principal: Principal, run_id: UUID) -> FoundRescoring:
        async with self._database.reading() as session:
            run = await session.get(RescoreRunRow, run_id)
            if run is None or run.authority not in self._scope(principal):
                raise NotVisible
            return FoundRescoring(run, *await rescoring.progress(session, run_id))

    async def movers(
        self,
        principal: Principal,
        run_id: UUID,
        *,
        view: str = "all",
        after: UUID | None = None,
        limit: int = 50,
    ) -> list[dict[str, Any]]:
        run = (await self.one(principal, run_id)).run
        own = sorted(self._authorities.under(run.authority))
        async with self._database.reading() as session:
            return await moves.movers(session, run_id, own, view=view, after=after or UUID(int=0), limit=limit)

    def _scope(self, principal: Principal) -> list[str]:
        if not principal.has(*OFFICIALS) or principal.authority not in self._authorities:
            return []
        return sorted(self._authorities.under(principal.authority))
