"""The form as an Excel workbook and back (DM-export): one line per value, its code in the first, hidden column.

Written texts are texts, whatever they begin with. A workbook that is read is measured before anything is unpacked,
and refused when it holds macros, formulas or entities. To be called in a thread.
"""

import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook, load_workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from gf_intake.adapters.file_checks import XLSX, directory_of, media_type_of
from gf_intake.adapters.refusals import refusal
from gf_intake.domain.errors import EvidenceRefused
from gf_policy.forms import Form
from gf_policy.model import FormRow

MAX_BYTES = 5 * 1024 * 1024
_MAX_ENTRIES = 200
_MAX_UNPACKED = 12 * 1024 * 1024
_MAX_LINES = 3000
_SHEET = "申报表"
_HEADS = ("代码", "项目", "年份", "产品", "数值（内容）", "单位", "不适用", "特殊情况说明", "填写要求")
_WIDTHS = (4, 52, 8, 18, 26, 10, 9, 30, 46)
_FIRST = 4  # line of the first value; above it the title, the form's id, the headings
_PLAIN = 2, 1  # the form's id, written first: the style of all texts is a copy of its
_NOTE = "#note"
_YES, _NO = "是", "否"


def write_form(form: Form, content: Mapping[str, Any], unit_name: str) -> bytes:
    """The form with its values; blank where the content is empty."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = _SHEET
    _put(sheet, *_PLAIN, form.id)
    _put(sheet, 1, 2, f"{form.title} {unit_name}".strip()).font = Font(bold=True, size=14)
    _put(
        sheet,
        2,
        2,
        "填写“数值、单位、不适用、特殊情况说明”各列（产品行另填产品名称），不要增删列；填好后在申报页面读入。",
    )
    for column, (head, width) in enumerate(zip(_HEADS, _WIDTHS, strict=True), 1):
        cell = _put(sheet, 3, column, head)
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E3F1E9")
        sheet.column_dimensions[cell.column_letter].width = width
    sheet.column_dimensions["A"].hidden = True
    sheet.freeze_panes = "C4"
    line, offers = _FIRST, _Offers(sheet)
    for section in form.sections:
        _put(sheet, line, 2, section.label).font = Font(bold=True)
        line += 1
        for row in section.rows:
            for values in _lines(row, content):
                for column, value in enumerate(values, 1):
                    _put(sheet, line, column, value)
                offers.add(line, row)
                line += 1
    _put(sheet, line, 1, _NOTE)
    _put(sheet, line, 2, "整表特殊情况说明")
    _put(sheet, line, 5, content.get("note", ""))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read_form(form: Form, path: Path) -> dict[str, Any]:
    """The content that the workbook holds; what is wrong with single values is for the form's own checks."""
    _require_readable(path)
    rows = {row.code: row for row in form.rows}
    try:
        lines = list(_cells(path))
    except EvidenceRefused:
        raise
    except Exception:
        # A foreign file in a format of a thousand pages: whatever stops the reader, the answer is the same.
        raise refusal("文件损坏或不是 Excel 表,无法读入", "damaged") from None
    if len(lines) < _FIRST or _text(lines[1][0]) != form.id:
        raise refusal("这不是本表的 Excel:请使用从本页面下载的空白表或已填表", "other_form")
    content: dict[str, Any] = {"values": []}
    chosen: dict[str, list[str]] = {}
    answered: set[str] = set()
    for code, _, year, product, value, unit, not_applicable, note, *_ in lines[_FIRST - 1 :]:
        name, _, option = _text(code).partition("#")
        if _text(code) == _NOTE:
            if text := _text(value):
                content["note"] = text
        elif option and name in rows:
            if answer := _text(value):
                answered.add(name)
                if answer == _YES and option in rows[name].codes:
                    chosen.setdefault(name, []).append(option)
        elif name in rows:
            item = _item(rows[name], _text(year), _text(product), _text(value), _text(unit))
            if _text(not_applicable):
                item["not_applicable"] = True
            if text := _text(note):
                item["note"] = text
            if item.keys() - {"code", "year", "product", "unit"} or item.get("product"):
                content["values"].append(item)
        elif name:
            raise refusal(f"表中有不认识的代码“{name[:40]}”,请重新下载空白表填写", "other_form")
    content["values"] += [{"code": code, "value": chosen.get(code, [])} for code in sorted(answered)]
    return content


# --- writing ----------------------------------------------------------------------------------------------------------


def _lines(row: FormRow, content: Mapping[str, Any]) -> Iterator[Sequence[Any]]:
    """The lines of a row: one per year, per product, per choice."""
    items = [item for item in content.get("values", ()) if item.get("code") == row.code]
    need = "；".join(one for one in ("必填" if row.required else "", row.help) if one)
    if row.type == "codes":
        given = next((item.get("value") for item in items), None)
        for code, label in row.codes.items():
            answer = "" if given is None else _YES if code in given else _NO
            yield (f"{row.code}#{code}", f"{row.label}：{label}", "", "", answer, "", "", "", need)
        return
    products = list(dict.fromkeys(item.get("product", "") for item in items)) if row.per_product else [""]
    products += [""] * (row.max_products - len(products)) if row.per_product else []
    for product in products:
        for year in row.years or (None,):
            item: Mapping[str, Any] = next(
                (one for one in items if (one.get("year"), one.get("product", "")) == (year, product)), {}
            )
            if row.per_product and not product:
                item = {}
            yield (
                row.code,
                row.label,
                year or "",
                product,
                _shown(row, item.get("value")),
                item.get("unit") or row.unit,
                _YES if item.get("not_applicable") else "",
                item.get("note", ""),
                need,
            )


