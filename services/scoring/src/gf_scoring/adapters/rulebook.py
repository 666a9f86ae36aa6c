"""Which table a submission is scored by: the ruleset from the policies, lead and baseline from the database."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import orjson
from google.protobuf.message import Message
from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_policy.rulesets import Ruleset, RulesetTable
from gf_policy.tables import REST
from gf_scoring.adapters.contracts import FactReader, admitted_on, facts_of, main_industry_of
from gf_scoring.adapters.tables import BenchmarkSetRow
from gf_scoring.adapters.versions import NEWEST, Versions
from gf_scoring.domain.checks import cross_findings
from gf_scoring.domain.engine import Score, Scorer
from gf_scoring.domain.sheets import GENERAL_RULING, Assessment, Sheet, Subject, Table, draw_up, input_hash

GENERAL_NOTE = "该重点行业尚未单独发布引领值和基准值，按通则的引领值和基准值评分。"
_KEPT = 256
_IN_FORCE = text(
    "select (select json_agg(json_build_array(campaign_id, ruleset_id, key_industry, id, hash)) from benchmark_set"
    " where campaign_id = any(cast(:campaigns as uuid[])) and state = 'published')::text as sets,"
    " (select json_agg(json_build_array(ruleset_id, ruleset_hash, replaces_hash))"
    f" from ({NEWEST}) as newest)::text as switches"
)
_CHOICES = 10_000


@dataclass(frozen=True, slots=True)
class InForce:
    """A published benchmark set."""

    id: str
    hash: str
    levels: Mapping[str, tuple[Decimal, Decimal]]


class Sets(dict[tuple[str, str, str], InForce]):
    """What is in force: benchmark sets by campaign, ruleset and key industry ('' for the general values), and the
    versions of rulesets that an authority has switched to, by ruleset."""

    versions: Mapping[str, Ruleset] = {}


class _Choice(NamedTuple):
    """A table, or why there is none; the slot by name where an industry has its own."""

    ruleset: Ruleset | None
    reason: str
    industry: str


class Rulebook:
    """Finds and keeps compiled tables; a table never changes, so it is compiled once."""

    def __init__(self, rulesets: RulesetTable, versions: Versions) -> None:
        self.rulesets = rulesets
        self._versions = versions
        self._tables: dict[tuple[str, str, int, str, str], tuple[Table, FactReader]] = {}
        self._choices: dict[tuple[str, str, str, str, date | None], _Choice] = {}
        #: Where the unit's main industry, or the day of admission, matters for the choice.
        self._by_industry = {(entry.base, entry.category) for entry in rulesets.entries if entry.classes}
        self._by_day = {(one.base, one.category) for one in rulesets if len(rulesets.versions(one.id)) > 1}
        self._levels: dict[UUID, Mapping[str, tuple[Decimal, Decimal]]] = {}

    async def in_force(self, session: AsyncSession, campaigns: Collection[str]) -> Sets:
        """The published sets of these campaigns as they stand now."""
        found = (await session.execute(_IN_FORCE, {"campaigns": list(campaigns)})).one()
        published = orjson.loads(found.sets or b"[]")
        await self._learn(session, {UUID(row[3]) for row in published})
        sets = Sets(
            ((campaign, ruleset, key), InForce(set_id, digest, self._levels[UUID(set_id)]))
            for campaign, ruleset, key, set_id, digest in published
        )
        sets.versions = await self._versions.ruling(session, orjson.loads(found.switches or b"[]"))
        return sets

    async def _learn(self, session: AsyncSession, ids: Set[UUID]) -> None:
        """The values of a published set never change, so they are read once."""
        if unknown := ids - self._levels.keys():
            for row in await session.exec(select(BenchmarkSetRow).where(col(BenchmarkSetRow.id).in_(unknown))):
                self._values(row)

    @staticmethod
    def key_of(row: BenchmarkSetRow) -> tuple[str, str, str]:
        return (str(row.campaign_id), row.ruleset_id, row.key_industry)

    def set_of(self, row: BenchmarkSetRow) -> InForce:
        return InForce(str(row.id), row.hash, self._values(row))

    def draw(
        self,
        sets: Sets,
        message: Message,
        subject: Subject,
        stored: bytes,
        assessment: Assessment | None,
        *,
        number: int,
        revision: int,
    ) -> Sheet:
        """Score an admitted form by the table that holds for it."""
        digest = input_hash(stored, assessment)
        found = self._find(subject, message, assessment.industry_ruling if assessment else "", sets)
        if isinstance(found, str):
            return draw_up(subject, None, None, assessment, digest, number=number, revision=revision, reason=found)
        table, read = found
        products = read.products(message, stored)
        score = table.scorer.score_values(read(message), assessment.marks if assessment else None, products)
        ruleset = table.scorer.ruleset
        return draw_up(
            subject,
            table,
            score,
            assessment,
            digest,
            number=number,
            revision=revision,
            open_gates=read.open_gates(message),
            findings=cross_findings(ruleset, subject.year, facts_of(message), products) if ruleset.cross_checks else (),
        )

    def weigh(
        self, sets: Sets, message: Message, subject: Subject, stored: bytes, assessment: Assessment | None
    ) -> tuple[Table, Score] | None:
        """Table and score without a sheet; None where no ruleset covers the submission."""
        found = self._find(subject, message, assessment.industry_ruling if assessment else "", sets)
        if isinstance(found, str):
            return None
        table, read = found
        products = read.products(message, stored)
        return table, table.scorer.score_values(read(message), assessment.marks if assessment else None, products)

    def _find(self, subject: Subject, message: Message, ruling: str, sets: Sets) -> tuple[Table, FactReader] | str:
        """Or why none scores it. A reviewer's ruling on the industry goes before the form's."""
        key = "" if ruling == GENERAL_RULING else ruling or subject.key_industry
        ruleset, reason, _ = self._applicable(subject, message, key, ruling)
        if ruleset is not None and sets.versions:
            ruleset = sets.versions.get(ruleset.id, ruleset)
        if ruleset is None or subject.kind not in ruleset.kinds:
            return reason
        entered, note = sets.get((subject.campaign_id, ruleset.id, key)), ""
        if entered is None and key and ruleset.without_own_set == "general":
            entered = sets.get((subject.campaign_id, ruleset.id, ""))
            note = GENERAL_NOTE if entered else ""
        return self._compiled(ruleset, entered, subject.year, key, note)

    def industry(self, subject: Subject, message: Message, ruling: str) -> str:
        """The industry by whose table a submission is scored; empty where the general rules hold (通则)."""
        if ruling == GENERAL_RULING:
            return ""
        return ruling or subject.key_industry or self._applicable(subject, message, "", "").industry

    def _applicable(self, subject: Subject, message: Message, key: str, ruling: str) -> _Choice:
        """The same for everybody alike, so it is worked out once. Ruled general, no class of the unit matters."""
        main, day = "", None
        if ruling != GENERAL_RULING and (subject.base, subject.category) in self._by_industry:
            main = main_industry_of(message)
        if (subject.base, subject.category) in self._by_day:
            day = admitted_on(message)
        name = (subject.base, subject.category, key, main, day)
        found = self._choices.get(name)
        if found is None:
            if len(self._choices) >= _CHOICES:
                self._choices.clear()
            industries = (main,) if main else ()
            chosen = self.rulesets.applicable(subject.base, subject.category, key, industries, day)
            industry = chosen.entry.code if chosen.entry and chosen.entry.code != REST else ""
            found = self._choices[name] = _Choice(chosen.ruleset, chosen.reason, industry)
        return found

    def _compiled(
        self, ruleset: Ruleset, entered: InForce | None, year: int, key: str, note: str
    ) -> tuple[Table, FactReader]:
        name = (ruleset.hash, entered.id if entered else "", year, key, note)
        found = self._tables.get(name)
        if found is None:
            if len(self._tables) >= _KEPT:
                self._tables.clear()
            scorer = Scorer(ruleset, entered.levels if entered else {}, year)
            table = Table(scorer, entered.id if entered else None, entered.hash if entered else "", key, note)
            found = self._tables[name] = (table, FactReader(scorer))
        return found

    def _values(self, row: BenchmarkSetRow) -> Mapping[str, tuple[Decimal, Decimal]]:
        known = self._levels.get(row.id)
        if known is None:
            known = {level["indicator"]: (Decimal(level["lead"]), Decimal(level["baseline"])) for level in row.levels}
            self._levels[row.id] = known
        return known
