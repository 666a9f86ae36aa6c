"""What is accepted as evidence, by structure."""

import struct
import zipfile
from pathlib import Path

import pytest

from gf_intake.adapters.file_checks import DOCX, JPEG, OFD, PDF, PNG, TIFF, XLSX, media_type_of, require_agreement
from gf_intake.domain.errors import EvidenceRefused
from services.intake.tests.samples import PDF as A_PDF
from services.intake.tests.samples import jpeg, packed, pdf, png, tiff

pytestmark = pytest.mark.rule("N25-evid")

ACTION = b"<</S/JavaScript/JS(app.alert\\(1\\))>>"
#: A name may be written with escapes: what a reader resolves is what counts.
ESCAPED = b"<</S/#4aavaScript/J#53(app.alert\\(1\\))>>"
ENCRYPTED = A_PDF.replace(b"/Root 1 0 R", b"/Root 1 0 R/Encrypt<</Filter/Standard/V 1/R 2/O()/U()/P -4>>/ID[()()]")


def entries(count: int) -> bytes:
    """An archive whose last record promises more entries than anyone needs."""
    head = b"PK\x03\x04" + b"\x00" * 26
    return head + b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, min(count, 65535), min(count, 65535), 46, 30, 0)


def overlapping() -> bytes:
    """Two entries that share the same packed bytes (CVE-2024-0450)."""
    whole = packed("xl/workbook.xml", "xl/a", size=20_000)
    place = whole.index(b"PK\x01\x02", whole.index(b"PK\x01\x02") + 4)
    again = whole[:place] + whole[place:].replace(whole[place + 42 : place + 46], b"\x00" * 4, 1)
    big = bytearray(again)
    struct.pack_into("<L", big, place + 20, len(whole))  # claims to be packed as large as the file itself
    return bytes(big)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (A_PDF, PDF),
        (pdf(page=b"/Annots[<</Type/Annot/Subtype/Link/A<</S/URI/URI(https://example.cn)>>>>]"), PDF),
        (jpeg(), JPEG),
        (png(), PNG),
        (tiff(), TIFF),
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
        (packed("a.txt"), "media_type"),
        # pictures
        (jpeg()[:-2], "damaged"),
        (b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xda" + b"\x00" * 20 + b"\xff\xd9", "damaged"),
        (png()[:-8], "damaged"),
        (png(0, 10), "damaged"),
        (tiff()[:4] + b"\xff\xff\x00\x00", "damaged"),
        (tiff(following=8), "damaged"),
        (jpeg(60_000, 60_000), "picture_too_large"),
        (png(100_000, 100_000), "picture_too_large"),
        (tiff(2**31, 2**31), "picture_too_large"),
        # PDF
        (A_PDF[:20], "damaged"),
        (A_PDF[: len(A_PDF) // 2] + b"\n%%EOF", "damaged"),
        (b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n", "damaged"),
        (A_PDF.replace(b"/Kids[3 0 R]/Count 1", b"/Kids[]/Count 0     "), "damaged"),
        (ENCRYPTED, "encrypted"),
        (pdf(catalog=b"/OpenAction 4 0 R", more=(ACTION,)), "active_content"),
        (pdf(catalog=b"/OpenAction 4 0 R", more=(ESCAPED,)), "active_content"),
        (pdf(more=(ACTION,)), "active_content"),  # hangs on nothing, and is there
        (pdf(page=b"/AA<</O<</S/Launch/F(cmd.exe)>>>>"), "active_content"),
        (pdf(page=b"/Annots[<</Subtype/Widget/A[<</S/SubmitForm/F(http://x)>>]>>]"), "active_content"),
        (pdf(catalog=b"/AcroForm<</XFA(x)/Fields[]>>"), "active_content"),
        (
            A_PDF.replace(b"startxref", b"9 0 obj<</S/JavaScript>>endobj\nstartxref"),
            "active_content",
        ),  # no table names it
        (pdf(more=(b"<</Type/Filespec/F(a.exe)/EF<</F 3 0 R>>>>",)), "embedded_files"),
        (pdf(page=b"/Annots[<</Subtype/RichMedia>>]"), "embedded_files"),
        # archives
        (packed("xl/workbook.xml", "xl/vbaProject.bin"), "macros"),
        (packed("xl/workbook.xml", "../../etc/passwd"), "damaged"),
        (packed("xl/workbook.xml", size=5_000_000), "archive_bomb"),
        (entries(70_000), "archive_bomb"),
        (overlapping(), "archive_bomb"),
        (b"PK\x03\x04 not a zip", "damaged"),
    ],
)
def test_what_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    file = tmp_path / "x"
    file.write_bytes(data)
    with pytest.raises(EvidenceRefused) as refused:
        media_type_of(file)
    assert refused.value.code == code, refused.value.detail


def test_only_the_directory_of_an_archive_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is unpacked, so nothing can unfold."""
    file = tmp_path / "x"
    file.write_bytes(packed("xl/workbook.xml"))
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_: pytest.fail("unpacked"))
    assert media_type_of(file) == XLSX


@pytest.mark.parametrize(
    ("name", "declared", "media_type", "code"),
    [
        ("报告.PDF", "application/pdf", PDF, None),
        ("a.b.jpeg", "image/pjpeg", JPEG, None),
        ("x.ofd", "application/octet-stream", OFD, None),
        ("x.tif", "", TIFF, None),
        ("x.pdf", "application/pdf; charset=binary", PDF, None),
        ("报告.pdf", "application/pdf", PNG, "name_disagrees"),
        (".pdf", "", PDF, None),
        ("报告.pdf.exe", "", PDF, "name_disagrees"),
        ("报告", "", PDF, "name_disagrees"),
        ("..\\..\\x.html", "", PDF, "name_disagrees"),
        ("x.pdf", "text/html", PDF, "type_disagrees"),
        ("x.png", "image/svg+xml", PNG, "type_disagrees"),
    ],
)
def test_name_and_declared_type_say_what_the_content_is(
    name: str, declared: str, media_type: str, code: str | None
) -> None:
    if code is None:
        require_agreement(name, declared, media_type)
        return
    with pytest.raises(EvidenceRefused) as refused:
        require_agreement(name, declared, media_type)
    assert refused.value.code == code
