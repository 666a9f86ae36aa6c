"""What was asked of a database, and whether a plan reads a large table from end to end."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

#: Statements with the parameters they were asked with first.
Asked = dict[str, Any]


@contextmanager
def listening(engine: AsyncEngine) -> Iterator[Asked]:
    """What is asked of the database meanwhile."""
    asked: Asked = {}

    def note(_c: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().lower().startswith(("select", "with")):
            asked.setdefault(statement, parameters)

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", note)


async def scanned(engine: AsyncEngine, asked: Mapping[str, Any], large: Collection[str]) -> list[tuple[str, str]]:
    """Large tables that a plan would read from end to end, each with the statement."""
    return [
        (node["Relation Name"], statement)
        for statement, plan in (await _plans(engine, asked, "format json")).items()
        for node in _nodes(plan)
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in large
    ]


async def blocks(engine: AsyncEngine, asked: Mapping[str, Any]) -> dict[str, int]:
    """Pages of 8 kB that each statement reads: says more than time where other work runs beside."""
    plans = await _plans(engine, asked, "analyze, buffers, timing off, format json")
    return {
        statement: plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] + plan["Temp Written Blocks"]
        for statement, plan in plans.items()
    }


async def _plans(engine: AsyncEngine, asked: Mapping[str, Any], options: str) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    async with engine.connect() as connection:
        raw: Any = (await connection.get_raw_connection()).driver_connection
        async with raw.transaction():
            for statement, parameters in asked.items():
                if "set_config" in statement:
                    await raw.execute(statement)  # what it plans under, from here on
                    continue
                (row,) = await raw.fetch(f"explain ({options}) {statement}", *parameters)
                found[statement] = row[0][0]["Plan"]
    return found


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for one in plan.get("Plans", ()):
        yield from _nodes(one)
