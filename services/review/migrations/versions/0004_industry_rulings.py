"""行业认定: which industry's table a reviewer ruled to apply, appended."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "industry_ruling",
        _text("id"),
        _text("submission_id"),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("stage_no", sa.Integer(), nullable=False),
        _text("industry"),
        _text("former"),
        sa.Column("sheet_revision", sa.Integer(), nullable=False),
        _text("reason"),
        _text("person"),
        _text("person_name"),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["submission_id", "round"],
            ["case_round.submission_id", "case_round.round"],
            name=op.f("fk_industry_ruling_submission_id_round"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_industry_ruling")),
    )
    op.create_index("ix_industry_ruling_case", "industry_ruling", ["submission_id", "round"])


def downgrade() -> None:
    op.drop_table("industry_ruling")
