"""Forms and files that intake's tests hand in. Without the service: most unit tests need no more than these."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from typing import Any

from gf_policy.root import policies_root

#: In the windows of N25, before every deadline.
OPENING = datetime(2025, 10, 20, 2, 0, tzinfo=UTC)
POLICY = "national/2025/n25"
EXAMPLE: dict[str, Any] = json.loads(
    (policies_root() / "national/2025/n25/examples/factory-application.json").read_text(encoding="utf-8")
)


def pdf(note: str = "", *, catalog: bytes = b"", page: bytes = b"", more: tuple[bytes, ...] = ()) -> bytes:
    """A whole PDF of one page. `catalog`, `page`: further entries; `more`: further objects, the first is number 4."""
    bodies = [
        b"<</Type/Catalog/Pages 2 0 R" + catalog + b">>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]" + page + b">>",
        *more,
        b"(" + note.encode("ascii") + b")",
    ]
    file, offsets = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(file))
        file += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(bodies) + 1
    trailer = b"trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(file))
    return file + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer


PDF = pdf()


def content(**changes: Any) -> dict[str, Any]:
    """The valid example; `changes` replace the value of a row (None takes the row out)."""
    values = [dict(one) for one in EXAMPLE["values"] if changes.get(one["code"], "") is not None]
    for one in values:
        if one["code"] in changes:
            one["value"] = changes[one["code"]]
    return {"values": values}


def plain(**changes: Any) -> dict[str, Any]:
    """The example without the values that ask for evidence: what the simplest partner call sends."""
    form = content(
        **{"advanced_technology": None, "green_design": False, "footprint_categories_quantified": "0"} | changes
    )
    for one in form["values"]:
        if one["code"] == "retrofit_investment":
            one["not_applicable"], one["note"] = True, "三年内没有改造项目"
            del one["value"]
    return form


def jpeg(width: int = 40, height: int = 30) -> bytes:
    frame = b"\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x01\x01\x11\x00"
    return b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xc0\x00\x0b" + frame + b"\xff\xda" + b"\x00" * 64 + b"\xff\xd9"


def png(width: int = 40, height: int = 30) -> bytes:
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0d" + header + b"\x00" * 4 + b"\x00\x00\x00\x00IEND\xaeB`\x82"


def tiff(width: int = 40, height: int = 30, following: int = 0) -> bytes:
    tags = b"".join(
        tag.to_bytes(2, "little") + b"\x04\x00\x01\x00\x00\x00" + value.to_bytes(4, "little")
        for tag, value in ((256, width), (257, height))
    )
    return b"II*\x00\x08\x00\x00\x00\x02\x00" + tags + following.to_bytes(4, "little")


def packed(*members: str, size: int = 10) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.writestr(member, b"0" * size)
    return file.getvalue()
