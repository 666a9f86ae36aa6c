"""Seals over the journal: the evidence that nobody changed it afterwards (防篡改)."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
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


def downgrade() -> None:
    op.drop_table("journal_seal")
