"""The short way of a form's content: values that leave nothing to say, read many at a time.

Most values of most forms are written plainly: own unit, canonical number, no note, within every range. Those are read
here, with a handful of calls for all of them together instead of a handful for each. Whatever is not plain is left,
untouched, to the long way of `form_content`; nothing is ever refused, warned about or interpreted here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterator, Sequence
from decimal import Decimal
from itertools import compress
from operator import itemgetter
from typing import Any

from gf_policy.form_cells import Cell, Run, forbidden
from gf_policy.model import FactRow
from gf_policy.numbers import CANONICAL, is_canonical

_EMPTY: Any = object()  # a cell of which nothing has been read
_ZERO = Decimal(0)
_HIGHEST = Decimal("1e30")  # above every number that can be written
_row = tuple.__new__  # FactRow(…) without its keyword handling; used once per value
_all_canonical = re.compile(rf"(?:{CANONICAL}\n)*+\Z").match


class PlainValues:
    """The plain ways of writing each cell of a form."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        # A product has to be named with its values: those go the long way.
        cells = [cell for cell in cells if not cell.row.per_product]
        numbers = [cell for cell in cells if cell.type in ("decimal", "count") and cell.row.unit]
        self._cells = {key: cell.index for cell in cells for key in _keys(cell)}
        self._numbers: Sequence[tuple[int, str, int | None, str]] = [
            (cell.index, cell.code, cell.year, cell.row.unit) for cell in numbers
        ]
        self._counts = tuple(cell.index for cell in numbers if cell.type == "count")
        self._ranges = tuple((cell.index, *limits) for cell in numbers if (limits := _limits(cell)))
        self._flags = tuple((cell.index, _answer(cell, True), _answer(cell, False)) for cell in _only("flag", cells))
        self._texts = tuple((cell.index, cell.row.max_length, cell) for cell in _only("text", cells))
        self._codes = tuple((cell.index, tuple(cell.row.codes), cell) for cell in _only("codes", cells))

    def read(self, values: Sequence[Any], run: Run) -> list[int] | None:
        """Put what is plain into the run; the positions of the rest. None: the long way for the whole content."""
        if set(map(type, values)) != {dict}:
            return None
        positions = run.positions
        found: list[Any] = [_EMPTY] * len(positions)
        rest = self._place(values, found, positions)
        if len(positions) - positions.count(-1) + len(rest) != len(values):
            return None  # something is given twice
        left = self._read_numbers(found, run)
        self._read_others(found, run, left)
        for index in left:
            rest.append(positions[index])
            positions[index] = -1
            run.facts[index] = run.numbers[index] = None
        if rest:
            rest.sort()
            run.seen.update(index for index, position in enumerate(positions) if position >= 0)
        return rest

    def _place(self, values: Sequence[dict[str, Any]], found: list[Any], positions: list[int]) -> list[int]:
        """Each value into its cell; the positions of those that are of another shape."""
        cells, shapes = self._cells, _SHAPES
        rest = []
        for position, item in enumerate(values):
            try:
                if len(item) == 4:
                    key = _of_year(item)
                    if type(key[1]) is not int:
                        raise TypeError  # 2024.0 would find the cell of 2024
                else:
                    key = shapes[len(item)](item)
                index = cells[key]
                found[index] = item["value"]
                positions[index] = position
            except (LookupError, TypeError):
                rest.append(position)
        return rest

    def _read_numbers(self, found: list[Any], run: Run) -> set[int]:
        """The numbers into the run; the cells whose value needs a closer look."""
        left: set[int] = set()
        cells = self._numbers
        texts = [found[cell[0]] for cell in cells]
        if not _are_canonical(texts):
            plain = [type(text) is str and is_canonical(text) is not None for text in texts]
            left.update(
                cell[0] for cell, text, fine in zip(cells, texts, plain, strict=True) if not fine and text is not _EMPTY
            )
            cells, texts = list(compress(cells, plain)), list(compress(texts, plain))
        for index in self._counts:
            if type(found[index]) is str and "." in found[index]:
                left.add(index)
        facts = run.facts
        for (index, code, year, unit), text in zip(cells, texts, strict=True):
            facts[index] = _row(FactRow, (code, "", year, unit, "given", text, "decimal"))
        if run.strict:
            numbers = run.numbers
            for cell, number in zip(cells, map(Decimal, texts), strict=True):
                numbers[cell[0]] = number
            for index, low, high in self._ranges:
                given = numbers[index]
                if given is not None and not low <= given <= high:
                    left.add(index)
        return left

    def _read_others(self, found: list[Any], run: Run, left: set[int]) -> None:
        """Flags, texts and codes into the run; to `left` those that need a closer look."""
        facts = run.facts
        for index, yes, no in self._flags:
            value = found[index]
            if value is not _EMPTY:
                facts[index] = fact = yes if value is True else no if value is False else None
                if fact is None:
                    left.add(index)
        for index, limit, cell in self._texts:
            value = found[index]
            if type(value) is str and 0 < len(value) <= limit and not value.isspace() and _harmless(value):
                facts[index] = FactRow(cell.code, "", cell.year, "", "given", value, "text")
            elif value is not _EMPTY:
                left.add(index)
        for index, allowed, cell in self._codes:
            value = found[index]
            chosen = tuple(code for code in allowed if code in value) if type(value) is list else ()
            if type(value) is list and len(chosen) == len(value):
                facts[index] = FactRow(cell.code, "", cell.year, "", "given", chosen, "codes")
            elif value is not _EMPTY:
                left.add(index)


