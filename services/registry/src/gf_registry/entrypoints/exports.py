"""Tables as CSV and Excel, written page by page: memory does not grow with the table. No cell is ever a formula."""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import IO, Final, Literal
from urllib.parse import quote

from fastapi.responses import StreamingResponse
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from gf_chassis.spreadsheets import is_formula

Row = Sequence[object]
Pages = AsyncIterator[Sequence[Row]]
Kind = Literal["csv", "xlsx"]
#: How a table can be asked for, in an address.
KINDS: Final[dict[str, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_CHUNK: Final = 256 * 1024
#: Workbooks made at once in one process; each takes a thread for some seconds.
_WORKBOOKS: Final = asyncio.Semaphore(2)


@dataclass(frozen=True, slots=True)
class Table:
    """What is exported. ``title`` says of which list, on which date, with which filters."""

    name: str
    title: str
    columns: Sequence[str]
    pages: Pages


async def answer(table: Table, kind: Kind) -> StreamingResponse:
    body = csv_lines(table) if kind == "csv" else _read(await workbook(table))
    disposition = f"attachment; filename*=UTF-8''{quote(f'{table.name}.{kind}')}"
    return StreamingResponse(body, media_type=KINDS[kind], headers={"Content-Disposition": disposition})


def cell(value: object) -> str:
    """As text, numbers too, so that nothing is computed or rounded; an apostrophe before what would be a formula."""
    text = "" if value is None else value.isoformat() if isinstance(value, date) else str(value)
    return "'" + text if is_formula(text) else text


async def csv_lines(table: Table) -> AsyncIterator[bytes]:
    """UTF-8 with a byte order mark, as office programs want it; the heading first, so that it can be read by programs.

    The title stands in the file's name alone: a line above the heading would be taken for one.
    """
    yield b"\xef\xbb\xbf" + _csv([table.columns])
    async for page in table.pages:
        yield _csv(page)


def _csv(rows: Sequence[Row]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([cell(value) for value in row] for row in rows)
    return out.getvalue().encode()


async def workbook(table: Table) -> IO[bytes]:
    """A workbook on disk, in a file without a name: the title, the heading, the lines."""
    async with _WORKBOOKS:
        book = Workbook(write_only=True)
        sheet = book.create_sheet("名单")
        sheet.freeze_panes = "A3"
        for letter, width in zip("ABC", (8, 40, 22), strict=True):
            sheet.column_dimensions[letter].width = width

        def append(rows: Sequence[Row]) -> None:
            for row in rows:
                cells = []
                for value in row:
                    one = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", cell(value)))
                    one.data_type = "s"
                    cells.append(one)
                sheet.append(cells)

        await asyncio.to_thread(append, [[table.title], table.columns])
        async for page in table.pages:
            await asyncio.to_thread(append, page)
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it was read
        await asyncio.to_thread(book.save, file)
    file.seek(0)
    return file


async def _read(file: IO[bytes]) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk


async def one_page(rows: Sequence[Row]) -> Pages:
    """A table that is short enough to be read at once."""
    yield rows
