"""What a file really is: magic bytes and structure, never its name or the sender's word. Nothing is unpacked.

A file that passes can still be two things at once (a PDF with a zip behind it): it is served sandboxed, or as an
attachment, and never with another type than the one found here. Runs in a thread; see `EvidenceStore.put`.
"""

import zipfile
from pathlib import Path

from gf_intake.adapters.image_checks import DamagedImage, jpeg_size, png_size, tiff_sizes
from gf_intake.adapters.pdf_checks import check_pdf
from gf_intake.adapters.refusals import refusal

PDF = "application/pdf"
JPEG = "image/jpeg"
PNG = "image/png"
TIFF = "image/tiff"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OFD = "application/ofd"

#: What people call the types, and the endings their files carry.
NAMES = {PDF: "PDF", JPEG: "JPG", PNG: "PNG", TIFF: "TIFF", DOCX: "DOCX", XLSX: "XLSX", OFD: "OFD"}
_ENDINGS = {
    ".pdf": PDF,
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".png": PNG,
    ".tif": TIFF,
    ".tiff": TIFF,
    ".docx": DOCX,
    ".xlsx": XLSX,
    ".ofd": OFD,
}
#: Declared types that say nothing: a browser that does not know the ending, a client that does not care.
_GENERIC = {"", "application/octet-stream", "binary/octet-stream", "application/x-www-form-urlencoded"}
_ALIASES = {"image/jpg": JPEG, "image/pjpeg": JPEG, "image/x-png": PNG, "application/x-pdf": PDF, "image/tif": TIFF}

_TAIL = 66 * 1024
_MAX_ENTRIES = 4000
_MAX_DIRECTORY = 2 * 1024 * 1024
_MAX_UNPACKED = 300 * 1024 * 1024
_MAX_RATIO = 250
_MAX_PIXELS = 120_000_000  # A3 at 600 dpi and some more
_MEMBERS = {"word/document.xml": DOCX, "xl/workbook.xml": XLSX, "OFD.xml": OFD}


def media_type_of(path: Path) -> str:
    """The media type, or a refusal that says what is accepted."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(4096)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    if head.startswith(b"%PDF-"):
        _require(b"%%EOF" in tail, "PDF 文件不完整")
        check_pdf(path)
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return _packed(path, size, tail)
    return _picture(path, size, head, tail)


def require_agreement(name: str, declared: str, media_type: str) -> None:
    """The ending of the name and the declared type must say what the content is: nobody is to be misled later."""
    ending = f".{name.rpartition('.')[2]}".lower() if "." in name else ""
    if _ENDINGS.get(ending) != media_type:
        fitting = "、".join(one for one, kind in _ENDINGS.items() if kind == media_type)
        raise refusal(
            f"文件内容是 {NAMES[media_type]},而文件名后缀为“{ending[:12] or '无'}”;请将后缀改为 {fitting} 后再上传",
            "name_disagrees",
        )
    said = declared.partition(";")[0].strip().lower()
    if said not in _GENERIC and _ALIASES.get(said, said) != media_type:
        raise refusal(f"文件内容是 {NAMES[media_type]},与所声明的类型不一致,请重新选择文件", "type_disagrees")


def _picture(path: Path, size: int, head: bytes, tail: bytes) -> str:
    try:
        if head.startswith(b"\xff\xd8\xff"):
            _require(b"\xff\xd9" in tail, "JPG 图片不完整")
            return _within(JPEG, jpeg_size(path))
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            _require(b"IEND" in tail, "PNG 图片不完整")
            return _within(PNG, png_size(head))
        if head.startswith((b"II*\x00", b"MM\x00*")):
            return _within(TIFF, *tiff_sizes(path, size))
    except DamagedImage:
        raise refusal("图片不完整或已损坏,请重新生成后上传", "damaged") from None
    raise refusal("只接受 PDF、JPG、PNG、TIFF、DOCX、XLSX、OFD 文件,所上传内容不是其中任何一种")


def _within(media_type: str, *sizes: tuple[int, int]) -> str:
    """A small file can unfold to a picture that no reader's machine can hold."""
    if any(width * height > _MAX_PIXELS for width, height in sizes):
        raise refusal("图片尺寸过大(超过 1.2 亿像素),请降低分辨率后上传", "picture_too_large")
    return media_type


def _require(whole: bool, otherwise: str) -> None:
    if not whole:
        raise refusal(f"{otherwise},请重新生成后上传", "damaged")


def _packed(path: Path, size: int, tail: bytes) -> str:
    """docx, xlsx and ofd are zip archives: only the directory is read, and only when it is small."""
    entries = directory_of(path, size, tail)
    names = [entry.filename for entry in entries]
    unpacked = sum(entry.file_size for entry in entries)
    packed = max(1, sum(entry.compress_size for entry in entries))
    # More packed bytes than the file has: entries that overlap, each counted again.
    if unpacked > _MAX_UNPACKED or unpacked / packed > _MAX_RATIO or packed > size:
        raise refusal("文件压缩异常(展开后过大)", "archive_bomb")
    if len(set(names)) != len(names) or any(entry.flag_bits & 1 for entry in entries):
        raise refusal("文件加密或含有重复条目", "damaged")
    if any(name.startswith("/") or ".." in name.replace("\\", "/").split("/") for name in names):
        raise refusal("文件内含有指向文件夹之外的条目", "damaged")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise refusal("文件含有宏,请另存为不含宏的格式", "macros")
    for member, media_type in _MEMBERS.items():
        if member in names:
            return media_type
    raise refusal("不接受压缩包,请上传其中的文件")


def directory_of(path: Path, size: int, tail: bytes) -> list[zipfile.ZipInfo]:
    """The archive's entries. Their number is read from its last record first: the list itself can be the bomb."""
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or end + 22 > len(tail):
        raise refusal("文件损坏,无法打开", "damaged")
    count = int.from_bytes(tail[end + 10 : end + 12], "little")
    if count > _MAX_ENTRIES or int.from_bytes(tail[end + 12 : end + 16], "little") > min(size, _MAX_DIRECTORY):
        raise refusal("文件压缩异常(条目过多)", "archive_bomb")
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise refusal("文件损坏,无法打开", "damaged") from None
