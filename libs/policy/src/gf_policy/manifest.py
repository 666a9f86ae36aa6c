"""The manifest: the SHA-256 of every published file. A published file never changes; a correction is a new version."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from gf_policy.errors import PolicyError
from gf_policy.root import content, names_below

NAME = "MANIFEST"
# Not law: explanations, examples and tests beside it may be improved at any time.
_NOT_PUBLISHED = ("README.md", "cases.yaml")


def is_law(name: str) -> bool:
    parts = name.split("/")
    return (
        parts[-1] not in _NOT_PUBLISHED and "examples" not in parts and name != NAME and not parts[-1].startswith(".")
    )


def law_files(root: Path) -> list[str]:
    return sorted(name for name in names_below(root) if is_law(name))


def digest(root: Path, name: str) -> str:
    return hashlib.sha256(content(root, name)).hexdigest()


def read(root: Path) -> dict[str, str]:
    path = root / NAME
    if not path.exists():
        return {}
    entries: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        sha, _, name = line.partition("  ")
        if len(sha) != 64 or not name or name in entries:
            raise PolicyError(NAME, "应为“<sha256>  <路径>”，且每个路径只出现一次。", number)
        entries[name] = sha
    return entries


def write(root: Path, entries: Mapping[str, str]) -> None:
    head = "# 已发布文件的 SHA-256。已发布的文件不再改动，更正另立新版本。新增：python -m gf_policy.publish\n"
    body = "".join(f"{entries[name]}  {name}\n" for name in sorted(entries))
    (root / NAME).write_text(head + body, encoding="utf-8")


def verify(root: Path, spare: Callable[[str], bool] | None = None) -> dict[str, str]:
    """The manifest's entries, after every file was found as published. What ``spare`` picks is judged by its reader."""
    entries = read(root)
    present = law_files(root)
    for name in sorted(set(entries) - set(present)):
        raise PolicyError(name, "已发布的文件不见了；已发布的文件不得删除。")
    for name in present:
        if spare is not None and spare(name):
            continue
        if name not in entries:
            raise PolicyError(name, "文件尚未发布；核对无误后运行 python -m gf_policy.publish。")
        if digest(root, name) != entries[name]:
            raise PolicyError(name, "已发布的文件被改动；请恢复原文，更正应另立新版本。")
    return entries


def changed(root: Path, name: str) -> PolicyError | None:
    """Why a file is not used as it stands: not published, or changed since."""
    published = read(root).get(name)
    if published is None:
        return PolicyError(name, "文件尚未发布；核对无误后运行 python -m gf_policy.publish。", 1)
    if digest(root, name) != published:
        return PolicyError(name, "已发布的文件被改动；请恢复原文，更正应另立新版本。", 1)
    return None


def folder_hash(entries: Mapping[str, str], folder: str) -> str:
    """One hash over the published files of a policy folder."""
    lines: Iterable[str] = (f"{entries[name]}  {name}\n" for name in sorted(entries) if name.startswith(folder + "/"))
    return hashlib.sha256("".join(lines).encode()).hexdigest()
