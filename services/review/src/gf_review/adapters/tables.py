"""Tables of review. Records of a case are appended; rows that carry a state keep the present one, the journal all.

Ids of other services are opaque text here. What another service owns (units, campaigns, bars, memberships, averages,
sheets) is kept as it came, under its natural key, so that either event may come first.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import Column, ForeignKeyConstraint, Index, Numeric, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import Text
from sqlmodel import Field

from gf_chassis.tables import service_base

if TYPE_CHECKING:
    from sqlmodel import SQLModel as Base
else:
    Base = service_base("review")

SERVICE = "review"
ROUND_KEY = ["submission_id", "round"]


def _json() -> Any:
    return Column(JSONB, nullable=False)


def _texts() -> Any:
    return Column(ARRAY(Text), nullable=False)


def _points(nullable: bool = False) -> Any:
    return Column(Numeric(30, 12), nullable=nullable)


def _of_round() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(ROUND_KEY, ["case_round.submission_id", "case_round.round"])


# --- cases -----------------------------------------------------------------------------------------------------------


class CaseRow(Base, table=True):
    """案件, one per submission; locked by every move."""

    __tablename__ = "review_case"
    __table_args__ = (
        Index("ix_review_case_unit", "unit_id"),
        Index("ix_review_case_queue", "updated_at", "submission_id"),
    )

    submission_id: str = Field(primary_key=True)
    number: str
    unit_id: str
    unit_name: str
    uscc: str
    region: str
    key_industry: str
    campaign_id: str
    category: str
    kind: str
    year: int
    state: str
    outcome: str
    round: int
    barred: str
    version: int
    event_number: int
    sheet_revision: int
    sheet_total: Decimal | None = Field(default=None, sa_column=_points(nullable=True))
    #: 优先推荐: `code`, `label`, `rule`, `article` of each preference that is met, in the policy's order.
    preferences: list[dict[str, str]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )
    admitted_at: datetime
    updated_at: datetime


class RoundRow(Base, table=True):
    """One round: the content that was admitted and the route it takes, as they stood."""

    __tablename__ = "case_round"

    submission_id: str = Field(primary_key=True, foreign_key="review_case.submission_id")
    round: int = Field(primary_key=True)
    unit: dict[str, Any] = Field(sa_column=_json())
    policies: list[dict[str, Any]] = Field(sa_column=_json())
    form: str
    content_hash: str
    facts: list[dict[str, Any]] = Field(sa_column=_json())
    warnings: list[dict[str, Any]] = Field(sa_column=_json())
    evidence: list[dict[str, Any]] = Field(sa_column=_json())
    route: list[dict[str, Any]] = Field(sa_column=_json())
    #: The next round took another route: who acted only here no longer sees the case.
    route_replaced: bool = False
    admitted_at: datetime
    opened_at: datetime


class StageRow(Base, table=True):
    """阶段: the present state of one level in one round."""

    __tablename__ = "stage"
    __table_args__ = (_of_round(), Index("ix_stage_authority", "authority", "state"))

    submission_id: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    stage_no: int = Field(primary_key=True)
    level: str
    authority: str
    applicable: bool
    state: str
    reason: str
    substates: list[str] = Field(sa_column=_texts())
    decided_by: str
    decided_at: datetime | None = None
    #: When its turn came.
    started_at: datetime | None = None
    #: Which window applies to the level (`queue_window`); '' where the policy sets none.
    window_key: str = Field(default="", sa_column_kwargs={"server_default": ""})


class CasePersonRow(Base, table=True):
    """Who has acted on the case, at which level: nobody acts at two."""

    __tablename__ = "case_person"
    __table_args__ = (Index("ix_case_person_authority", "authority", "submission_id", "round"),)

    submission_id: str = Field(primary_key=True, foreign_key="review_case.submission_id")
    person: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    level: str
    authority: str


class DecisionRow(Base, table=True):
    """审核决定, appended."""

    __tablename__ = "decision"
    __table_args__ = (_of_round(), Index("ix_decision_case", "submission_id", "round"))

    id: str = Field(primary_key=True)
    submission_id: str
    round: int
    stage_no: int
    decision: str
    person: str
    person_name: str
    authority: str
    case_version: int
    sheet_revision: int
    ground: str
    article: str
    reason: str
    term_ends_at: datetime | None = None
    recommendation_id: str
    decided_at: datetime


class FindingRow(Base, table=True):
    """核查意见, appended; the last word per item and field counts."""

    __tablename__ = "finding"
    __table_args__ = (_of_round(), Index("ix_finding_case", "submission_id", "round"))

    id: str = Field(primary_key=True)
    submission_id: str
    round: int
    stage_no: int
    item: str
    pointer: str
    ok: bool
    note: str
    person: str
    person_name: str
    recorded_at: datetime


class MarkRow(Base, table=True):
    """定性评分, appended; the last word per indicator counts."""

    __tablename__ = "mark"
    __table_args__ = (_of_round(), Index("ix_mark_case", "submission_id", "round"))

    id: str = Field(primary_key=True)
    submission_id: str
    round: int
    stage_no: int
    indicator: str
    points: Decimal = Field(sa_column=_points())
    reason: str
    person: str
    person_name: str
    recorded_at: datetime


class IndustryRulingRow(Base, table=True):
    """行业认定, appended; the last word counts. ``sheet_revision``: the sheet that was seen, scored without it."""

    __tablename__ = "industry_ruling"
    __table_args__ = (_of_round(), Index("ix_industry_ruling_case", "submission_id", "round"))

    id: str = Field(primary_key=True)
    submission_id: str
    round: int
    stage_no: int
    industry: str
    former: str
    sheet_revision: int
    reason: str
    person: str
    person_name: str
    recorded_at: datetime


class ConsultationRow(Base, table=True):
    """征求意见: asked."""

    __tablename__ = "consultation"
    __table_args__ = (_of_round(),)

    submission_id: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    stage_no: int = Field(primary_key=True)
    department: str = Field(primary_key=True)
    asked_on: date
    asked_by: str
    recorded_at: datetime


class ConsultationAnswerRow(Base, table=True):
    """征求意见: answered, once."""

    __tablename__ = "consultation_answer"

    submission_id: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    stage_no: int = Field(primary_key=True)
    department: str = Field(primary_key=True)
    answered_on: date
    agrees: bool
    opinion: str
    person: str
    recorded_at: datetime


class ExpertReviewRow(Base, table=True):
    """专家评审, appended."""

    __tablename__ = "expert_review"
    __table_args__ = (_of_round(), Index("ix_expert_review_case", "submission_id", "round"))

    id: str = Field(primary_key=True)
    submission_id: str
    round: int
    stage_no: int
    state: str
    grade: str
    note: str
    person: str
    recorded_at: datetime


class DocumentRow(Base, table=True):
    """Uploaded document of a case or of a batch; the bytes lie under their SHA-256."""

    __tablename__ = "document"
    __table_args__ = (
        Index("ix_document_case", "submission_id", "round"),
        Index("ix_document_recommendation", "recommendation_id"),
    )

    id: str = Field(primary_key=True)
    submission_id: str
    round: int
    stage_no: int
    recommendation_id: str
    authority: str
    slot: str
    name: str
    sha256: str
    size_bytes: int
    media_type: str
    person: str
    recorded_at: datetime


class WrittenReasonRow(Base, table=True):
    """书面理由, appended."""

    __tablename__ = "written_reason"
    __table_args__ = (_of_round(), Index("ix_written_reason_case", "submission_id", "round"))

    id: str = Field(primary_key=True)
    submission_id: str
    round: int
    stage_no: int
    kind: str
    text: str
    person: str
    recorded_at: datetime


# --- the queue -------------------------------------------------------------------------------------------------------


FILTERED = ["campaign_id", "category", "kind", "division", "key_industry", "assignee", "support"]
COUNTED = ["campaign_id", "kind", "category", "division", "support", "key_industry", "assignee", "window_key"]


class QueueEntryRow(Base, table=True):
    """待办: one row per case and authority that sees it, with all that a queue filters, sorts and counts by.

    Derived from the case and written in its transaction (`queue_index.refresh`), never decided upon.
    """

    __tablename__ = "queue_entry"
    __table_args__ = (
        # An index per order. Each carries what the filters look at, so that the rarest filter costs one walk along
        # the authority's own entries and no look into the table.
        Index(
            "ix_queue_entry_admitted", "authority", "view", "admitted_at", "submission_id",
            postgresql_include=["window_key", *FILTERED],
        ),
        Index(
            "ix_queue_entry_due", "authority", "view", "window_key", "admitted_at", "submission_id",
            postgresql_include=FILTERED,
        ),
        Index(
            "ix_queue_entry_score", "authority", "view", "support", "score", "submission_id",
            postgresql_include=["window_key", *FILTERED[:-1]],
        ),
        # What is counted, and nothing that tells cases apart: alike entries share one, so the index is a twentieth.
        Index("ix_queue_entry_count", "authority", "view", *COUNTED),
    )  # fmt: skip

    submission_id: str = Field(primary_key=True, foreign_key="review_case.submission_id")
    authority: str = Field(primary_key=True)
    #: to_do, waiting, passed, returned, closed, other: as this authority sees the case.
    view: str
    #: The window of the level while it is undecided, else ''.
    window_key: str
    campaign_id: str
    category: str
    kind: str
    #: 行业大类 (two digits) of the main industry.
    division: str
    key_industry: str
    #: 重点支持: 1 for a key industry (N25 附件3), else 0.
    support: int
    #: The sheet's total; -1 where there is none.
    score: Decimal = Field(sa_column=_points())
    admitted_at: datetime
    #: Subject of the person the case is assigned to; '' nobody.
    assignee: str
    #: Name, number and code in lower case: what a text search looks into.
    search_text: str


class CaseSearchRow(Base, table=True):
    """Pairs of characters of name, number and code: finds two characters of Chinese without any extension."""

    __tablename__ = "case_search"
    __table_args__ = (Index("ix_case_search_pairs", "pairs", postgresql_using="gin"),)

    submission_id: str = Field(primary_key=True, foreign_key="review_case.submission_id")
    search_text: str
    pairs: list[str] = Field(sa_column=_texts())


class QueueWindowRow(Base, table=True):
    """The windows under which an authority reviews: a few dozen, from which the days left are computed."""

    __tablename__ = "queue_window"

    authority: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    campaign_id: str
    act: str
    closes_at: datetime
    #: Who set the date.
    setter: str


class AssignmentRow(Base, table=True):
    """分派, appended: who of the authority handles the case; the highest number holds."""

    __tablename__ = "assignment"

    submission_id: str = Field(primary_key=True, foreign_key="review_case.submission_id")
    authority: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    round: int
    stage_no: int
    #: '' takes the assignment back.
    assignee: str
    person: str
    recorded_at: datetime


class OfficialRow(Base, table=True):
    """Who has signed in at the desk: subject, name, authority, roles, and nothing else about a person."""

    __tablename__ = "official"
    __table_args__ = (Index("ix_official_authority", "authority", "name"),)

    subject: str = Field(primary_key=True)
    name: str
    authority: str
    roles: list[str] = Field(sa_column=_texts())
    changed_at: datetime


# --- batches and publicity -------------------------------------------------------------------------------------------


class RecommendationRow(Base, table=True):
    """推荐批次."""

    __tablename__ = "recommendation"
    __table_args__ = (Index("ix_recommendation_authority", "authority", "created_at"),)

    id: str = Field(primary_key=True)
    authority: str
    campaign_id: str
    category: str
    kind: str
    title: str
    state: str
    version: int
    document: str
    summary: list[dict[str, Any]] = Field(sa_column=_json())
    created_at: datetime
    updated_at: datetime


class RecommendationItemRow(Base, table=True):
    """One case of a batch. A case stands in one living batch at most."""

    __tablename__ = "recommendation_item"
    __table_args__ = (
        Index("uq_recommendation_item_living", "submission_id", unique=True, postgresql_where=text("living")),
    )

    recommendation_id: str = Field(primary_key=True, foreign_key="recommendation.id")
    submission_id: str = Field(primary_key=True, foreign_key="review_case.submission_id")
    round: int
    stage_no: int
    position: int
    case_version: int
    sheet_revision: int
    living: bool


class PublicityRow(Base, table=True):
    """公示."""

    __tablename__ = "publicity"
    __table_args__ = (
        Index("uq_publicity_draft", "list_id", "campaign_id", unique=True, postgresql_where=text("state = 'drafted'")),
        Index("ix_publicity_due", "until", postgresql_where=text("state = 'open'")),
        Index("ix_publicity_authority", "authority", "created_at"),
    )

    id: str = Field(primary_key=True)
    list_id: str
    campaign_id: str
    authority: str
    state: str
    version: int
    event_number: int
    days: int
    unit: str
    rule: str
    provisional: bool
    opened_at: datetime | None = None
    until: datetime | None = None
    created_at: datetime


class PublicityEntryRow(Base, table=True):
    """One unit of a proposed list."""

    __tablename__ = "publicity_entry"
    __table_args__ = (Index("ix_publicity_entry_case", "submission_id"),)

    publicity_id: str = Field(primary_key=True, foreign_key="publicity.id")
    submission_id: str = Field(primary_key=True)
    round: int
    stage_no: int
    unit_id: str
    name: str
    position: int
    state: str
    settled: bool


class ObjectionRow(Base, table=True):
    """异议 and the ruling on it, appended."""

    __tablename__ = "objection"
    __table_args__ = (Index("ix_objection_entry", "publicity_id", "submission_id"),)

    id: str = Field(primary_key=True)
    publicity_id: str = Field(foreign_key="publicity.id")
    submission_id: str
    #: raised, upheld, dismissed
    act: str
    text: str
    person: str
    recorded_at: datetime


# --- kept from other services ----------------------------------------------------------------------------------------


class SheetRow(Base, table=True):
    """评分表: every revision, as scoring sent it; may come before its case."""

    __tablename__ = "sheet"

    submission_id: str = Field(primary_key=True)
    round: int = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    outcome: str
    basis: str
    total: Decimal | None = Field(default=None, sa_column=_points(nullable=True))
    band: str
    lines: list[dict[str, Any]] = Field(sa_column=_json())
    reasons: list[str] = Field(sa_column=_texts())
    ruleset: str
    benchmark: str
    received_at: datetime


class UnitRow(Base, table=True):
    """Name and state of a unit, for pages and batches."""

    __tablename__ = "unit"

    unit_id: str = Field(primary_key=True)
    profile_version: int
    name: str
    state: str
    superior: str


class CampaignRow(Base, table=True):
    """A campaign's windows and extensions."""

    __tablename__ = "campaign"

    campaign_id: str = Field(primary_key=True)
    name: str
    year: int
    state: str
    windows: list[dict[str, Any]] = Field(sa_column=_json())
    extensions: list[dict[str, Any]] = Field(sa_column=_json())


class BarRow(Base, table=True):
    """A bar (禁止申报) on a unit."""

    __tablename__ = "bar"
    __table_args__ = (Index("ix_bar_unit", "unit_id"),)

    bar_id: str = Field(primary_key=True)
    unit_id: str
    state: str
    ground: str
    article: str
    since: str
    until: str
    reason: str
    source: str


class MembershipRow(Base, table=True):
    """On which lists a unit stands."""

    __tablename__ = "membership"

    unit_id: str = Field(primary_key=True)
    list_id: str = Field(primary_key=True)
    state: str
    effective: str
    membership_id: str


class AverageRow(Base, table=True):
    """Averages of a closed ranking run."""

    __tablename__ = "average"

    authority: str = Field(primary_key=True)
    category: str = Field(primary_key=True)
    year: int = Field(primary_key=True)
    run_id: str
    points: Decimal = Field(sa_column=_points())
    count: int
    population_at: datetime
