"""What was recorded of a list or published as an edition is never changed."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create function refuse_change() returns trigger language plpgsql as $$
        begin
          raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
        end $$
        """
    )
    for table in ("membership_change", "edition_change"):
        op.execute(
            f"create trigger append_only before update or delete on {table}"
            " for each row execute function refuse_change()"
        )
    op.execute(
        "create trigger frozen before update or delete on edition"
        " for each row when (old.state = 'published') execute function refuse_change()"
    )


def downgrade() -> None:
    op.execute("drop trigger frozen on edition")
    op.execute("drop trigger append_only on edition_change")
    op.execute("drop trigger append_only on membership_change")
    op.execute("drop function refuse_change()")
