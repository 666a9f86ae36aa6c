"""The form as Excel and back; what is no workbook of ours is refused before it is opened."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import gf_policy
from gf_intake.adapters.workbooks import read_form, write_form
from gf_intake.domain.errors import EvidenceRefused
from gf_policy.root import policies_root
from services.intake.tests.samples import POLICY, content, packed

pytestmark = pytest.mark.rule("DM-export")
PARK: dict[str, Any] = json.loads(
    (policies_root() / "national/2025/n25/examples/park-application.json").read_text(encoding="utf-8")
)


def form_of(book: gf_policy.Book, category: str = "factory") -> gf_policy.Form:
    return book.effective_for(POLICY, "cq.yubei").form(category, "application")


def first_part(form: gf_policy.Form) -> gf_policy.Form:
    """The section that every form begins with, for what does not depend on the other fifty rows."""
    return gf_policy.Form(
        id=form.id,
        title=form.title,
        category=form.category,
        kind=form.kind,
        year=form.year,
        sections=form.sections[:1],
        checks=(),
        evidence_slots=(),
        limits=form.limits,
    )


def by_place(values: list[dict[str, Any]]) -> dict[Any, Any]:
    return {(v["code"], v.get("year"), v.get("product", "")): v for v in values}


@pytest.mark.parametrize(("category", "example"), [("factory", content()), ("park", PARK)])
def test_there_and_back(book: gf_policy.Book, tmp_path: Path, category: str, example: dict[str, Any]) -> None:
    form = form_of(book, category)
    example = {**example, "note": "整表说明"}
    if category == "factory":
        product = {"product": "水泥", "year": 2024, "value": "12.5", "note": "产品"}
        extra = [
            {"code": "product_output", "unit": "万t", **product},
            {"code": "product_energy", "unit": "tce", **product},
        ]
        example["values"] = [*example["values"], *extra]
    file = tmp_path / "x.xlsx"
    file.write_bytes(write_form(form, example, "某厂"))
    again = read_form(form, file)
    assert by_place(again["values"]) == by_place(example["values"])
    assert again["note"] == "整表说明"
    assert form.check(again).facts == form.check(example).facts


def test_blank_stays_blank(book: gf_policy.Book, tmp_path: Path) -> None:
    file = tmp_path / "x.xlsx"
    file.write_bytes(write_form(form_of(book), {"values": []}, ""))
    assert read_form(form_of(book), file) == {"values": []}


@pytest.mark.parametrize("text", ["=cmd|'/c calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "＝1+1", '=HYPERLINK("http://x")'])
def test_no_text_becomes_a_formula(book: gf_policy.Book, tmp_path: Path, text: str) -> None:
    form = first_part(form_of(book))
    file = tmp_path / "x.xlsx"
    file.write_bytes(write_form(form, {"values": [{"code": "main_products", "value": text}], "note": text}, text))
    found = [
        cell for line in openpyxl.load_workbook(file).active.iter_rows() for cell in line if text in str(cell.value)
    ]  # type: ignore[union-attr]
    assert len(found) == 3
    assert {cell.data_type for cell in found} == {"s"}
    assert [cell.quotePrefix for cell in found if cell.value == text] == [True, True]
    assert read_form(form, file)["note"] == text


def changed(data: bytes, **members: bytes) -> bytes:
    file = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as old,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new,
    ):
        for entry in old.infolist():
            new.writestr(entry.filename, members.pop(entry.filename, None) or old.read(entry))
        for name, content_ in members.items():
            new.writestr(name, content_)
    return file.getvalue()


def bomb() -> bytes:
    """A workbook of some kilobytes that holds many times as much: twice what may be unpacked."""
    return packed("xl/workbook.xml", "xl/worksheets/sheet1.xml", size=15_000_000)


def half_bomb(data: bytes) -> bytes:
    """Under the ratio and the size of a file (4.3 MB), over the size unpacked."""
    import random

    four = bytes(b"abcd"[byte % 4] for byte in range(256))
    noise = random.Random(1).randbytes(12_700_000).translate(four)
    return changed(data, **{"xl/media/a.bin": noise})


@pytest.mark.rule("N25-evid")
def test_what_is_refused_before_it_is_opened(
    book: gf_policy.Book, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = form_of(book)
    whole = write_form(first_part(form), {"values": []}, "")
    entity = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    cases = {
        "archive_bomb": [bomb()],
        "too_large": [b"PK\x03\x04" + b"\x00" * (5 * 1024 * 1024)],
        "macros": [changed(whole, **{"xl/vbaProject.bin": b"x"})],
        "media_type": [packed("a.txt"), b"a,b\n1,2", packed("word/document.xml")],
        "damaged": [
            changed(whole, **{"xl/styles.xml": entity}),
            changed(whole, **{"xl/styles.xml": "<x/>".encode("utf-16")}),
        ],
    }
    monkeypatch.setattr("gf_intake.adapters.workbooks.load_workbook", lambda *_, **__: pytest.fail("opened"))
    for code, files in cases.items():
        for data in files:
            file = tmp_path / "x.xlsx"
            file.write_bytes(data)
            with pytest.raises(EvidenceRefused) as refused:
                read_form(form, file)
            assert refused.value.code == code, refused.value.detail
    file.write_bytes(half_bomb(whole))
    with pytest.raises(EvidenceRefused) as refused:
        read_form(form, file)
    assert refused.value.code in ("archive_bomb", "too_large")


def test_formulas_and_other_forms_are_refused_by_name(book: gf_policy.Book, tmp_path: Path) -> None:
    form = first_part(form_of(book))
    file = tmp_path / "x.xlsx"
    file.write_bytes(write_form(form, content(), ""))
    opened = openpyxl.load_workbook(file)
    assert opened.active is not None
    opened.active["E6"] = "=1+1"
    opened.save(file)
    with pytest.raises(EvidenceRefused, match="第 6 行含有公式"):
        read_form(form, file)
    file.write_bytes(write_form(first_part(form_of(book, "park")), {"values": []}, ""))
    with pytest.raises(EvidenceRefused, match="不是本表"):
        read_form(form, file)
