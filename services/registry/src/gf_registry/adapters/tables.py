"""Tables of the registry. Rows of lists are appended only; a trigger refuses to change what was published."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Column, Date, DateTime, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import Text
from sqlmodel import Field

from gf_chassis.tables import service_base

if TYPE_CHECKING:
    from sqlmodel import SQLModel as Base
else:
    Base = service_base("registry")


def _text() -> Any:
    return Field(default="", sa_type=Text, nullable=False, sa_column_kwargs={"server_default": ""})


def _optional_text() -> Any:
    return Field(default=None, sa_type=Text, nullable=True)


def _instant() -> Any:
    return Field(sa_type=DateTime(timezone=True), nullable=False)


def _optional_instant() -> Any:
    return Field(default=None, sa_type=DateTime(timezone=True), nullable=True)


def _recorded() -> Any:
    return Field(
        default=None,
        sa_type=DateTime(timezone=True),
        nullable=False,
        sa_column_kwargs={"server_default": func.clock_timestamp()},
    )


def _codes() -> Any:
    return Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False, server_default="{}"))


class StandingRow(Base, table=True):
    """The lock of a unit: whatever changes its standing locks this row first."""

    __tablename__ = "standing"

    unit_id: UUID = Field(primary_key=True)
    event_number: int = Field(default=0, nullable=False)


class ListRow(Base, table=True):
    """The lock of a list, taken after the units' rows; its changes serialise here."""

    __tablename__ = "list"

    list_id: str = Field(primary_key=True, sa_type=Text)
    level: str = Field(sa_type=Text, nullable=False)
    authority: str = Field(sa_type=Text, nullable=False)
    category: str = Field(sa_type=Text, nullable=False)
    position: int = Field(default=0, nullable=False)
    recorded_at: dt.datetime | None = _optional_instant()
    editions: int = Field(default=0, nullable=False)
    event_number: int = Field(default=0, nullable=False)


class MembershipRow(Base, table=True):
    """A membership as it stands now; its history is in `membership_change`."""

    __tablename__ = "membership"
    __table_args__ = (
        Index("ix_membership_unit_id", "unit_id"),
        Index("uq_membership_live", "unit_id", "list_id", unique=True, postgresql_where=text("state = 'listed'")),
        # The list as it stands now, region by region; the names of one region are sorted when they are read.
        Index("ix_membership_list", "list_id", "region", postgresql_where=text("state = 'listed'")),
    )

    id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(nullable=False)
    list_id: str = Field(sa_type=Text, nullable=False)
    state: str = Field(sa_type=Text, nullable=False)
    name: str = Field(sa_type=Text, nullable=False)
    uscc: str | None = _optional_text()
    region: str = _text()
    industry: str = _text()
    submission_id: UUID | None = Field(default=None)
    year: int | None = Field(default=None)
    effective: dt.date | None = Field(default=None, sa_type=Date)
    edition_id: UUID | None = Field(default=None)
    ended: dt.date | None = Field(default=None, sa_type=Date)
    ground: str = _text()


class ChangeRow(Base, table=True):
    """One appended change of a list. `effective` is null where the next edition gives the date."""

    __tablename__ = "membership_change"
    __table_args__ = (
        UniqueConstraint("list_id", "position"),
        Index("ix_membership_change_membership_id", "membership_id"),
        Index("ix_membership_change_unit_id", "unit_id"),
        Index("ix_membership_change_effective", "list_id", "effective", postgresql_where=text("effective is not null")),
        Index("ix_membership_change_recorded_at", "list_id", "recorded_at"),
    )

    id: UUID = Field(primary_key=True)
    list_id: str = Field(sa_type=Text, nullable=False)
    position: int = Field(nullable=False)
    recorded_at: dt.datetime = _instant()
    membership_id: UUID = Field(nullable=False)
    unit_id: UUID = Field(nullable=False)
    kind: str = Field(sa_type=Text, nullable=False)
    name: str = Field(sa_type=Text, nullable=False)
    uscc: str | None = _optional_text()
    region: str = _text()
    industry: str = _text()
    ground: str = _text()
    article: str = _text()
    adjustment_id: UUID | None = Field(default=None)
    effective: dt.date | None = Field(default=None, sa_type=Date)


class EffectRow(Base, table=True):
    """A change that took effect, with its date in law and the position at which that became known.

    Made by triggers from changes and editions (migration 0007); read to show a list at any date.
    """

    __tablename__ = "list_effect"
    __table_args__ = (
        Index(
            "ix_list_effect_page",
            "list_id",
            "region",
            "name",
            "membership_id",
            postgresql_where=text("kind <> 'removed'"),
        ),
        # What a count needs: the last effect of each membership comes first, and no other list lies between.
        Index(
            "ix_list_effect_last",
            "list_id",
            "membership_id",
            text("effective desc"),
            text("position desc"),
            postgresql_include=["known", "known_at", "kind", "name", "uscc", "region", "year"],
        ),
        Index("ix_list_effect_membership_id", "membership_id", "effective", "position", "known"),
    )

    change_id: UUID = Field(primary_key=True)
    list_id: str = Field(sa_type=Text, nullable=False)
    membership_id: UUID = Field(nullable=False)
    #: As the change was recorded; an imported entry's membership may belong to another unit by now.
    unit_id: UUID = Field(nullable=False)
    position: int = Field(nullable=False)
    kind: str = Field(sa_type=Text, nullable=False)
    effective: dt.date = Field(sa_type=Date, nullable=False)
    known: int = Field(nullable=False)
    known_at: dt.datetime = _instant()
    #: In the order in which lists are shown, so that an index gives it.
    name: str = Field(sa_column=Column(Text(collation="C"), nullable=False))
    uscc: str | None = _optional_text()
    region: str = _text()
    industry: str = _text()
    year: int | None = Field(default=None)


