"""Which table a submission is scored by: the ruleset from the policies, lead and baseline from the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_policy.rulesets import Ruleset, RulesetTable
from gf_scoring.adapters.tables import BenchmarkSetRow
from gf_scoring.domain.engine import Scorer
from gf_scoring.domain.sheets import Subject, Table

GENERAL_NOTE = "该重点行业尚未单独发布引领值和基准值，按通则的引领值和基准值评分。"
_KEPT = 256


@dataclass(frozen=True, slots=True)
class InForce:
    """A published benchmark set."""

    id: UUID
    hash: str
    levels: Mapping[str, tuple[Decimal, Decimal]]


#: By campaign, ruleset and key industry ('' for the general values).
Sets = Mapping[tuple[UUID, str, str], InForce]


class Rulebook:
    """Finds and keeps compiled tables; a table never changes, so it is compiled once."""

    def __init__(self, rulesets: RulesetTable) -> None:
        self.rulesets = rulesets
        self._tables: dict[tuple[str, str, int, str, str], Table] = {}
        self._levels: dict[UUID, Mapping[str, tuple[Decimal, Decimal]]] = {}

    async def in_force(self, session: AsyncSession, campaigns: Collection[UUID]) -> Sets:
        """The published sets of these campaigns as they stand now."""
        rows = await session.exec(
            select(BenchmarkSetRow).where(
                col(BenchmarkSetRow.campaign_id).in_(campaigns), BenchmarkSetRow.state == "published"
            )
        )
        return {
            (row.campaign_id, row.ruleset_id, row.key_industry): InForce(row.id, row.hash, self._values(row))
            for row in rows
        }

    def table(self, subject: Subject, ruling: str, sets: Sets) -> Table | None:
        """None where no ruleset covers the submission. A reviewer's ruling on the industry goes before the form's."""
        key = ruling or subject.key_industry
        ruleset = self.rulesets.find(subject.base, subject.category, key_industry=key)
        if ruleset is None or subject.kind not in ruleset.kinds:
            return None
        entered, note = sets.get((subject.campaign_id, ruleset.id, key)), ""
        if entered is None and key and ruleset.without_own_set == "general":
            entered = sets.get((subject.campaign_id, ruleset.id, ""))
            note = GENERAL_NOTE if entered else ""
        return self._compiled(ruleset, entered, subject.year, key, note)

    def _compiled(self, ruleset: Ruleset, entered: InForce | None, year: int, key: str, note: str) -> Table:
        name = (ruleset.hash, str(entered.id) if entered else "", year, key, note)
        found = self._tables.get(name)
        if found is None:
            if len(self._tables) >= _KEPT:
                self._tables.clear()
            scorer = Scorer(ruleset, entered.levels if entered else {}, year)
            found = Table(scorer, entered.id if entered else None, entered.hash if entered else "", key, note)
            self._tables[name] = found
        return found

    def _values(self, row: BenchmarkSetRow) -> Mapping[str, tuple[Decimal, Decimal]]:
        known = self._levels.get(row.id)
        if known is None:
            known = {level["indicator"]: (Decimal(level["lead"]), Decimal(level["baseline"])) for level in row.levels}
            self._levels[row.id] = known
        return known
