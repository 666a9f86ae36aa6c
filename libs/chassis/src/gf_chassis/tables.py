"""The tables every service has beside its own: journal 流水, positions, held events, cursors.

``service_base("intake")`` gives a base class with a registry and a metadata of its own, because one shared metadata
could not hold five journals. The chassis' tables are plain ``sqlalchemy.Table`` objects in that metadata: the hot
paths use them through SQL, nothing maps them.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlalchemy.types import UserDefinedType
from sqlmodel import SQLModel

from gf_chassis.journal import HORIZON

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

#: Other modules of the chassis that bring tables of their own: ``module:function(metadata)``.
EXTENSIONS = ("gf_chassis.idempotency:add_tables", "gf_chassis.authorities:add_tables")


class XID8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id (xid8), which never wraps; text on the Python side."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


# Reflection (alembic's autogenerate) must know the type by name.
postgresql.base.ischema_names["xid8"] = XID8


def service_base(service: str) -> type[SQLModel]:
    """The base class of a service's tables; its metadata also holds the tables of the chassis."""
    metadata = MetaData(naming_convention=NAMING)
    metadata.info["service"] = service
    add_spine(metadata)
    for extension in EXTENSIONS:
        if importlib.util.find_spec(extension.partition(":")[0]) is None:
            continue
        _load(extension)(metadata)
    metaclass: Any = type(SQLModel)
    base: type[SQLModel] = metaclass(
        "Base",
        (SQLModel,),
        {"__module__": f"gf_{service}.adapters.tables", "__doc__": f"Base of the tables of {service}."},
        registry=registry(metadata=metadata),
    )
    return base


def _load(extension: str) -> Callable[[MetaData], None]:
    module, _, name = extension.partition(":")
    function: Callable[[MetaData], None] = getattr(importlib.import_module(module), name)
    return function


def add_spine(metadata: MetaData) -> None:
    """Journal and its seals, positions, held events, cursors and projection switches."""
    _journal(metadata)
    _seals(metadata)
    _positions(metadata)
    _cursors(metadata)


def _moment(name: str) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp())


def _journal(metadata: MetaData) -> None:
    """History, audit and outbox at once. The application's role may select and insert here, nothing else."""
    journal = Table(
        "journal",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("xid", XID8, nullable=False, server_default=text(HORIZON)),
        _moment("recorded_at"),
        Column("aggregate", Text, nullable=False),
        Column("aggregate_id", Text, nullable=False),
        Column("type", Text, nullable=False),
        Column("actor", Text, nullable=False),
        Column("authority", Text, nullable=False),
        Column("basis", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("trace", Text, nullable=False),
        Column("data", JSONB, nullable=False),
        Column("topic", Text),
        Column("key", Text),
        Column("number", Integer),
        Column("message_type", Text),
        Column("payload", LargeBinary),
        CheckConstraint(
            "(topic is null) = (key is null) and (topic is null) = (number is null)"
            " and (topic is null) = (message_type is null) and (topic is null) = (payload is null)",
            name="published_whole",
        ),
        CheckConstraint("number > 0", name="number_positive"),
    )
    Index("ix_journal_aggregate_id_id", journal.c.aggregate_id, journal.c.id)
    Index("ix_journal_xid_id", journal.c.xid, journal.c.id)
    Index(
        "uq_journal_topic_key_number",
        journal.c.topic,
        journal.c.key,
        journal.c.number,
        unique=True,
        postgresql_where=journal.c.topic.isnot(None),
    )


def _seals(metadata: MetaData) -> None:
    """Seals over the journal; the application's role may select and insert here, nothing else."""
    Table(
        "journal_seal",
        metadata,
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        #: The rows under it; their ids are not without gaps, for ids are drawn before the commit.
        Column("ids", postgresql.INT8MULTIRANGE, nullable=False),
        Column("rows", Integer, nullable=False),
        Column("root", LargeBinary, nullable=False),
        Column("previous", LargeBinary, nullable=False),
        Column("hash", LargeBinary, nullable=False),
        #: All transactions below it were looked at, as counted by this database system.
        Column("hi", BigInteger, nullable=False),
        Column("system_id", Text, nullable=False),
        _moment("sealed_at"),
        Index("ix_journal_seal_ids", "ids", postgresql_using="gist"),
    )


def _positions(metadata: MetaData) -> None:
    Table(
        "position",
        metadata,
        Column("grp", Text, nullable=False),
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        #: The last number applied; 0 while the first event of the key is held.
        Column("number", Integer, nullable=False),
        #: What the writer believed the number to be: the upsert compares it, so that a zombie cannot apply twice.
        Column("previous", Integer, nullable=False),
        #: '' open; 'gap' later events wait for a missing one; 'held' an event failed and the key waits for a person.
        Column("state", Text, nullable=False, server_default=""),
        _moment("updated_at"),
        PrimaryKeyConstraint("grp", "topic", "key"),
        CheckConstraint("state in ('', 'gap', 'held')", name="state"),
    )
    Table(
        "held_event",
        metadata,
        Column("grp", Text, nullable=False),
        Column("topic", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("type", Text, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        #: 'poison' this one failed; 'gap' one before it is missing; 'behind' it follows one that is held.
        Column("reason", Text, nullable=False),
        Column("error", Text, nullable=False, server_default=""),
        _moment("first_seen"),
        Column("state", Text, nullable=False, server_default="held"),
        Column("first_person", Text, nullable=False, server_default=""),
        Column("second_person", Text, nullable=False, server_default=""),
        Column("note", Text, nullable=False, server_default=""),
        Column("settled_at", DateTime(timezone=True)),
        PrimaryKeyConstraint("grp", "topic", "key", "number"),
        CheckConstraint("state in ('held', 'redriven', 'skipped')", name="state"),
        CheckConstraint("reason in ('poison', 'gap', 'behind')", name="reason"),
        CheckConstraint(
            "state <> 'skipped' or (first_person <> '' and second_person <> '' and first_person <> second_person)",
            name="two_persons",
        ),
        Index("ix_held_event_state_first_seen", "state", "first_seen"),
    )


def _cursors(metadata: MetaData) -> None:
    """Where a reader of a journal stands: a window of transaction ids and the last row taken out of it."""
    for name, key in (("relay_cursor", ("name",)), ("journal_cursor", ("grp", "producer", "topic"))):
        Table(
            name,
            metadata,
            *(Column(part, Text, nullable=False) for part in key),
            Column("lo", BigInteger, nullable=False),
            Column("hi", BigInteger, nullable=False),
            Column("last_id", BigInteger, nullable=False),
            Column("max_id", BigInteger, nullable=False),
            #: Identifier of the database cluster the transaction ids belong to.
            Column("system_id", Text, nullable=False),
            _moment("updated_at"),
            PrimaryKeyConstraint(*key),
        )
    Table(
        "projection_switch",
        metadata,
        Column("name", Text, primary_key=True),
        #: Suffix of the tables that serve, and the group that fills them.
        Column("active", Text, nullable=False),
        Column("building", Text),
        Column("paused", Boolean, nullable=False, server_default=text("false")),
        _moment("switched_at"),
    )
