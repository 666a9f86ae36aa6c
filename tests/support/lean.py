"""Loaded before all else by the unit tests' processes: what no service has at its side is not to be found.

openpyxl, pypdf and httpx take in what they find of these, in half a second; the tools for plots bring them along.
"""

import sys
from importlib.abc import MetaPathFinder


class Absent(MetaPathFinder):
    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in ("numpy", "PIL", "fontTools", "rich"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Absent())
