"""The list as it stands now is read region by region; the names of one region are sorted when they are read."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_membership_list", table_name="membership")
    op.create_index(
        "ix_membership_list", "membership", ["list_id", "region"], postgresql_where=sa.text("state = 'listed'")
    )


def downgrade() -> None:
    op.drop_index("ix_membership_list", table_name="membership")
    op.create_index(
        "ix_membership_list",
        "membership",
        ["list_id", "region", sa.text('name collate "C"'), "id"],
        postgresql_where=sa.text("state = 'listed'"),
    )
