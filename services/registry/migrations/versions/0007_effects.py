"""What took effect on a list, with the date in law it got and the position at which that became known.

The list at any date is read from here. The rows are made where the announcement is made: by triggers, so that a version
of the service that does not know the table fills it too while both run.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_COLUMNS = (
    "insert into list_effect (change_id, list_id, membership_id, unit_id, position, kind, effective, known, known_at,"
    " name, uscc, region, industry, year)"
)
#: In effect at once, by itself.
_AT_ONCE = f"""{_COLUMNS}
  select c.id, c.list_id, c.membership_id, c.unit_id, c.position, c.kind, c.effective, c.position, c.recorded_at,
    c.name, c.uscc, c.region, c.industry, m.year
  from {{changes}} c left join membership m on m.id = c.membership_id
  where c.effective is not null and c.kind <> 'refused' on conflict do nothing"""
#: In effect with the edition that announced it.
_ANNOUNCED = f"""{_COLUMNS}
  select c.id, c.list_id, c.membership_id, c.unit_id, c.position, c.kind, e.effective, e.position, e.recorded_at,
    c.name, c.uscc, c.region, c.industry, m.year
  from {{editions}} e join {{announced}} ec on ec.edition_id = e.id join membership_change c on c.id = ec.change_id
  left join membership m on m.id = c.membership_id
  where e.state = 'published' and c.effective is null and c.kind <> 'refused' on conflict do nothing"""


def _trigger(name: str, event: str, table: str, statement: str) -> None:
    """After each statement, over the rows it added."""
    op.execute(
        f"create function {name}() returns trigger language plpgsql as $$ begin {statement}; return null; end $$"
    )
    op.execute(
        f"create trigger {name} after {event} on {table} referencing new table as added"
        f" for each statement execute function {name}()"
    )


def upgrade() -> None:
    op.create_table(
        "list_effect",
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("list_id", sa.Text(), nullable=False),
        sa.Column("membership_id", sa.Uuid(), nullable=False),
        sa.Column("unit_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("effective", sa.Date(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("known_at", sa.DateTime(timezone=True), nullable=False),
        # In the order in which lists are shown, so that an index gives it.
        sa.Column("name", sa.Text(collation="C"), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), server_default="", nullable=False),
        sa.Column("industry", sa.Text(), server_default="", nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_list_effect")),
    )
    op.execute(_AT_ONCE.format(changes="membership_change"))
    op.execute(_ANNOUNCED.format(editions="edition", announced="edition_change"))
    op.create_index(
        "ix_list_effect_page",
        "list_effect",
        ["list_id", "region", "name", "membership_id"],
        postgresql_where=sa.text("kind <> 'removed'"),
    )
    op.create_index(
        "ix_list_effect_list_id_effective",
        "list_effect",
        ["list_id", "effective"],
        postgresql_include=["membership_id", "position", "known", "kind", "name", "uscc", "region", "year"],
    )
    op.create_index("ix_list_effect_membership_id", "list_effect", ["membership_id", "effective", "position", "known"])
    op.create_index("ix_membership_change_recorded_at", "membership_change", ["list_id", "recorded_at"])
    _trigger("effect_at_once", "insert", "membership_change", _AT_ONCE.format(changes="added"))
    # An edition and what it announces are written in either order: whichever is last finds the other.
    announced = _ANNOUNCED.format(editions="edition", announced="added")
    _trigger("effect_announced", "insert", "edition_change", announced)
    published = _ANNOUNCED.format(editions="added", announced="edition_change")
    _trigger("effect_of_import", "insert", "edition", published)
    _trigger("effect_of_edition", "update", "edition", published)
    op.execute(
        "create trigger append_only before update or delete on list_effect"
        " for each row execute function refuse_change()"
    )


def downgrade() -> None:
    for name, table in (
        ("effect_of_edition", "edition"),
        ("effect_of_import", "edition"),
        ("effect_announced", "edition_change"),
        ("effect_at_once", "membership_change"),
    ):
        op.execute(f"drop trigger {name} on {table}")
        op.execute(f"drop function {name}()")
    op.drop_index("ix_membership_change_recorded_at", table_name="membership_change")
    op.drop_table("list_effect")
