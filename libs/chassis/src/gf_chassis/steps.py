"""Steps of migrations that every service takes 各服务共同的迁移步骤: the tables of the chassis, as they came.

Each service has its own history and its own number for a step; what the step does is written once, here, and is never
changed once released.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def add_journal_seal() -> None:
    """Seals over the journal: the evidence that nobody changed it afterwards (防篡改)."""
    op.create_table(
        "journal_seal",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ids", postgresql.INT8MULTIRANGE(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("hi", sa.BigInteger(), nullable=False),
        sa.Column("system_id", sa.Text(), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_journal_seal")),
    )
    op.create_index("ix_journal_seal_ids", "journal_seal", ["ids"], unique=False, postgresql_using="gist")


def drop_journal_seal() -> None:
    op.drop_table("journal_seal")
