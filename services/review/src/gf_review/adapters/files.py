"""Uploaded documents: bytes under their SHA-256 in a folder (by default) or any object store obstore knows."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import filetype
import obstore
from obstore.store import ObjectStore

from gf_review.domain.errors import Invalid, Problem

#: What a recommendation document may be: sealed scans and the formats offices use.
ALLOWED = {"application/pdf": "PDF", "image/png": "PNG", "image/jpeg": "JPEG"}
MAX_BYTES = 20 * 1024 * 1024
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Stored:
    sha256: str
    size_bytes: int
    media_type: str


class Files:
    """Content-addressed: writing the same bytes twice is one file, and nothing is ever changed."""

    def __init__(self, store: ObjectStore) -> None:
        self.store = store

    async def put(self, chunks: AsyncIterator[bytes]) -> Stored:
        """Check size and type, then store."""
        body = bytearray()
        async for chunk in chunks:
            body += chunk
            if len(body) > MAX_BYTES:
                raise _refused("too_large", f"文件超过 {MAX_BYTES // 1024 // 1024} MB，请压缩或分卷后重新上传。")
        if not body:
            raise _refused("empty", "文件为空，请重新选择文件。")
        kind = filetype.guess(bytes(body[:8192]))
        media_type = kind.mime if kind else ""
        if media_type not in ALLOWED:
            raise _refused("type", "文件类型不受理，请上传 PDF、PNG 或 JPEG 文件。")
        digest = hashlib.sha256(body).hexdigest()
        await obstore.put_async(self.store, _path(digest), bytes(body))
        return Stored(digest, len(body), media_type)

    async def get(self, sha256: str) -> bytes:
        found = await obstore.get_async(self.store, _path(sha256))
        return bytes(await found.bytes_async())


def _path(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def _refused(code: str, detail: str) -> Invalid:
    return Invalid(detail, rule="CQ-doc", errors=[Problem("/file", code, detail, "CQ-doc")])


def clean_name(name: str) -> str:
    """The name as metadata only: no path, no control characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable()).strip()[:MAX_NAME] or "未命名"