def _only(kind: str, cells: Sequence[Cell]) -> Iterator[Cell]:
    return (cell for cell in cells if cell.type == kind)


def _harmless(text: str) -> bool:
    return text.isprintable() or not forbidden(text)


def _answer(cell: Cell, answer: bool) -> FactRow | None:
    """The row of a flag; none for an answer that is not admissible."""
    inadmissible = cell.row.must_be is not None and answer is not cell.row.must_be
    return None if inadmissible else FactRow(cell.code, "", cell.year, "", "given", answer, "flag")


def _limits(cell: Cell) -> tuple[Decimal, Decimal] | None:
    """Between these nothing is to be said about a number; None where that holds for every plain one."""
    low = max((bound for bound in (cell.minimum, cell.low) if bound is not None), default=_ZERO)
    high = min((bound for bound in (cell.maximum, cell.high) if bound is not None), default=_HIGHEST)
    return None if low <= 0 and high == _HIGHEST else (low, high)


def _are_canonical(texts: list[Any]) -> bool:
    """All of them at once; a line break within one must not make it look like two."""
    try:
        lines = "\n".join(texts) + "\n"
    except TypeError:
        return False
    return lines.count("\n") == len(texts) and _all_canonical(lines) is not None


# --- shapes: which keys a value has, and what of it names the cell ------------------------------------------------

_of_year = itemgetter("code", "year", "unit")
_extras = itemgetter("product", "note", "not_applicable")


def _whole(item: dict[str, Any]) -> Hashable:
    key: tuple[Any, ...] = _of_year(item)
    product, note, not_applicable = _extras(item)
    if product != "" or note != "" or not_applicable is not False or (key[1] is not None and type(key[1]) is not int):
        raise TypeError
    return key


#: By the number of keys; four are those of a year. With `value`, which is read next, these are all the keys there are.
_SHAPES: dict[int, Callable[[dict[str, Any]], Hashable]] = {
    2: itemgetter("code"),
    3: itemgetter("code", "unit"),
    7: _whole,
}


def _keys(cell: Cell) -> Iterator[Hashable]:
    """Everything a plain value of this cell may be found under."""
    code, year, unit = cell.code, cell.year, cell.row.unit
    yield (code, year, unit)
    if unit and year is None:
        yield (code, unit)
    if not unit:
        yield (code, year, None)
        if year is None:
            yield code
