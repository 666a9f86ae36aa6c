"""What a file really is: magic bytes and structure, never its name or the sender's word. Nothing is unpacked.

A file that passes can still be two things at once (a PDF with a zip behind it): it is served as an attachment only.
"""

import zipfile
from pathlib import Path

from gf_intake.domain.errors import EvidenceRefused, FieldError

PDF = "application/pdf"
JPEG = "image/jpeg"
PNG = "image/png"
TIFF = "image/tiff"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OFD = "application/ofd"

_TAIL = 64 * 1024
_MAX_ENTRIES = 4000
_MAX_UNPACKED = 300 * 1024 * 1024
_MAX_RATIO = 250
_MEMBERS = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX, "OFD.xml": OFD}


def media_type_of(path: Path) -> str:
    """The media type, or a refusal that says what is accepted."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4096)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    if head.startswith(b"%PDF-"):
        return _whole(PDF, b"%%EOF" in tail, "PDF 文件不完整")
    if head.startswith(b"\xff\xd8\xff"):
        return _whole(JPEG, b"\xff\xd9" in tail, "JPG 图片不完整")
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _whole(PNG, head[12:16] == b"IHDR" and b"IEND" in tail, "PNG 图片不完整")
    if head.startswith((b"II*\x00", b"MM\x00*")):
        order = "little" if head.startswith(b"II") else "big"
        directory = int.from_bytes(head[4:8], order)  # type: ignore[arg-type]
        return _whole(TIFF, 8 <= directory < size, "TIFF 图片不完整")
    if head.startswith(b"PK\x03\x04"):
        return _packed(path)
    raise refusal("只接受 PDF、JPG、PNG、TIFF、DOCX、XLSX、OFD 文件,所上传内容不是其中任何一种")


def refusal(detail: str, code: str = "media_type") -> EvidenceRefused:
    return EvidenceRefused(f"{detail}。", code=code, errors=(FieldError("", code, detail),))


def _whole(media_type: str, whole: bool, otherwise: str) -> str:
    if not whole:
        raise refusal(f"{otherwise},请重新生成后上传", "damaged")
    return media_type


def _packed(path: Path) -> str:
    """docx, xlsx and ofd are zip archives: only the directory is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        raise refusal("文件损坏,无法打开", "damaged") from None
    names = [entry.filename for entry in entries]
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    if len(entries) > _MAX_ENTRIES or unpacked > _MAX_UNPACKED or unpacked / packed > _MAX_RATIO:
        raise refusal("文件压缩异常(展开后过大)", "archive_bomb")
    if len(set(names)) != len(names) or any(entry.flag_bits & 1 for entry in entries):
        raise refusal("文件加密或含有重复条目", "damaged")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise refusal("文件含有宏,请另存为不含宏的格式", "macros")
    for member, media_type in _MEMBERS.items():
        if member in names:
            return media_type
    raise refusal("不接受压缩包,请上传其中的文件")
