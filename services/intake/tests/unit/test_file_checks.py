"""What is accepted as evidence, by structure."""

from pathlib import Path

import pytest

from gf_intake.adapters.file_checks import DOCX, JPEG, OFD, PDF, PNG, TIFF, XLSX, media_type_of
from gf_intake.domain.errors import EvidenceRefused
from services.intake.tests.world import PDF as A_PDF
from services.intake.tests.world import jpeg, packed

A_PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 30 + b"IEND\xaeB`\x82"
A_TIFF = b"II*\x00\x08\x00\x00\x00" + b"\x00" * 20

pytestmark = pytest.mark.rule("N25-evid")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (A_PDF, PDF),
        (jpeg(), JPEG),
        (A_PNG, PNG),
        (A_TIFF, TIFF),
        (packed("[Content_Types].xml", "word/document.xml"), DOCX),
        (packed("[Content_Types].xml", "xl/workbook.xml"), XLSX),
        (packed("OFD.xml", "Doc_0/Document.xml"), OFD),
    ],
)
def test_what_is_accepted(tmp_path: Path, data: bytes, expected: str) -> None:
    file = tmp_path / "x"
    file.write_bytes(data)
    assert media_type_of(file) == expected


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"<html><script>1</script>", "media_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "media_type"),
        (b"MZ\x90\x00", "media_type"),
        (A_PDF[:20], "damaged"),
        (jpeg()[:-2], "damaged"),
        (A_PNG[:-8], "damaged"),
        (A_TIFF[:4] + b"\xff\xff\x00\x00", "damaged"),
        (packed("a.txt"), "media_type"),
        (packed("xl/workbook.xml", "xl/vbaProject.bin"), "macros"),
        (packed("xl/workbook.xml", size=5_000_000), "archive_bomb"),
        (b"PK\x03\x04 not a zip", "damaged"),
    ],
)
def test_what_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    file = tmp_path / "x"
    file.write_bytes(data)
    with pytest.raises(EvidenceRefused) as refused:
        media_type_of(file)
    assert refused.value.code == code
