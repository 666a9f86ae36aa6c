"""Where policies/ lies."""

from __future__ import annotations

import os
from pathlib import Path


def policies_root(path: Path | str | None = None) -> Path:
    """The folder given, else the one GF_POLICIES_DIR names, else policies/ of this checkout."""
    chosen = path or os.environ.get("GF_POLICIES_DIR")
    return Path(chosen).resolve() if chosen else Path(__file__).resolve().parents[4] / "policies"
