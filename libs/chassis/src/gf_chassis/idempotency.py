"""Idempotency keys (幂等键): the first answer to a key is stored in the transaction of its effect and given again."""

from sqlalchemy import Column, DateTime, Index, Integer, LargeBinary, MetaData, PrimaryKeyConstraint, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB


def add_tables(metadata: MetaData) -> None:
    """The table ``idempotency_key``, in every service's database."""
    Table(
        "idempotency_key",
        metadata,
        #: Who used the key: issuer and subject of a person, or the authority of a partner.
        Column("scope", Text, nullable=False),
        Column("key", Text, nullable=False),
        #: SHA-256 over method, path and body.
        Column("request_hash", LargeBinary, nullable=False),
        #: The first answer; null only inside the transaction that makes it.
        Column("status", Integer),
        Column("headers", JSONB),
        Column("body", LargeBinary),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.clock_timestamp()),
        PrimaryKeyConstraint("scope", "key"),
        Index("ix_idempotency_key_created_at", "created_at"),
    )
