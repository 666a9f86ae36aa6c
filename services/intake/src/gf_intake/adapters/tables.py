"""Intake's tables. They hold; the domain decides, and nothing here validates."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from gf_chassis.tables import service_base

if TYPE_CHECKING:
    from sqlmodel import SQLModel as Base
else:
    Base = service_base("intake")


class UnitRow(Base, table=True):
    """A unit's head; its profile is in `unit_profile`, one row per version."""

    __tablename__ = "unit"
    __table_args__ = (
        # Not unique: an imported list may carry a code twice; registration looks before it writes, under a lock.
        Index("ix_unit_uscc_category", "uscc", "category"),
        Index("ix_unit_superior_id", "superior", "id"),
        CheckConstraint("state in ('active', 'merged', 'closed')", name="state"),
    )
    id: UUID = Field(primary_key=True)
    category: str
    state: str
    uscc: str | None = None
    superior: str
    profile_version: int
    event_number: int = 0
    merged_into: UUID | None = None


class UnitProfileRow(Base, table=True):
    """A version of a profile; appended, never changed."""

    __tablename__ = "unit_profile"
    unit_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    name: str
    uscc: str | None = None
    industries: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    key_industry: str | None = None
    region: str
    superior: str
    group_authority: str | None = None
    contact: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    names: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    recorded_at: datetime
    recorded_by: str


class CampaignRow(Base, table=True):
    """A campaign under its base policy."""

    __tablename__ = "campaign"
    __table_args__ = (CheckConstraint("state in ('announced', 'open', 'closed')", name="state"),)
    id: UUID = Field(primary_key=True)
    name: str
    year: int
    policy_id: str
    policy_version: str
    policy_hash: str
    policy_valid_from: date
    policy_valid_to: date | None = None
    owner: str
    categories: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    kinds: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    state: str
    renewal_document: str = ""
    links: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    version: int
    event_number: int = 0


class CampaignDateRow(Base, table=True):
    """A date an authority set or extended (acts under the law): appended with document and person."""

    __tablename__ = "campaign_date"
    campaign_id: UUID = Field(primary_key=True)
    no: int = Field(primary_key=True)
    act: str
    authority: str
    closes_at: datetime
    document: str
    person: str
    recorded_at: datetime
    extends: bool


class SubmissionRow(Base, table=True):
    """A submission's head: state, round and the counters that its versions are numbered by."""

    __tablename__ = "submission"
    __table_args__ = (
        Index(
            "uq_submission_unit_campaign_kind",
            "unit_id",
            "campaign_id",
            "kind",
            unique=True,
            postgresql_where=text("state <> 'deleted'"),
        ),
        Index("ix_submission_campaign_id_id", "campaign_id", "id"),
        Index("ix_submission_number", "number"),
        # Not the two states that most submissions are in: admission writes no more, and their newest are soon found.
        Index(
            "ix_submission_state_id",
            "state",
            "id",
            postgresql_where=text("state not in ('submitted', 'closed', 'deleted')"),
        ),
        Index("ix_submission_term_ends_at", "term_ends_at", postgresql_where=text("term_ends_at is not null")),
        CheckConstraint(
            "state in ('draft', 'verified', 'submitted', 'withdrawing', 'closed', 'deleted', 'dropped')", name="state"
        ),
    )
    id: UUID = Field(primary_key=True)
    number: str
    unit_id: UUID
    campaign_id: UUID
    category: str
    kind: str
    state: str
    round: int
    version: int
    form_version: int
    content_hash: str | None = None
    superior: str = ""
    route_since: int = 1
    admitted_at: datetime | None = None
    term_ends_at: datetime | None = None
    outcome: str = ""
    event_number: int = 0
    created_by: str = ""


class FormVersionRow(Base, table=True):
    """A saved content. Text, not jsonb: the hash is taken over exactly these bytes (canonical JSON)."""

    __tablename__ = "form_version"
    submission_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    round: int
    content: str
    content_hash: str
    verified: bool
    saved_at: datetime
    saved_by: str


class RoundRow(Base, table=True):
    """A round as it was admitted: which content, which profile, which superior."""

    __tablename__ = "submission_round"
    __table_args__ = (Index("ix_submission_round_campaign_id", "campaign_id"),)
    submission_id: UUID = Field(primary_key=True)
    round: int = Field(primary_key=True)
    campaign_id: UUID
    kind: str
    superior: str
    profile_version: int
    form_version: int
    content_hash: str
    admitted_at: datetime
    evidence: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))


class EvidenceRow(Base, table=True):
    """A file a unit handed in. The bytes lie in the store under their SHA-256; the name is metadata only."""

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_unit_id_id", "unit_id", "id"),)
    id: UUID = Field(primary_key=True)
    unit_id: UUID
    sha256: str
    size_bytes: int = Field(sa_type=BigInteger)
    media_type: str
    name: str
    #: For the scan of a sealed print: the content it was printed from (DM-export).
    content_hash: str | None = None
    uploaded_at: datetime
    uploaded_by: str


class AttachmentRow(Base, table=True):
    """Evidence in a slot of a submission. Taking it out marks the row; what an admitted round carried stays."""

    __tablename__ = "attachment"
    submission_id: UUID = Field(primary_key=True)
    evidence_id: UUID = Field(primary_key=True)
    slot: str = Field(primary_key=True)
    attached_at: datetime
    removed_at: datetime | None = None


class MembershipRow(Base, table=True):
    """Projection of MembershipChanged: what intake needs for preconditions. A unit unknown here may come later."""

    __tablename__ = "membership"
    unit_id: UUID = Field(primary_key=True)
    list_id: str = Field(primary_key=True)
    membership_id: str
    state: str
    effective: str
    number: int


class BarRow(Base, table=True):
    """Projection of BarChanged (禁止申报)."""

    __tablename__ = "bar"
    unit_id: UUID = Field(primary_key=True)
    bar_id: str = Field(primary_key=True)
    state: str
    ground: str
    article: str
    reason: str
    valid_from: date
    valid_until: date | None = None


class AgencyRow(Base, table=True):
    """Projection of AgencyChanged (第三方机构)."""

    __tablename__ = "agency"
    id: str = Field(primary_key=True)
    name: str
    uscc: str | None = None
    representative_id: str
    distrusted_until: date | None = None


class EditionRow(Base, table=True):
    """Projection of EditionPublished: the latest edition of each list."""

    __tablename__ = "edition"
    list_id: str = Field(primary_key=True)
    edition_id: str
    year: int
    number: int
    effective: str
    digest: str


class CaseRow(Base, table=True):
    """Projection of CaseProgressed: the case as last seen."""

    __tablename__ = "case_progress"
    submission_id: UUID = Field(primary_key=True)
    round: int
    case_version: int = Field(sa_type=BigInteger)
    state: str


class CaseStageRow(Base, table=True):
    """Projection of CaseProgressed: stages of every round; authorises what reviewers may read."""

    __tablename__ = "case_stage"
    __table_args__ = (Index("ix_case_stage_authority_submission_id", "authority", "submission_id"),)
    submission_id: UUID = Field(primary_key=True)
    round: int = Field(primary_key=True)
    stage_no: int = Field(primary_key=True)
    level: str
    authority: str
    state: str
    reason: str
    substates: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    decided_at: datetime | None = None


class CorrectionRow(Base, table=True):
    """What a return for correction (退回) said: reason, term and the fields with findings."""

    __tablename__ = "correction"
    submission_id: UUID = Field(primary_key=True)
    round: int = Field(primary_key=True)
    stage_no: int
    reason: str
    term_ends_at: datetime
    findings: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
