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


def _text() -> Any:
    """Text that the database fills in where a row came before its column."""
    return Field(default="", sa_type=Text, nullable=False, sa_column_kwargs={"server_default": ""})


class SheetRow(Base, table=True):
    """A revision of a score sheet; appended, never changed. It holds all that is needed to score it again."""

    __tablename__ = "score_sheet"
    __table_args__ = (
        # Averages, rankings and rescoring walk the sheets of a campaign. The average of a region needs nothing else of
        # a sheet, whose row holds the whole form.
        Index(
            "ix_score_sheet_average",
            "campaign_id",
            "kind",
            "category",
            "superior",
            postgresql_include=["submission_id", "number", "outcome", "total", "unit_id"],
        ),
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
    #: The authority that runs it (组织单位).
    owner: str = _text()


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


class UnitRow(Base, table=True):
    """Projection of UnitChanged: by what a ranking names and groups a unit."""

    __tablename__ = "unit_view"
    unit_id: UUID = Field(primary_key=True)
    profile_version: int = Field(sa_type=BigInteger)
    name: str
    uscc: str
    category: str
    superior: str
    key_industry: str


class CaseEndRow(Base, table=True):
    """Projection of CaseClosed: how a case ended (approved, refused, cancelled, dropped)."""

    __tablename__ = "case_end"
    submission_id: UUID = Field(primary_key=True)
    round: int
    outcome: str


class CampaignEndRow(Base, table=True):
    """Projection of CampaignClosed: every window is over and the control totals are here."""

    __tablename__ = "campaign_end"
    campaign_id: UUID = Field(primary_key=True)


class CampaignTotalRow(Base, table=True):
    """Projection of CampaignClosed: how many rounds an authority's units had admitted, and the digest over them."""

    __tablename__ = "campaign_total"
    campaign_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    authority: str = Field(primary_key=True)
    admitted: int = Field(sa_type=BigInteger)
    digest: str


class RankingRunRow(Base, table=True):
    """One ranking of one category of a campaign, with the rules it was made by."""

    __tablename__ = "ranking_run"
    __table_args__ = (
        CheckConstraint("state in ('collecting', 'closed', 'published', 'superseded')", name="state"),
        Index(
            "uq_ranking_run_collecting",
            "campaign_id",
            "category",
            unique=True,
            postgresql_where=text("state = 'collecting'"),
        ),
        Index("ix_ranking_run_list_id_year", "list_id", "year"),
    )
    id: UUID = Field(primary_key=True)
    campaign_id: UUID
    base: str
    category: str
    kind: str
    list_id: str
    year: int
    authority: str
    rules: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    rules_hash: str
    state: str
    population_at: datetime | None = None
    #: Units with a place, and listed units without one.
    count: int = 0
    unranked: int = 0
    digest: str = ""
    averages: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    #: Events sent so far; the last one closes the run for its consumers.
    sent: int = 0
    sent_all: bool = False
    version: int = 1
    created_at: datetime
    created_by: str
    closed_at: datetime | None = None
    document: str = ""
    person: str = ""
    published_at: datetime | None = None
    published_by: str = ""
    superseded_at: datetime | None = None
    #: The published run this one took the place of.
    supersedes: UUID | None = None


class PlaceRow(Base, table=True):
    """Where a listed unit stands in a run; inserted when the run closes, never changed."""

    __tablename__ = "ranking_place"
    __table_args__ = (
        Index("ix_ranking_place_run_id_seq", "run_id", "seq"),
        Index("ix_ranking_place_unit_id", "unit_id"),
    )
    run_id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(primary_key=True)
    #: In order of place and unit id; None without a place.
    seq: int | None = None
    submission_id: UUID | None = None
    #: Which revision of the sheet counted.
    sheet_number: int | None = None
    name: str
    uscc: str
    superior: str
    #: The authority directly below the ministry whose average the unit belongs to.
    recipient: str
    key_industry: str
    points: Decimal | None = Field(default=None, sa_type=Numeric)
    place: int | None = None
    industry_place: int | None = None
    industry_count: int | None = None
    #: Grade of the green code; empty where none is given.
    grade: str
    bottom: bool
    warned: bool
    #: Years running in the bottom share, this one included.
    streak: int
    #: The streak is as long as the rule for removal says.
    due: bool
    #: Why there is no place; empty where there is one.
    missing: str


class RescoreRunRow(Base, table=True):
    """Every sheet of a population scored again beside what there is, by rules that are not yet in force."""

    __tablename__ = "rescore_run"
    __table_args__ = (
        CheckConstraint("state in ('running', 'finished', 'switched', 'dropped')", name="state"),
        Index(
            "uq_rescore_run_running",
            "campaign_id",
            "category",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
    )
    id: UUID = Field(primary_key=True)
    campaign_id: UUID
    category: str
    #: None: every kind.
    kind: str | None = None
    authority: str
    title: str
    #: The ruleset file that would come into force; empty: the one there is.
    ruleset_text: str
    ruleset_id: str
    ruleset_version: str
    ruleset_hash: str
    #: Benchmark sets (drafts) that would be published.
    sets: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    state: str
    total: int
    report: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    version: int = 1
    created_at: datetime
    created_by: str
    finished_at: datetime | None = None
    document: str = ""
    person: str = ""
    switched_at: datetime | None = None
    switched_by: str = ""
    #: Every sheet of the population has its new revision.
    appended_at: datetime | None = None


class RescoreChunkRow(Base, table=True):
    """A stretch of the population that is scored, and later appended, in one transaction."""

    __tablename__ = "rescore_chunk"
    __table_args__ = (Index("ix_rescore_chunk_open", "run_id", "chunk", postgresql_where=text("scored_at is null")),)
    run_id: UUID = Field(primary_key=True)
    chunk: int = Field(primary_key=True)
    #: Submissions after the first and up to the second id.
    after: UUID
    until: UUID
    count: int = 0
    scored_at: datetime | None = None
    appended_at: datetime | None = None


class RescoredRow(Base, table=True):
    """What one submission would be worth; the sheet itself follows from its facts and the candidate."""

    __tablename__ = "rescored"
    run_id: UUID = Field(primary_key=True)
    submission_id: UUID = Field(primary_key=True)
    #: The revision it stands beside.
    sheet_number: int
    kind: str = _text()
    unit_id: UUID
    superior: str
    #: Industry whose table scores it: the key industry, or the slot that its class falls into.
    key_industry: str
    former: Decimal | None = Field(default=None, sa_type=Numeric)
    total: Decimal | None = Field(default=None, sa_type=Numeric)
    #: Code of the ruleset's band (星级, 等级); empty where it has none or the total earns none.
    former_band: str = _text()
    band: str = _text()


class RescoredMoveRow(Base, table=True):
    """Who would stand elsewhere: in another grade or band, into or out of the bottom share, scorable or not."""

    __tablename__ = "rescored_move"
    __table_args__ = (Index("ix_rescored_move_run_id_superior", "run_id", "superior"),)
    run_id: UUID = Field(primary_key=True)
    submission_id: UUID = Field(primary_key=True)
    unit_id: UUID
    superior: str
    recipient: str
    key_industry: str
    former: Decimal | None = Field(default=None, sa_type=Numeric)
    total: Decimal | None = Field(default=None, sa_type=Numeric)
    former_grade: str
    grade: str
    former_bottom: bool
    bottom: bool
    former_band: str = _text()
    band: str = _text()


class RulesetSwitchRow(Base, table=True):
    """Which version of a ruleset scores since when (切换): an act with document and person."""

    __tablename__ = "ruleset_switch"
    ruleset_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    ruleset_version: str
    ruleset_hash: str
    #: The version it took the place of; once the published files bring a third one, they rule again.
    replaces_hash: str
    #: The file as it was tried and switched, so that every process and every later check has it.
    text: str
    rescore_run_id: UUID
    document: str
    person: str
    switched_at: datetime
    switched_by: str
