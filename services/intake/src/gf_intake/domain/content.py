"""Content of a form: what its hash is taken over, and what a scan of the sealed print belongs to."""

import hashlib
from collections.abc import Mapping
from typing import Any

#: The slot of the scan of the signed and sealed PDF (盖章扫描件).
SEALED_SCAN = "sealed_scan"


def hash_of(canonical: bytes) -> str:
    """SHA-256 (hex) over the canonical JSON of the content, which is what is stored."""
    return hashlib.sha256(canonical).hexdigest()


def note_at(content: Mapping[str, Any], pointer: str) -> str:
    """The note (特殊情况说明) of the row a warning points at, or the form's own."""
    parts = pointer.split("/")
    values = content.get("values", ())
    if len(parts) > 2 and parts[1] == "values" and parts[2].isdigit() and int(parts[2]) < len(values):
        note = values[int(parts[2])].get("note")
        if isinstance(note, str) and note:
            return note
    note = content.get("note")
    return note if isinstance(note, str) else ""
