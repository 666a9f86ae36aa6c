"""Where evidence lies: content-addressed, in a folder or in an S3-compatible bucket (obstore), by one setting."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import obstore
from obstore.store import LocalStore, ObjectStore, from_url

from gf_intake.adapters.file_checks import media_type_of, require_agreement
from gf_intake.adapters.refusals import refusal
from gf_intake.domain.errors import EvidenceTooLarge, FieldError

_CHUNK = 5 * 1024 * 1024
#: Files looked into at the same time: a parser keeps a core busy, and the others must still be answered.
_CHECKS = 2


@dataclass(frozen=True, slots=True)
class StoredFile:
    """What was received and is now in the store."""

    sha256: str
    size_bytes: int
    media_type: str


class EvidenceStore:
    """Bytes under their SHA-256. Writing the same bytes again changes nothing."""

    def __init__(self, url: str, max_bytes: int, options: Mapping[str, Any] | None = None) -> None:
        """`options`: obstore's own, for a store that is no folder."""
        self.max_bytes = max_bytes
        self._checking = asyncio.Semaphore(_CHECKS)
        self._store: ObjectStore
        if "://" in url and not url.startswith("file://"):
            self._store = from_url(url, **(options or {}))
        else:
            self._store = LocalStore(Path(url.removeprefix("file://")).absolute(), mkdir=True)

    async def put(self, stream: AsyncIterator[bytes], name: str, declared: str = "") -> StoredFile:
        """Receive to a temporary file, check, then store under the hash: nothing unchecked is ever in the store.

        `name` and `declared` (the sender's media type) are only compared with what the content is.
        """
        async with _spooled() as path:
            digest, size = await self._receive(stream, path)
            async with self._checking:
                media_type = await asyncio.to_thread(media_type_of, path)
            require_agreement(name, declared, media_type)
            key = _key(digest)
            if not await self._has(key):
                await obstore.put_async(self._store, key, path, chunk_size=_CHUNK, max_concurrency=2)
            return StoredFile(digest, size, media_type)

    async def open(self, sha256: str) -> AsyncIterator[bytes]:
        """The bytes, in chunks."""
        found = await obstore.get_async(self._store, _key(sha256))
        return _chunks(found)

    async def _receive(self, stream: AsyncIterator[bytes], path: Path) -> tuple[str, int]:
        digest, size = hashlib.sha256(), 0
        with path.open("wb") as file:
            async for chunk in stream:
                size += len(chunk)
                if size > self.max_bytes:
                    limit = f"{self.max_bytes // (1024 * 1024)} MB"
                    raise EvidenceTooLarge(
                        f"文件超过 {limit},请压缩或拆分后上传。", errors=(FieldError("", "too_large", f"上限 {limit}"),)
                    )
                digest.update(chunk)
                file.write(chunk)
        if not size:
            raise refusal("文件为空", "empty")
        return digest.hexdigest(), size

    async def _has(self, key: str) -> bool:
        try:
            await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return False
        return True


@asynccontextmanager
async def _spooled() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="gf-evidence-") as folder:
        yield Path(folder) / "incoming"


async def _chunks(found: "obstore.GetResult") -> AsyncIterator[bytes]:
    async for chunk in found.stream(min_chunk_size=256 * 1024):
        yield bytes(chunk)


def _key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"
