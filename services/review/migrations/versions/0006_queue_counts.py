"""The counts of the queue have an index of their own: alike entries share one, and the filters are its keys."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_queue_entry_count",
        "queue_entry",
        [
            "authority",
            "view",
            "campaign_id",
            "kind",
            "category",
            "division",
            "support",
            "key_industry",
            "assignee",
            "window_key",
        ],
    )


def downgrade() -> None:
    op.drop_index("ix_queue_entry_count", table_name="queue_entry")
