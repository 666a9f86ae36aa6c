"""The average of a region is read from an index alone: a row holds the whole form, the average needs five values."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_score_sheet_average",
        "score_sheet",
        ["campaign_id", "kind", "category", "superior"],
        postgresql_include=["submission_id", "number", "outcome", "total", "unit_id"],
    )
    # Begins with the same columns.
    op.drop_index("ix_score_sheet_campaign_id_kind_category", table_name="score_sheet")


def downgrade() -> None:
    op.create_index(
        "ix_score_sheet_campaign_id_kind_category", "score_sheet", ["campaign_id", "kind", "category"], unique=False
    )
    op.drop_index("ix_score_sheet_average", table_name="score_sheet")
