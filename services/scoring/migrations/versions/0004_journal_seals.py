"""Seals over the journal: the evidence that nobody changed it afterwards (防篡改)."""

from gf_chassis import steps

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    steps.add_journal_seal()


def downgrade() -> None:
    steps.drop_journal_seal()
