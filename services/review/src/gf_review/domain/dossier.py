"""What lies in a case besides its state: the records the guards look at. Everything here is appended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

SCORED = "scored"
NOT_SCORABLE = "not_scorable"
AWAITS_MARK = "awaits_mark"
BRANCH_MARK = "mark"


@dataclass(frozen=True, slots=True)
class Finding:
    """核查意见: one point of the checklist, or one remark, tied to a field by JSON Pointer."""

    item: str
    pointer: str
    ok: bool
    note: str
    person: str
    stage_no: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Mark:
    """定性评分: points for one qualitative indicator, 0 to its weight; who, when and why."""

    indicator: str
    points: Decimal
    reason: str
    person: str
    stage_no: int
    at: datetime


@dataclass(frozen=True, slots=True)
class IndustryRuling:
    """行业认定: the industry whose table applies; ``former`` is what applied before, `general` 通则.

    ``sheet_revision`` is the sheet that was seen when it was ruled: only a later one can carry the ruling.
    """

    industry: str
    former: str
    reason: str
    person: str
    stage_no: int
    sheet_revision: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Consultation:
    """征求意见: what a department was asked and what it answered (GD 13, CQ 二(二))."""

    department: str
    asked_on: date
    stage_no: int
    answered_on: date | None = None
    agrees: bool | None = None
    opinion: str = ""


@dataclass(frozen=True, slots=True)
class ExpertReview:
    """专家评审: not_organised 未组织, unassigned 未分配专家, done."""

    state: str
    stage_no: int
    grade: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """An uploaded document; the bytes lie under their SHA-256."""

    slot: str
    sha256: str
    name: str
    stage_no: int


@dataclass(frozen=True, slots=True)
class WrittenReason:
    """书面理由 a guard asks for."""

    kind: str
    text: str
    person: str
    stage_no: int


@dataclass(frozen=True, slots=True)
class SheetLine:
    indicator: str
    name: str
    dimension: str
    state: str
    weight: Decimal
    points: Decimal | None
    branch: str
    reason: str
    value: str = ""
    unit: str = ""
    lead: str = ""
    baseline: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """评分表: the revision the decision names."""

    round: int
    revision: int
    outcome: str
    total: Decimal | None
    lines: tuple[SheetLine, ...]
    band: str = ""
    basis: str = ""
    reasons: tuple[str, ...] = ()

    def line(self, indicator: str) -> SheetLine | None:
        return next((line for line in self.lines if line.indicator == indicator), None)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar in force (禁止申报): ground, article, dates; ``until`` is the first day on which it no longer bars."""

    bar_id: str
    ground: str
    article: str
    since: str
    until: str = ""
    reason: str = ""

    @property
    def last_day(self) -> str:
        return (date.fromisoformat(self.until) - timedelta(days=1)).isoformat() if self.until else ""


@dataclass(frozen=True, slots=True)
class Average:
    """The average of the units already listed in that region and category (N25 一)."""

    authority: str
    points: Decimal
    count: int
    population_at: datetime


@dataclass(frozen=True, slots=True)
class BatchPlace:
    """Where the case stands in a recommendation batch (推荐批次)."""

    recommendation_id: str
    state: str
    document: bool


@dataclass(frozen=True, slots=True)
class Dossier:
    """All records of the current round, as read under the case's lock."""

    sheet: Sheet | None = None
    findings: Sequence[Finding] = ()
    marks: Sequence[Mark] = ()
    rulings: Sequence[IndustryRuling] = ()
    consultations: Sequence[Consultation] = ()
    expert_reviews: Sequence[ExpertReview] = ()
    documents: Sequence[Document] = ()
    reasons: Sequence[WrittenReason] = ()
    bars: Sequence[Bar] = ()
    averages: Mapping[str, Average] = field(default_factory=dict)
    memberships: frozenset[str] = frozenset()
    #: 专家分级 of the unit's last case that an authority passed under rules of its own: (authority, policy) → grade.
    grades: Mapping[tuple[str, str], str] = field(default_factory=dict)
    batch: BatchPlace | None = None

    @property
    def revision(self) -> int:
        return self.sheet.revision if self.sheet else 0

    def marks_in_force(self) -> dict[str, Mark]:
        """The last word per indicator."""
        return {mark.indicator: mark for mark in self.marks}

    @property
    def ruling(self) -> IndustryRuling | None:
        """The last word on the industry."""
        return self.rulings[-1] if self.rulings else None

    @property
    def awaits_ruled_sheet(self) -> bool:
        """Whether the sheet was scored before the industry was ruled."""
        return self.ruling is not None and self.revision <= self.ruling.sheet_revision

    def findings_in_force(self, stage_no: int) -> dict[tuple[str, str], Finding]:
        """The last word per checklist item and field at this level."""
        return {(one.item, one.pointer): one for one in self.findings if one.stage_no == stage_no}

    def consultations_at(self, stage_no: int) -> dict[str, Consultation]:
        return {one.department: one for one in self.consultations if one.stage_no == stage_no}

    def expert_review_at(self, stage_no: int) -> ExpertReview | None:
        return next((one for one in reversed(self.expert_reviews) if one.stage_no == stage_no), None)

    def document_at(self, stage_no: int, slot: str) -> Document | None:
        return next((one for one in reversed(self.documents) if (one.stage_no, one.slot) == (stage_no, slot)), None)

    def reason_at(self, stage_no: int, kind: str) -> WrittenReason | None:
        return next((one for one in reversed(self.reasons) if (one.stage_no, one.kind) == (stage_no, kind)), None)
