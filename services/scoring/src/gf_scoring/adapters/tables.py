"""Scoring's tables. They hold; the domain decides, and nothing here validates."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Index, LargeBinary, Numeric, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from gf_chassis.tables import service_base

if TYPE_CHECKING:
    from sqlmodel import SQLModel as Base
else:
    Base = service_base("scoring")


class SheetRow(Base, table=True):
    """A revision of a score sheet; appended, never changed. It holds all that is needed to score it again."""

    __tablename__ = "score_sheet"
    __table_args__ = (
        # The average of listed units and, later, rankings walk the benchmark sheets of a campaign.
        Index("ix_score_sheet_campaign_id_kind_category", "campaign_id", "kind", "category"),
        CheckConstraint("basis in ('claimed', 'assessed')", name="basis"),
        CheckConstraint("outcome in ('scored', 'not_scorable')", name="outcome"),
        CheckConstraint("(outcome = 'scored') = (total is not null)", name="total_when_scored"),
    )
    submission_id: UUID = Field(primary_key=True)
    #: Number of the event on this key; the primary key keeps two writers from giving the same one.
    number: int = Field(primary_key=True)
    round: int
    revision: int
    basis: str
    outcome: str
    total: Decimal | None = Field(default=None, sa_type=Numeric)
    unit_id: UUID
    category: str
    kind: str
    campaign_id: UUID
    superior: str
    benchmark_set_id: UUID | None = None
    marks: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    #: The form as it was admitted, and the sheet as it was published: bytes of the contracts.
    admitted: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    published: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    scored_at: datetime


class AssessmentRow(Base, table=True):
    """Marks of a reviewer as they came; kept also when the submission itself has not come yet."""

    __tablename__ = "assessment"
    submission_id: UUID = Field(primary_key=True)
    #: Number of the event on the case's key.
    number: int = Field(primary_key=True)
    round: int
    industry_ruling: str
    marks: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    person: str
    reason: str
    recorded_at: datetime


class BenchmarkSetRow(Base, table=True):
    """Lead and baseline values as an authority entered them; only the state moves."""

    __tablename__ = "benchmark_set"
    __table_args__ = (
        Index(
            "uq_benchmark_set_published",
            "campaign_id",
            "ruleset_id",
            "key_industry",
            unique=True,
            postgresql_where=text("state = 'published'"),
        ),
        CheckConstraint("state in ('draft', 'published', 'superseded')", name="state"),
    )
    id: UUID = Field(primary_key=True)
    campaign_id: UUID
    ruleset_id: str
    ruleset_version: str
    key_industry: str
    title: str
    authority: str
    document: str
    person: str
    demo: bool
    levels: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    hash: str
    state: str
    version: int
    created_at: datetime
    created_by: str
    published_at: datetime | None = None
    superseded_at: datetime | None = None


class CampaignRow(Base, table=True):
    """Projection of CampaignChanged."""

    __tablename__ = "campaign"
    id: UUID = Field(primary_key=True)
    name: str
    year: int
    state: str
    base: str
    categories: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))


class CaseRow(Base, table=True):
    """Projection of CaseProgressed: which authorities the present route leads through, and how the case stands."""

    __tablename__ = "case_view"
    submission_id: UUID = Field(primary_key=True)
    round: int
    case_version: int = Field(sa_type=BigInteger)
    state: str
    authorities: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))


class MembershipRow(Base, table=True):
    """Projection of MembershipChanged: which unit stands on which list since when."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_list_id", "list_id", postgresql_where=text("listed")),)
    unit_id: UUID = Field(primary_key=True)
    list_id: str = Field(primary_key=True)
    listed: bool
    effective: str
