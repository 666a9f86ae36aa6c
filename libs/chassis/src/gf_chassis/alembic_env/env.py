"""The one alembic environment of all services; ``gf_chassis.migrate`` hands over connection and metadata."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from gf_chassis.tables import XID8


def render_item(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    if kind == "type" and isinstance(item, XID8):
        return "gf_chassis.tables.XID8()"
    return False


def run() -> None:
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        target_metadata=attributes.get("metadata"),
        render_item=render_item,
        compare_type=True,
        compare_server_default=False,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
