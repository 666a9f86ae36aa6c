"""Indexes in the order of what is read: the last effect of every membership, and the places of those warned early."""

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
    op.drop_index("ix_ranking_place_warned", table_name="ranking_place")
    op.create_index(
        "ix_ranking_place_warned", "ranking_place", ["side", "run_id", "place"], postgresql_where=sa.text("warned")
    )


def downgrade() -> None:
    op.drop_index("ix_ranking_place_warned", table_name="ranking_place")
    op.create_index("ix_ranking_place_warned", "ranking_place", ["side", "run_id"], postgresql_where=sa.text("warned"))
    op.create_index(
        "ix_list_effect_list_id_effective",
        "list_effect",
        ["list_id", "effective"],
        postgresql_include=["membership_id", "position", "known", "kind", "name", "uscc", "region", "year"],
    )
    op.drop_index("ix_list_effect_last", table_name="list_effect")
