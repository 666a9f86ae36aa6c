"""Where policies/ lies, and what lies there."""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path


def policies_root(path: Path | str | None = None) -> Path:
    """The folder given, else the one GF_POLICIES_DIR names, else policies/ of this checkout."""
    chosen = path or os.environ.get("GF_POLICIES_DIR")
    return Path(chosen).resolve() if chosen else Path(__file__).resolve().parents[4] / "policies"


def names_below(root: Path, pattern: str = "*") -> list[str]:
    """Files whose names fit, as paths inside ``root``, folder by folder.

    A start looks ten times; pathlib makes an object of every step and takes six times as long.
    """
    top = str(root)
    names: list[str] = []
    for folder, _, files in os.walk(top):
        inside = folder[len(top) + 1 :]
        names += [f"{inside}/{name}" if inside else name for name in fnmatch.filter(files, pattern)]
    return sorted(names, key=lambda name: name.split("/"))


def content(root: Path, name: str) -> bytes:
    """What a file says. Raises FileNotFoundError."""
    with open(f"{root}/{name}", "rb", buffering=0) as file:
        return file.read()
