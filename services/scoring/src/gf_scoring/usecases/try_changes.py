"""What if (假设测算): change inputs or marks of a sheet and see the score. Nothing is stored, nothing is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from gf_chassis.identity import Principal
from gf_scoring.adapters import contracts
from gf_scoring.adapters.tables import SheetRow
from gf_scoring.adapters.versions import Versions
from gf_scoring.domain.advice import Step, advise
from gf_scoring.domain.engine import FactKey, FactValue, Score, Scorer
from gf_scoring.domain.errors import DomainError, FieldProblem
from gf_scoring.domain.lines import Product
from gf_scoring.domain.numbers import DIGITS, plain
from gf_scoring.usecases.find_sheets import FindSheets


@dataclass(frozen=True, slots=True)
class Change:
    """One value of the form as it might be; in the table's own unit."""

    code: str
    year: int | None
    value: str | bool | Sequence[str]


@dataclass(frozen=True, slots=True)
class TriedLine:
    indicator: str
    name: str
    weight: str
    points_before: str | None
    points: str | None
    value_before: str | None
    value: str | None
    branch: str
    state: str


@dataclass(frozen=True, slots=True)
class Tried:
    total_before: str | None
    total: str | None
    lines: list[TriedLine]


@dataclass(frozen=True, slots=True)
class Weighed:
    """A stored sheet as the engine sees it."""

    scorer: Scorer
    facts: dict[FactKey, FactValue]
    marks: dict[str, str]
    products: Sequence[Product]

    def score(self) -> Score:
        return self.scorer.score(self.facts, self.marks, self.products)


class TryChanges:
    def __init__(self, find_sheets: FindSheets, versions: Versions) -> None:
        self._find_sheets = find_sheets
        self._versions = versions

    async def __call__(
        self, principal: Principal, submission_id: UUID, changes: Sequence[Change], marks: Mapping[str, str]
    ) -> Tried:
        """On the newest sheet that the caller may see; its own lead and baseline values hold."""
        newest = (await self._find_sheets(principal, submission_id)).revisions[-1]
        weighed = weigh(newest, self._versions)
        if weighed is None:
            raise DomainError("no_ruleset", "没有适用的评分规则，不能测算。", rule="N25-A1")
        before = weighed.score()
        changed = changed_facts(weighed, changes)
        after = weighed.scorer.score(changed, {**weighed.marks, **marks}, weighed.products)
        return Tried(_plain(before.total, weighed), _plain(after.total, weighed), _lines(weighed, before, after))


def weigh(row: SheetRow, versions: Versions) -> Weighed | None:
    """Facts, marks and table of a stored sheet; None where no ruleset scored it."""
    scored = contracts.scored_from(row.published)
    ruleset = versions.get(scored.ruleset_id, scored.ruleset_version)
    if ruleset is None:
        return None
    message = contracts.admitted_from(row.admitted)
    levels = {
        line.indicator: (Decimal(line.lead), Decimal(line.baseline)) for line in scored.lines if line.HasField("lead")
    }
    scorer = Scorer(ruleset, levels, contracts.subject_of(message).year)
    return Weighed(scorer, dict(contracts.facts_of(message)), dict(row.marks or {}), contracts.products_of(message))


def advice(row: SheetRow, versions: Versions) -> list[Step]:
    weighed = weigh(row, versions)
    return [] if weighed is None else advise(weighed.scorer, weighed.score())


def changed_facts(weighed: Weighed, changes: Sequence[Change]) -> dict[FactKey, FactValue]:
    facts = dict(weighed.facts)
    counted = {one.formula.fact for one in weighed.scorer.indicators if one.formula.op == "count"}
    for place, change in enumerate(changes):
        wanted = (change.code, change.year or 0)
        key = next((slot for slot in weighed.scorer.slots if slot[:2] == wanted), None)
        if key is None:
            code, detail = "not_read", f"评分规则不读取数值 {change.code}（{change.year or '不分年度'}）。"
            raise DomainError(
                code, detail, rule="N25-A1", errors=[FieldProblem(f"/changes/{place}/code", code, detail)]
            )
        if isinstance(change.value, str | bool) is (change.code in counted):
            detail = "请填写选中的各项编号。" if change.code in counted else "请填写十进制数。"
            pointer = f"/changes/{place}/value"
            raise DomainError("wrong_kind", detail, rule="N25-A1", errors=[FieldProblem(pointer, "wrong_kind", detail)])
        for stated in [fact for fact in facts if fact[:2] == wanted]:
            del facts[stated]
        value = change.value
        facts[key] = value if isinstance(value, str | bool) else tuple(value)
    return facts


def _lines(weighed: Weighed, before: Score, after: Score) -> list[TriedLine]:
    scale = weighed.scorer.ruleset.scale
    return [
        TriedLine(
            indicator=indicator.code,
            name=indicator.name,
            weight=f"{indicator.weight:f}",
            points_before=None if old.points is None else plain(old.points, scale),
            points=None if new.points is None else plain(new.points, scale),
            value_before=None if old.value is None else plain(old.value, DIGITS),
            value=None if new.value is None else plain(new.value, DIGITS),
            branch=new.branch.code,
            state=new.branch.state.value,
        )
        for indicator, old, new in zip(weighed.scorer.indicators, before.lines, after.lines, strict=True)
    ]


def _plain(total: int | None, weighed: Weighed) -> str | None:
    return None if total is None else plain(total, weighed.scorer.ruleset.scale)
