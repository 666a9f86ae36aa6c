"""The band (星级) of a submission before and after a shadow run, its kind; which authority runs a campaign."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_COLUMNS = {
    "campaign": ("owner",),
    "rescored": ("kind", "former_band", "band"),
    "rescored_move": ("former_band", "band"),
}


def upgrade() -> None:
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.add_column(table, sa.Column(column, sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    for table, columns in _COLUMNS.items():
        for column in columns:
            op.drop_column(table, column)
