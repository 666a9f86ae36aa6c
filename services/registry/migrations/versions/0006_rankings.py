"""What closed rankings say: removals that are due, and a projection of places, grades and warnings."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("adjustment", sa.Column("document", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "ranking",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("population_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_ranking")),
    )
    op.create_index("ix_ranking_list_id_year", "ranking", ["list_id", "year"])
    op.create_table(
        "ranked_due",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "unit_id", name=op.f("pk_ranked_due")),
    )
    op.create_table(
        "removal_due",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("adjustment_id", sa.Uuid(), nullable=True),
        sa.Column("document", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "recorded_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_removal_due")),
        sa.UniqueConstraint("membership_id", "year", name=op.f("uq_removal_due_membership_id_year")),
    )
    op.create_index("ix_removal_due_list_id_year", "removal_due", ["list_id", "year"])
    op.create_index(
        "ix_removal_due_adjustment_id",
        "removal_due",
        ["adjustment_id"],
        postgresql_where=sa.text("adjustment_id is not null"),
    )
    op.create_table(
        "ranking_view",
        sa.Column("side", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.Text(), server_default="", nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("population_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rules_id", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("superseded_by", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("side", "run_id", name=op.f("pk_ranking_view")),
    )
    op.create_table(
        "ranking_place",
        sa.Column("side", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("points", sa.Text(), nullable=False),
        sa.Column("band", sa.Text(), server_default="", nullable=False),
        sa.Column("bottom", sa.Boolean(), nullable=False),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("warned", sa.Boolean(), nullable=False),
        sa.Column("removal_due", sa.Boolean(), nullable=False),
        sa.Column("industry_place", sa.Integer(), nullable=True),
        sa.Column("industry_count", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("side", "run_id", "unit_id", name=op.f("pk_ranking_place")),
    )
    op.create_index("ix_ranking_place_warned", "ranking_place", ["side", "run_id"], postgresql_where=sa.text("warned"))
    op.create_index("ix_ranking_place_unit_id", "ranking_place", ["side", "unit_id"])


def downgrade() -> None:
    op.drop_table("ranking_place")
    op.drop_table("ranking_view")
    op.drop_table("removal_due")
    op.drop_table("ranked_due")
    op.drop_table("ranking")
    op.drop_column("adjustment", "document")
