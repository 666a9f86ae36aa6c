"""What happened to a case, a recommendation or a publicity. adapters/contracts.py turns them into journal rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from gf_review.domain.dossier import Finding, Mark


@dataclass(frozen=True, slots=True)
class StageSnapshot:
    stage_no: int
    level: str
    authority: str
    state: str
    reason: str
    substates: tuple[str, ...]
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseProgressed:
    """Published on every move, with all stages."""

    submission_id: str
    round: int
    state: str
    stages: tuple[StageSnapshot, ...]
    version: int
    unit_id: str
    campaign_id: str
    what: str
    basis: str = ""
    reason: str = ""
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordKept:
    """Something was added to the case without moving it (journal only)."""

    submission_id: str
    round: int
    version: int
    what: str
    detail: dict[str, object]
    basis: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AssessmentRecorded:
    submission_id: str
    round: int
    version: int
    stage_no: int
    marks: tuple[Mark, ...]
    industry_ruling: str | None
    person: str
    reason: str
    at: datetime
    #: The industry was ruled now, not only carried along.
    ruled: bool = False


@dataclass(frozen=True, slots=True)
class CaseReturned:
    submission_id: str
    round: int
    version: int
    stage_no: int
    findings: tuple[Finding, ...]
    reason: str
    term_ends_at: datetime


@dataclass(frozen=True, slots=True)
class WithdrawalAnswered:
    submission_id: str
    round: int
    version: int
    granted: bool
    reason: str


@dataclass(frozen=True, slots=True)
class ListingDecided:
    submission_id: str
    round: int
    version: int
    stage_no: int
    list_id: str
    listed: bool
    grade: str
    sheet_revision: int
    publicity_id: str
    unit_id: str
    campaign_id: str
    year: int
    reason: str


@dataclass(frozen=True, slots=True)
class CaseClosed:
    submission_id: str
    round: int
    version: int
    outcome: str
    ground: str
    article: str
    unit_id: str
    campaign_id: str
    reason: str


CaseEvent = (
    CaseProgressed | RecordKept | AssessmentRecorded | CaseReturned | WithdrawalAnswered | ListingDecided | CaseClosed
)


@dataclass(frozen=True, slots=True)
class EntrySnapshot:
    submission_id: str
    unit_id: str
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class PublicityChanged:
    """Published each time a publicity changes, in full."""

    publicity_id: str
    list_id: str
    state: str
    until: datetime | None
    entries: tuple[EntrySnapshot, ...]
    days: int
    provisional: bool
    campaign_id: str
    version: int
    what: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RecommendationChanged:
    """Journal only: the cases of the batch speak for themselves when it is sent."""

    recommendation_id: str
    state: str
    version: int
    what: str
    detail: dict[str, object] = field(default_factory=dict)
    reason: str = ""
