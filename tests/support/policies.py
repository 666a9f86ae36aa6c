"""A copy of policies/ that a test may spoil: one for the whole session, as making one takes longer than loading it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gf_policy.root import names_below, policies_root


def _copy(name: str, root: Path) -> None:
    """Under a time long past: a file with a later one was written by a test."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(policies_root() / name, root / name)
    os.utime(root / name, (0, 0))


@pytest.fixture(scope="session")
def spare_policies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("spare") / "policies"
    for name in names_below(policies_root()):
        _copy(name, root)
    return root


@pytest.fixture
def policies(spare_policies: Path, tmp_path: Path) -> Iterator[Path]:
    """The copy, in this test's own folder: a folder is loaded once per process. Put right afterwards."""
    mine = spare_policies.rename(tmp_path / "policies")
    try:
        yield mine
    finally:
        found, wanted = set(names_below(mine)), set(names_below(policies_root()))
        for name in found - wanted:
            (mine / name).unlink()
        for name in wanted:
            if name not in found or os.stat(f"{mine}/{name}").st_mtime != 0:
                _copy(name, mine)
        mine.rename(spare_policies)
