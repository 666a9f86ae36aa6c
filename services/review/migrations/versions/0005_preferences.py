"""优先推荐: the preferences that a case meets, as tags of its row; its entries in queues rank by them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Cases that are there already get theirs with their next sheet or round.
    op.add_column(
        "review_case",
        sa.Column("preferences", postgresql.JSONB(astext_type=sa.Text()), nullable=False, server_default="[]"),
    )


def downgrade() -> None:
    op.drop_column("review_case", "preferences")
