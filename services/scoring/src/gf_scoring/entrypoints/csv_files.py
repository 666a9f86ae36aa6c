"""Tables as CSV files that spreadsheet programs open as they are: UTF-8 with a mark, no cell that is a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from fastapi import Response

from gf_chassis.spreadsheets import is_formula

#: Rows of one file at most; a national list has a tenth of it.
MOST = 200_000


def answer(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([[_cell(value) for value in row] for row in rows])
    return Response(
        b"\xef\xbb\xbf" + text.getvalue().encode(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _cell(value: object) -> str:
    """Text that a spreadsheet would run as a formula is kept text."""
    shown = "" if value is None else str(value)
    number = shown.lstrip("-").replace(".", "", 1).isdigit()
    return "'" + shown if is_formula(shown) and not number else shown
