"""The filtered queue as CSV and Excel. Read page by page with the cursor of the queue, so that no snapshot is held."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from gf_chassis.errors import Rejected
from gf_chassis.spreadsheets import is_formula
from gf_policy.words import CATEGORIES
from gf_review.adapters.labels import KIND_NAMES
from gf_review.adapters.queue import Queue, QueueFilter
from gf_review.domain.instants import SHANGHAI

#: Excel is built whole in memory.
MOST_ROWS = 20_000
_PAGE = 1000
COLUMNS = (
    "申报编号", "申报单位", "统一社会信用代码", "类别", "事项", "年份", "行业大类", "重点行业", "优先推荐",
    "案件状态", "轮次", "得分", "受理时间", "本级截止", "剩余天数", "承办人", "县/区", "市", "省/集团", "工信部",
)  # fmt: skip
LEVELS = ("county", "city", "province", "ministry")


def by_level(stages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any] | None]:
    """One column per level; a group shows in the province's column."""
    found = {("province" if stage["level"] == "group" else stage["level"]): stage for stage in stages}
    return [found.get(level) for level in LEVELS]


def cells(item: Mapping[str, Any]) -> list[str]:
    """One case as text; numbers too, so that nothing is computed or rounded on the way."""
    return [
        item["number"],
        item["unit_name"],
        item["uscc"],
        CATEGORIES.get(item["category"], item["category"]),
        KIND_NAMES.get(item["kind"], item["kind"]),
        str(item["year"]),
        item["division"],
        item["key_industry_name"],
        "；".join(one["label"] for one in item["preferences"]),
        item["state_label"],
        str(item["round"]),
        item["total"] or "",
        _when(item["admitted_at"]),
        _when(item["due_at"]),
        "" if item["days_left"] is None else str(item["days_left"]),
        item["assignee_name"],
        *(f"{stage['authority_name']} {stage['label']}".strip() if stage else "" for stage in by_level(item["stages"])),
    ]


def harmless(value: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would take for a formula."""
    return "'" + value if is_formula(value) else value


def _when(at: datetime | None) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if at else ""


async def rows(queue: Queue, authority: str, wanted: QueueFilter, sort: str) -> AsyncIterator[list[list[str]]]:
    """The queue in chunks; each is a transaction of its own."""
    after = None
    while True:
        items, after = await queue.page(authority, wanted, sort, after=after, limit=_PAGE)
        yield [cells(item) for item in items]
        if after is None:
            return


async def csv_lines(queue: Queue, authority: str, wanted: QueueFilter, sort: str) -> AsyncIterator[bytes]:
    """UTF-8 with a byte order mark, as office programs want it."""
    yield _csv([list(COLUMNS)], b"\xef\xbb\xbf")
    async for chunk in rows(queue, authority, wanted, sort):
        yield _csv(chunk)


def _csv(lines: Sequence[Sequence[str]], start: bytes = b"") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([harmless(cell) for cell in line] for line in lines)
    return start + out.getvalue().encode()


async def excel(queue: Queue, authority: str, wanted: QueueFilter, sort: str) -> bytes:
    """A workbook of text cells. Refused above `MOST_ROWS`: the CSV has no limit."""
    found: list[list[str]] = []
    async for chunk in rows(queue, authority, wanted, sort):
        found += chunk
        if len(found) > MOST_ROWS:
            detail = f"查询结果超过 {MOST_ROWS} 条，请缩小查询范围，或改为导出 CSV。"
            raise Rejected("too_many_rows", detail)
    return await asyncio.to_thread(_workbook, found)


def _workbook(lines: Sequence[Sequence[str]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("待办案件")
    sheet.freeze_panes = "C2"
    for number, width in enumerate((24, 36, 22), 1):
        sheet.column_dimensions[chr(64 + number)].width = width
    for line in (COLUMNS, *lines):
        row = []
        for value in line:
            cell = WriteOnlyCell(sheet, harmless(value))
            cell.data_type = "s"
            row.append(cell)
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
