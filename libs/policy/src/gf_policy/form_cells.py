"""What the checks of a form work on: its cells, compiled once, and one content on its way through them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from gf_policy.model import FactRow, FactType, FormRow, Problem

# NUL and other control characters, lone surrogates: no database and no printer takes them.
forbidden = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]").search
RULE = "DM-form"


class Cell:
    """Everything a value of one row and year is checked against."""

    __slots__ = (
        "code",
        "factors",
        "high",
        "index",
        "low",
        "maximum",
        "minimum",
        "only_unit",
        "row",
        "type",
        "where",
        "year",
    )

    def __init__(self, index: int, row: FormRow, year: int | None) -> None:
        self.index = index
        self.row = row
        self.code = row.code
        self.year = year
        self.type = row.type
        self.factors: dict[str, Decimal | None] = {
            unit: None if unit == row.unit else factor for unit, factor in row.units.items()
        }
        self.only_unit = row.unit if len(row.units) <= 1 else None
        self.minimum, self.maximum = row.minimum, row.maximum
        self.low, self.high = row.usual_range or (None, None)
        self.where = row.label if year is None else f"{row.label}（{year}年）"


class Run:
    """One content on its way through the checks; the lists have a place for every cell."""

    __slots__ = ("errors", "facts", "numbers", "positions", "products", "seen", "strict", "warnings")

    def __init__(self, cells: int, strict: bool) -> None:
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self.facts: list[FactRow | None] = [None] * cells
        self.numbers: list[Decimal | None] = [None] * cells
        self.positions: list[int] = [-1] * cells
        self.products: dict[tuple[int, str], tuple[FactRow, int]] = {}
        self.seen: set[int | tuple[int, str]] = set()  # cells, or cells with a product
        self.strict = strict

    def error(self, pointer: str, code: str, message: str, cell: Cell | None = None) -> None:
        row = None if cell is None else cell.row
        if row is None or cell is None:
            self.errors.append(Problem(pointer, code, RULE, message))
        else:
            self.errors.append(
                Problem(pointer, code, row.rule or RULE, message, row.article, field=row.code, year=cell.year)
            )

    def warn(self, pointer: str, code: str, message: str, cell: Cell) -> None:
        row = cell.row
        self.warnings.append(Problem(pointer, code, "DM-warn", message, row.article, field=row.code, year=cell.year))


def fact_type(row: FormRow) -> FactType:
    return "decimal" if row.type == "decimal" or row.type == "count" else row.type


def missing(cells: Sequence[Cell]) -> tuple[FactRow | None, ...]:
    """What is stated of a cell that was left empty; nothing where a product has to be named first."""
    return tuple(
        None
        if cell.row.per_product
        else FactRow(cell.code, "", cell.year, cell.row.unit, "missing", None, fact_type(cell.row))
        for cell in cells
    )
