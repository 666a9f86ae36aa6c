"""Secrets made at the first run: readable by the owner alone, whole or not there at all."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path


def read_or_make(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
    if not path.exists():
        # A kill between making and naming leaves the old state: nothing.
        making = path.with_name(path.name + ".new")
        making.unlink(missing_ok=True)
        with open(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(make())
        making.replace(path)
    return path.read_text(encoding="utf-8").strip()
