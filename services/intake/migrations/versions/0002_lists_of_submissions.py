"""Lists of half a million submissions: by number, by state and within a campaign, each newest first."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_submission_number", "submission", ["number"])
    op.create_index(
        "ix_submission_state_id",
        "submission",
        ["state", "id"],
        postgresql_where=sa.text("state not in ('submitted', 'closed', 'deleted')"),
    )
    op.create_index("ix_submission_campaign_id_id", "submission", ["campaign_id", "id"])
    # Begins with the same column.
    op.drop_index("ix_submission_campaign_id", table_name="submission")


def downgrade() -> None:
    op.create_index("ix_submission_campaign_id", "submission", ["campaign_id"], unique=False)
    op.drop_index("ix_submission_campaign_id_id", table_name="submission")
    op.drop_index("ix_submission_state_id", table_name="submission")
    op.drop_index("ix_submission_number", table_name="submission")