class EditionRow(Base, table=True):
    """An edition: a draft, or published with its frozen bytes."""

    __tablename__ = "edition"
    __table_args__ = (
        UniqueConstraint("list_id", "number"),
        Index("uq_edition_draft", "list_id", unique=True, postgresql_where=text("state = 'draft'")),
    )

    id: UUID = Field(primary_key=True)
    list_id: str = Field(sa_type=Text, nullable=False)
    year: int = Field(nullable=False)
    number: int | None = Field(default=None)
    state: str = Field(sa_type=Text, nullable=False)
    document: str = Field(sa_type=Text, nullable=False)
    effective: dt.date | None = Field(default=None, sa_type=Date)
    position: int | None = Field(default=None)
    recorded_at: dt.datetime | None = _optional_instant()
    listed: int | None = Field(default=None)
    added: int | None = Field(default=None)
    removed: int | None = Field(default=None)
    renamed: int | None = Field(default=None)
    content: bytes | None = Field(default=None, sa_type=LargeBinary)
    digest: str = _text()


class EditionChangeRow(Base, table=True):
    """Which changes an edition announced."""

    __tablename__ = "edition_change"
    __table_args__ = (UniqueConstraint("change_id"),)

    edition_id: UUID = Field(primary_key=True)
    change_id: UUID = Field(primary_key=True)


class BarRow(Base, table=True):
    __tablename__ = "bar"
    __table_args__ = (
        Index("ix_bar_unit_id", "unit_id"),
        Index("ix_bar_due", "until", postgresql_where=text("state = 'in_force' and until is not null")),
    )

    id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(nullable=False)
    state: str = Field(sa_type=Text, nullable=False)
    ground: str = Field(sa_type=Text, nullable=False)
    article: str = _text()
    source: str = _text()
    source_date: dt.date = Field(sa_type=Date, nullable=False)
    from_: dt.date = Field(sa_column=Column("from_date", Date, nullable=False))
    until: dt.date | None = Field(default=None, sa_type=Date)
    reason: str = _text()
    imposed_by: str = _text()
    authority: str = _text()


class AdjustmentRow(Base, table=True):
    __tablename__ = "adjustment"
    __table_args__ = (Index("ix_adjustment_unit_id", "unit_id"),)

    id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(nullable=False)
    list_id: str | None = _optional_text()
    kind: str = Field(sa_type=Text, nullable=False)
    state: str = Field(sa_type=Text, nullable=False)
    ground: str = _text()
    article: str = _text()
    timing: str = Field(sa_type=Text, nullable=False)
    reason: str = _text()
    new_name: str = _text()
    document: str = _text()
    proposed_by: str = Field(sa_type=Text, nullable=False)
    decided_by: str = _text()
    authority: str = Field(sa_type=Text, nullable=False)
    version: int = Field(nullable=False)


class ObligationRow(Base, table=True):
    __tablename__ = "obligation"
    __table_args__ = (UniqueConstraint("unit_id", "year", "kind"),)

    id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(nullable=False)
    year: int = Field(nullable=False)
    kind: str = Field(sa_type=Text, nullable=False)
    due: dt.date = Field(sa_type=Date, nullable=False)
    state: str = Field(sa_type=Text, nullable=False)


class ListingRow(Base, table=True):
    """A listing decided by review, until it is settled. One row per submission, list and round."""

    __tablename__ = "listing"
    __table_args__ = (
        Index("ix_listing_publicity_id", "publicity_id", postgresql_where=text("state = 'waiting'")),
        Index("ix_listing_unit_id", "unit_id"),
    )

    submission_id: UUID = Field(primary_key=True)
    list_id: str = Field(primary_key=True, sa_type=Text)
    round: int = Field(primary_key=True)
    unit_id: UUID = Field(nullable=False)
    wanted: bool = Field(nullable=False)
    publicity_id: UUID | None = Field(default=None)
    year: int | None = Field(default=None)
    state: str = Field(sa_type=Text, nullable=False)
    ground: str = _text()


class PublicityEntryRow(Base, table=True):
    """What is known of one submission's entry in a publicity, each time the publicity changes."""

    __tablename__ = "publicity_entry"

    publicity_id: UUID = Field(primary_key=True)
    submission_id: UUID = Field(primary_key=True)
    state: str = Field(sa_type=Text, nullable=False)
    entry: str = Field(sa_type=Text, nullable=False)


