"""推荐汇总表 as files: Excel for people, CSV for programs. Whatever an applicant wrote stays text, never a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from gf_chassis.spreadsheets import is_formula
from gf_review.usecases.seal_recommendation import COLUMNS

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: Columns that hold numbers, with the format they are shown in; the CSV has the exact values.
NUMBERS = {"place": "0", "revision": "0", "total": "0.00", "average": "0.00"}
WIDTHS = {
    "place": 6,
    "number": 34,
    "name": 34,
    "uscc": 22,
    "superior": 28,
    "key_industry": 14,
    "preferences": 24,
    "reason": 44,
}
_THIN = Side(style="thin", color="B7C2BC")


def summary_csv(lines: Sequence[Mapping[str, str]]) -> bytes:
    """UTF-8 with a byte order mark, as office programs want it; nothing in it starts a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS.values())
    for line in lines:
        writer.writerow([_harmless(line.get(column, "")) for column in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def summary_xlsx(title: str, authority: str, lines: Sequence[Mapping[str, str]]) -> bytes:
    """One sheet, ready to print across one page's width."""
    book = Workbook()
    sheet: Worksheet = book.active  # type: ignore[assignment]
    sheet.title = "推荐汇总表"
    for row, (text, size) in enumerate(((title, 14), (f"推荐部门：{authority}　共 {len(lines)} 家", 11)), 1):
        _write(sheet, row, 1, text)
        sheet.cell(row, 1).font = Font(size=size, bold=row == 1)
    for column, label in enumerate(COLUMNS.values(), 1):
        cell = _write(sheet, 3, column, label)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E3F1E9")
        _frame(cell)
    for row, line in enumerate(lines, 4):
        for column, name in enumerate(COLUMNS, 1):
            _frame(_value(sheet, row, column, name, line.get(name, "")))
    for column, name in enumerate(COLUMNS, 1):
        sheet.column_dimensions[get_column_letter(column)].width = WIDTHS.get(name, 13)
    sheet.freeze_panes = "A4"
    sheet.print_title_rows = "3:3"
    sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = "landscape", 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _value(sheet: Worksheet, row: int, column: int, name: str, text: str) -> Any:
    if name not in NUMBERS or not text:
        return _write(sheet, row, column, text)
    cell = sheet.cell(row, column)
    places = Decimal(1).scaleb(-len(NUMBERS[name].partition(".")[2]))
    cell.value, cell.number_format = Decimal(text).quantize(places, ROUND_HALF_UP), NUMBERS[name]
    return cell


def _write(sheet: Worksheet, row: int, column: int, text: str) -> Any:
    """As text, whatever it begins with; the quote prefix keeps it text when somebody edits or exports the cell."""
    cell = sheet.cell(row, column)
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", text)
    cell.data_type = "s"
    if is_formula(text):
        cell.quotePrefix = True
    return cell


def _frame(cell: Any) -> None:
    cell.border = Border(_THIN, _THIN, _THIN, _THIN)
    cell.alignment = Alignment(vertical="top", wrap_text=True)


def _harmless(value: str) -> str:
    return "'" + value if is_formula(value) else value
