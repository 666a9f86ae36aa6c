"""Tables of notify."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Column, DateTime, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import Text
from sqlmodel import Field

from gf_chassis.tables import service_base

if TYPE_CHECKING:
    from sqlmodel import SQLModel as Base
else:
    Base = service_base("notify")


def _text() -> Any:
    return Field(default="", sa_type=Text, nullable=False)


def _instant() -> Any:
    return Field(sa_type=DateTime(timezone=True), nullable=False)


class NoticeRow(Base, table=True):
    """A notice as it was raised; its words never change."""

    __tablename__ = "notice"
    __table_args__ = (
        # One event says one thing to one addressee once, however often the event comes.
        UniqueConstraint("event_id", "template", "addressee"),
        Index("ix_notice_unit", "unit_id", "id"),
        Index("ix_notice_authority", "authority", "role", "id"),
    )

    id: UUID = Field(primary_key=True)
    event_id: str = _text()
    template: str = _text()
    addressee: str = _text()
    unit_id: UUID | None = Field(default=None, nullable=True)
    authority: str | None = Field(default=None, sa_type=Text, nullable=True)
    role: str | None = Field(default=None, sa_type=Text, nullable=True)
    about_unit: UUID | None = Field(default=None, nullable=True)
    submission_id: UUID | None = Field(default=None, nullable=True)
    title: str = _text()
    body: str = _text()
    rule: str = _text()
    raised_at: dt.datetime = _instant()


class ReadingRow(Base, table=True):
    """That a person has read a notice; another person of the same authority has not."""

    __tablename__ = "reading"

    notice_id: UUID = Field(primary_key=True, foreign_key="notice.id")
    subject: str = Field(primary_key=True, sa_type=Text)
    read_at: dt.datetime = _instant()


class SeenCaseRow(Base, table=True):
    """What was last told of a case: memory of the process, so that a state is told once."""

    __tablename__ = "seen_case"

    submission_id: UUID = Field(primary_key=True)
    unit_id: UUID = Field(nullable=False)
    round: int = Field(nullable=False)
    states: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))


class SeenPublicityRow(Base, table=True):
    """What was last told of a publicity: its state and the state of each entry."""

    __tablename__ = "seen_publicity"

    publicity_id: UUID = Field(primary_key=True)
    state: str = _text()
    entries: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))


class UnitRow(Base, table=True):
    """The address book's half that events give: which organisation a unit belongs to."""

    __tablename__ = "unit"
    __table_args__ = (Index("ix_unit_uscc", "uscc"),)

    unit_id: UUID = Field(primary_key=True)
    profile_version: int = Field(nullable=False)
    name: str = _text()
    uscc: str = _text()
    superior: str = _text()
