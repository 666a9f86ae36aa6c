"""Benchmark sets (引领值和基准值): an act of an authority under the ruleset, with document and person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

from gf_scoring.domain.errors import BenchmarkRefused, FieldProblem, IllegalTransition
from gf_scoring.domain.rules import Ruleset

RULE, ARTICLE = "N25-A1", "N25 附件1"


class SetState(Enum):
    """草稿 → 已发布 → 已被替代."""

    DRAFT = "draft"
    PUBLISHED = "published"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, slots=True)
class Level:
    """Lead and baseline of one indicator, with where they come from."""

    indicator: str
    lead: Decimal
    baseline: Decimal
    document: str
    article: str
    #: Why it is so where no document says it.
    assumption: str


@dataclass(frozen=True, slots=True)
class BenchmarkSet:
    id: UUID
    campaign_id: UUID
    ruleset_id: str
    ruleset_version: str
    #: Empty: the general values (通则).
    key_industry: str
    title: str
    authority: str
    document: str
    person: str
    demo: bool
    levels: tuple[Level, ...]
    hash: str
    state: SetState
    created_at: datetime
    created_by: str
    published_at: datetime | None = None
    superseded_at: datetime | None = None


def check(levels: Sequence[Level], ruleset: Ruleset) -> None:
    """Each value belongs to an indicator that takes one, once, and the lead is not worse than the baseline."""
    problems: list[FieldProblem] = []
    indicators = {indicator.code: indicator for indicator in ruleset.indicators}
    seen: set[str] = set()
    for place, level in enumerate(levels):
        indicator = indicators.get(level.indicator)
        where = f"/levels/{place}"
        if indicator is None:
            detail = f"评分规则中没有指标 {level.indicator}。"
            problems.append(FieldProblem(f"{where}/indicator", "unknown_indicator", detail, RULE))
        elif indicator.fixed is not None:
            detail = f"{indicator.name}的引领值和基准值由文件规定，不能另行设定。"
            problems.append(FieldProblem(f"{where}/indicator", "fixed_by_document", detail, RULE))
        elif indicator.tiers is not None:
            detail = f"{indicator.name}的引领值和基准值按规模分档，由评分规则规定，不能另行设定。"
            problems.append(FieldProblem(f"{where}/indicator", "fixed_by_tiers", detail, RULE))
        elif indicator.type not in ("inverse", "positive", "elasticity"):
            detail = f"{indicator.name}为定性或计数指标，没有需要录入的引领值和基准值。"
            problems.append(FieldProblem(f"{where}/indicator", "takes_no_level", detail, RULE))
        elif level.indicator in seen:
            problems.append(FieldProblem(f"{where}/indicator", "duplicate", f"{indicator.name}重复填写。", RULE))
        elif level.lead < level.baseline if indicator.type == "positive" else level.lead > level.baseline:
            detail = f"{indicator.name}的引领值不能劣于基准值。"
            problems.append(FieldProblem(f"{where}/lead", "lead_worse_than_baseline", detail, RULE))
        elif not (level.document and level.article) and not level.assumption:
            detail = f"{indicator.name}请注明文件和条款，或注明为约定并说明理由。"
            problems.append(FieldProblem(f"{where}/document", "source_missing", detail, RULE))
        seen.add(level.indicator)
    if problems:
        raise BenchmarkRefused(
            "benchmark_set_refused",
            "引领值和基准值填写有误，请按提示修改。",
            rule=RULE,
            article=ARTICLE,
            errors=problems,
        )


def published(draft: BenchmarkSet, at: datetime) -> BenchmarkSet:
    if draft.state is not SetState.DRAFT:
        raise IllegalTransition("只有草稿可以发布；需要调整时请新建一套引领值和基准值。")
    return replace(draft, state=SetState.PUBLISHED, published_at=at)


def superseded(former: BenchmarkSet, at: datetime) -> BenchmarkSet:
    if former.state is not SetState.PUBLISHED:
        raise IllegalTransition("只有已发布的引领值和基准值可以被替代。")
    return replace(former, state=SetState.SUPERSEDED, superseded_at=at)


def hash_of(levels: Sequence[Level]) -> str:
    """SHA-256 (hex) over the values in canonical order: what a sheet keeps of the set it was scored by."""
    rows = sorted([level.indicator, f"{level.lead:f}", f"{level.baseline:f}"] for level in levels)
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
