"""The list as it stands now is read in its order; what takes effect later is found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_membership_list",
        "membership",
        ["list_id", "region", sa.text('name collate "C"'), "id"],
        postgresql_where=sa.text("state = 'listed'"),
    )
    op.create_index(
        "ix_membership_change_effective",
        "membership_change",
        ["list_id", "effective"],
        postgresql_where=sa.text("effective is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_membership_change_effective", table_name="membership_change")
    op.drop_index("ix_membership_list", table_name="membership")
