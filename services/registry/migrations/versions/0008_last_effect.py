"""The last effect of every membership, in the order of one index: counts and statistics fold a list as they read it."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_list_effect_last",
        "list_effect",
        ["list_id", "membership_id", sa.text("effective desc"), sa.text("position desc")],
        postgresql_include=["known", "known_at", "kind", "name", "uscc", "region", "year"],
    )
    op.drop_index("ix_list_effect_list_id_effective", table_name="list_effect")


def downgrade() -> None:
    op.create_index(
        "ix_list_effect_list_id_effective",
        "list_effect",
        ["list_id", "effective"],
        postgresql_include=["membership_id", "position", "known", "kind", "name", "uscc", "region", "year"],
    )
    op.drop_index("ix_list_effect_last", table_name="list_effect")
