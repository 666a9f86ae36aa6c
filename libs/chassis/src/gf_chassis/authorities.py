"""The authority tree (主管部门树) as a versioned table in every service's database, and scope predicates in SQL."""

from sqlalchemy import Column, Date, DateTime, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Text, func
from sqlalchemy.dialects.postgresql import ARRAY


def add_tables(metadata: MetaData) -> None:
    """The table ``authority``: one row per authority and version; the current version has no ``superseded_at``."""
    authority = Table(
        "authority",
        metadata,
        Column("id", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("name", Text, nullable=False),
        Column("level", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("parent", Text),
        Column("competence", ARRAY(Text), nullable=False, server_default="{}"),
        Column("region", Text),
        Column("valid_from", Date),
        Column("valid_to", Date),
        #: Hash of the source the row came from.
        Column("source", Text, nullable=False),
        Column("recorded_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        Column("superseded_at", DateTime(timezone=True)),
        PrimaryKeyConstraint("id", "version"),
    )
    Index("uq_authority_current", authority.c.id, unique=True, postgresql_where=authority.c.superseded_at.is_(None))
    Index("ix_authority_parent", authority.c.parent, postgresql_where=authority.c.superseded_at.is_(None))
