"""A PDF that only shows pages: whole, not encrypted, without scripts, launch actions, forms that run, or other files.

Every object the cross-reference names is looked at, not only what hangs on the catalogue; the raw bytes once more for
what a repairing viewer might find. Pages are not rendered and their contents not unpacked.
"""

import contextlib
import mmap
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pypdf import PdfReader
from pypdf.generic import DictionaryObject, IndirectObject

from gf_intake.adapters.refusals import refusal
from gf_intake.domain.errors import EvidenceRefused

_SECONDS = 20.0
_MAX_OBJECTS = 500_000
_RUNS = frozenset({"/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/Rendition", "/RichMediaExecute"})
_SHOWS_MORE = frozenset({"/RichMedia", "/3D", "/Movie", "/Screen", "/FileAttachment"})
_RAW = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFile)(?![A-Za-z])")


def check_pdf(path: Path) -> None:
    """Refuse what is more than pages. Bounded in time; to be called in a thread."""
    deadline = time.monotonic() + _SECONDS
    try:
        with path.open("rb") as file:
            reader = PdfReader(file, strict=False)
            if reader.is_encrypted:
                raise refusal("PDF 已加密或设有权限密码,请取消加密后上传", "encrypted")
            if not len(reader.pages):
                raise refusal("PDF 中没有页面,请重新生成后上传", "damaged")
            for found in _objects(reader, deadline):
                _require_harmless(found)
        _require_no_trace(path)
    except EvidenceRefused:
        raise
    except Exception:
        # The parser met something it cannot read, in whatever way: so would the reviewer's viewer.
        raise refusal("PDF 文件不完整或已损坏,无法打开,请重新生成后上传", "damaged") from None


def _objects(reader: PdfReader, deadline: float) -> Iterator[DictionaryObject]:
    """Every dictionary of the file, also those inside arrays and dictionaries."""
    ids = [(number, generation) for generation, table in reader.xref.items() for number in table if number]
    ids += [(number, 0) for number in reader.xref_objStm]
    if len(ids) > _MAX_OBJECTS:
        raise refusal("PDF 结构过于复杂,请另存或打印为新的 PDF 后上传", "too_complex")
    for number, generation in ids:
        if time.monotonic() > deadline:
            raise refusal("PDF 结构过于复杂,请另存或打印为新的 PDF 后上传", "too_complex")
        todo: list[Any] = [reader.get_object(IndirectObject(number, generation, reader))]
        while todo:
            one = todo.pop()
            if isinstance(one, DictionaryObject):
                yield one
                todo += [value for value in dict.values(one) if isinstance(value, (dict, list))]
            elif isinstance(one, list):
                todo += [value for value in list.__iter__(one) if isinstance(value, (dict, list))]


def _require_harmless(found: DictionaryObject) -> None:
    keys = found.keys()
    if "/JS" in keys or "/XFA" in keys or _name(found, "/S") in _RUNS:
        raise refusal("PDF 含有脚本或可执行的动作,请打印为新的 PDF 后上传", "active_content")
    if "/EF" in keys or _name(found, "/Type") == "/EmbeddedFile" or _name(found, "/Subtype") in _SHOWS_MORE:
        raise refusal("PDF 内嵌有其他文件或多媒体,请将其取出、另行上传", "embedded_files")


def _name(found: DictionaryObject, key: str) -> str:
    value = found.raw_get(key) if key in found else ""
    return value if isinstance(value, str) else ""


def _require_no_trace(path: Path) -> None:
    with path.open("rb") as file, contextlib.closing(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)) as raw:
        if found := _RAW.search(raw):
            embedded = found.group().startswith(b"/Embedded")
            raise refusal(
                "PDF 含有脚本、可执行的动作或内嵌文件,请打印为新的 PDF 后上传",
                "embedded_files" if embedded else "active_content",
            )
