"""推荐汇总表 as Excel: what an applicant wrote stays text; numbers are numbers."""

from __future__ import annotations

import io
from typing import Any

import pytest
from openpyxl import load_workbook

from gf_review.entrypoints.summary_sheet import summary_csv, summary_xlsx

LINE = {
    "place": "1",
    "number": "SQ-1",
    "name": '=HYPERLINK("http://evil.example","x")',
    "uscc": "91440101MA59ABCD1X",
    "superior": "+1+1",
    "key_industry": "",
    "total": "83.825041119306",
    "revision": "2",
    "grade": "A",
    "average": "",
    "reason": "@SUM(A1)\x07换行",
}


def rows() -> Any:
    book = load_workbook(io.BytesIO(summary_xlsx("=第一批", "渝北区", [LINE])))
    return book.active


@pytest.mark.rule("CQ-doc")
def test_nothing_becomes_a_formula() -> None:
    sheet = rows()
    kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    assert sheet["A1"].value == "=第一批"
    assert sheet["C4"].value == LINE["name"]
    assert sheet["C4"].quotePrefix
    assert sheet["E4"].value == "+1+1"
    assert sheet["L4"].value == "@SUM(A1)换行"


def test_numbers_are_numbers_and_headings_stay_in_view() -> None:
    sheet = rows()
    assert (sheet["A4"].value, sheet["H4"].value, sheet["H4"].number_format) == (1, 83.83, "0.00")
    assert sheet["D4"].value == "91440101MA59ABCD1X"
    assert sheet["C3"].value == "单位名称"
    assert sheet.freeze_panes == "A4"
    assert "共 1 家" in sheet["A2"].value


def test_the_csv_is_as_harmless() -> None:
    text = summary_csv([LINE]).decode("utf-8-sig")
    assert "'=HYPERLINK" in text
    assert "'+1+1" in text
    assert "83.825041119306" in text