def _shown(row: FormRow, value: Any) -> Any:
    if isinstance(value, bool):
        return _YES if value else _NO
    if value is None or row.type == "text":
        return value or ""
    text = str(value)
    # A number where Excel can hold it exactly, else a text.
    digits = sum(char.isdigit() for char in text.lstrip("-0."))
    try:
        return text if digits > 15 else float(text) if "." in text else int(text)
    except ValueError:
        return text


def _put(sheet: Worksheet, line: int, column: int, value: Any) -> Any:
    cell: Any = sheet.cell(line, column)
    try:
        cell.value = value if value != "" else None
    except IllegalCharacterError:
        cell.value = "".join(char for char in str(value) if char.isprintable())
    if isinstance(value, str):
        # A text stays a text whatever it begins with: no formula, also after it was edited and saved.
        cell.data_type = "s" if value else "n"
        if (line, column) == _PLAIN:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        else:  # put together anew for each cell it would take a third of the time
            plain: Any = sheet.cell(*_PLAIN)
            cell._style = copy(plain._style)
        if value[:1] in ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\r"):
            cell.quotePrefix = True
    return cell


class _Offers:
    """Lists to choose from, each kept once with all the cells that have it."""

    def __init__(self, sheet: Worksheet) -> None:
        self._sheet = sheet
        self._lists: dict[tuple[str, ...], DataValidation] = {}

    def add(self, line: int, row: FormRow) -> None:
        if row.type in ("flag", "codes"):
            self._offer(f"E{line}", (_YES, _NO))
        if len(row.units) > 1:
            self._offer(f"F{line}", tuple(row.units))
        if row.not_applicable_allowed:
            self._offer(f"G{line}", (_YES,))

    def _offer(self, cell: str, options: tuple[str, ...]) -> None:
        offer = self._lists.get(options)
        if offer is None:
            offer = DataValidation(type="list", formula1=f'"{",".join(options)}"', allow_blank=True)
            self._lists[options] = offer
            self._sheet.add_data_validation(offer)
        offer.add(cell)


# --- reading ----------------------------------------------------------------------------------------------------------


def _require_readable(path: Path) -> None:
    """An .xlsx without macros that stays small when unpacked and whose XML defines nothing of its own."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise refusal("Excel 文件超过 5 MB", "too_large")
    if media_type_of(path) != XLSX:
        raise refusal("只能读入从本页面下载的 Excel 表(.xlsx)", "media_type")
    with path.open("rb") as file:
        file.seek(max(0, size - 66 * 1024))
        entries = directory_of(path, size, file.read())
    if len(entries) > _MAX_ENTRIES or sum(entry.file_size for entry in entries) > _MAX_UNPACKED:
        raise refusal("文件压缩异常(展开后过大)", "archive_bomb")
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in entries:
                if entry.filename.endswith((".xml", ".rels")):
                    inside = archive.read(entry)  # no more than it declares, which was added up above
                    if b"<!DOCTYPE" in inside or b"<!ENTITY" in inside or b"\x00" in inside:
                        raise refusal("文件含有不允许的 XML 定义", "damaged")
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError):
        raise refusal("文件损坏,无法打开", "damaged") from None


def _cells(path: Path) -> Iterator[Sequence[Any]]:
    book = load_workbook(path, read_only=True, data_only=False, keep_links=False)
    try:
        sheet: Any = book[_SHEET] if _SHEET in book.sheetnames else book.worksheets[0]
        sheet.reset_dimensions()
        for number, row in enumerate(sheet.iter_rows(max_row=_MAX_LINES, max_col=len(_HEADS)), 1):
            if any(cell.data_type == "f" for cell in row):
                raise refusal(f"第 {number} 行含有公式,请粘贴为数值后再读入", "formula")
            yield [cell.value for cell in row] + [None] * (len(_HEADS) - len(row))
    finally:
        book.close()


def _item(row: FormRow, year: str, product: str, value: str, unit: str) -> dict[str, Any]:
    item: dict[str, Any] = {"code": row.code}
    if row.years:
        item["year"] = int(year) if year.isascii() and year.isdigit() and len(year) == 4 else 0
    if row.per_product:
        item["product"] = product
    if value:
        item["value"] = {_YES: True, _NO: False}.get(value, value) if row.type == "flag" else value
        if row.units:
            item["unit"] = unit or row.unit
    return item


def _text(value: Any) -> str:
    """A cell as it reads: numbers exactly, without the point a whole number gets from Excel."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _YES if value else _NO
    if isinstance(value, float):
        plain = format(Decimal(repr(value)), "f")
        return plain.rstrip("0").rstrip(".") if "." in plain else plain
    return str(value).strip()