class UnitProfileRow(Base, table=True):
    """A unit's profile, one row per version."""

    __tablename__ = "unit_profile"
    __table_args__ = (Index("ix_unit_profile_uscc", "uscc"),)

    unit_id: UUID = Field(primary_key=True)
    profile_version: int = Field(primary_key=True)
    state: str = Field(sa_type=Text, nullable=False)
    category: str = Field(sa_type=Text, nullable=False)
    name: str = Field(sa_type=Text, nullable=False)
    uscc: str | None = _optional_text()
    region: str = _text()
    industries: list[str] = _codes()
    superior: str = _text()
    group_authority: str | None = _optional_text()
    recorded_at: dt.datetime = _recorded()


class SubmissionRow(Base, table=True):
    """The unit as it stood when a submission was admitted, and the policies it runs under."""

    __tablename__ = "submission"

    submission_id: UUID = Field(primary_key=True)
    round: int = Field(primary_key=True)
    unit_id: UUID = Field(nullable=False)
    campaign_id: str = _text()
    kind: str = _text()
    year: int | None = Field(default=None)
    name: str = Field(sa_type=Text, nullable=False)
    uscc: str | None = _optional_text()
    region: str = _text()
    industries: list[str] = _codes()
    category: str = _text()
    superior: str = _text()
    group_authority: str | None = _optional_text()
    policies: list[dict[str, str]] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default="[]")
    )


class ImportedUnitRow(Base, table=True):
    """A unit that stands on an imported list before intake knows it; `unit_id` of its own until it is linked."""

    __tablename__ = "imported_unit"
    __table_args__ = (
        Index(
            "uq_imported_unit_open",
            "uscc",
            "category",
            unique=True,
            postgresql_where=text("linked_to is null and uscc is not null"),
        ),
    )

    unit_id: UUID = Field(primary_key=True)
    uscc: str | None = _optional_text()
    category: str = Field(sa_type=Text, nullable=False)
    name: str = Field(sa_type=Text, nullable=False)
    linked_to: UUID | None = Field(default=None)
    recorded_at: dt.datetime = _recorded()


class RankingRow(Base, table=True):
    """A ranking run (排名) as the process knows it: complete, or only named by the one that supersedes it."""

    __tablename__ = "ranking"
    __table_args__ = (Index("ix_ranking_list_id_year", "list_id", "year"),)

    run_id: UUID = Field(primary_key=True)
    list_id: str = Field(sa_type=Text, nullable=False)
    year: int | None = Field(default=None)
    population_at: dt.datetime | None = _optional_instant()
    superseded_by: UUID | None = Field(default=None)


class RankedDueRow(Base, table=True):
    """That a run says of a unit that it is due for removal; of no effect until the run is complete."""

    __tablename__ = "ranked_due"

    run_id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(primary_key=True)
    streak: int = Field(nullable=False)
    place: int = Field(nullable=False)


class RemovalDueRow(Base, table=True):
    """A removal that is due (应移出事项), one per membership and year."""

    __tablename__ = "removal_due"
    __table_args__ = (
        UniqueConstraint("membership_id", "year"),
        Index("ix_removal_due_list_id_year", "list_id", "year"),
        Index("ix_removal_due_adjustment_id", "adjustment_id", postgresql_where=text("adjustment_id is not null")),
    )

    id: UUID = Field(primary_key=True)
    membership_id: UUID = Field(nullable=False)
    list_id: str = Field(sa_type=Text, nullable=False)
    year: int = Field(nullable=False)
    run_id: UUID = Field(nullable=False)
    streak: int = Field(nullable=False)
    place: int = Field(nullable=False)
    state: str = Field(sa_type=Text, nullable=False)
    adjustment_id: UUID | None = Field(default=None)
    document: str = _text()
    recorded_at: dt.datetime = _recorded()


class RankingViewRow(Base, table=True):
    """A run in the projection of rankings. Both sides of the projection are in the table, see `Projection`."""

    __tablename__ = "ranking_view"

    side: int = Field(primary_key=True)
    run_id: UUID = Field(primary_key=True)
    list_id: str = _text()
    year: int | None = Field(default=None)
    count: int | None = Field(default=None)
    population_at: dt.datetime | None = _optional_instant()
    rules_id: str = _text()
    digest: str = _text()
    superseded_by: UUID | None = Field(default=None)


class RankingPlaceRow(Base, table=True):
    """A unit's place in a run, in the projection of rankings."""

    __tablename__ = "ranking_place"
    __table_args__ = (
        Index("ix_ranking_place_unit_id", "side", "unit_id"),
        Index("ix_ranking_place_warned", "side", "run_id", "place", postgresql_where=text("warned")),
    )

    side: int = Field(primary_key=True)
    run_id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(primary_key=True)
    place: int = Field(nullable=False)
    points: str = Field(sa_type=Text, nullable=False)
    band: str = _text()
    bottom: bool = Field(nullable=False)
    streak: int = Field(nullable=False)
    warned: bool = Field(nullable=False)
    removal_due: bool = Field(nullable=False)
    industry_place: int | None = Field(default=None)
    industry_count: int | None = Field(default=None)
