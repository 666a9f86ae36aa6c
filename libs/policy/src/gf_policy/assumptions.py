"""`python -m gf_policy.assumptions`: write docs/assumptions.md, every value that no document states.

With --check nothing is written; exit code 1 says that the page is out of date.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gf_policy import manifest
from gf_policy.files import PolicyFile, read_yaml
from gf_policy.root import names_below, policies_root

_NAMES = ("label", "title", "name", "act", "code", "indicator", "category", "id")
_HEAD = """# 约定一览

文件没有写明、由本系统约定的数值和做法，全部列在这里；每一条都是 `policies/` 中的数据，可以由有权部门改为正式规定。
本页由 `python -m gf_policy.assumptions` 生成，请勿手改。
"""


def page(root: Path) -> str:
    parts = [_HEAD]
    total = 0
    for name in names_below(root, "*.yaml"):
        if not manifest.is_law(name):
            continue
        rows = _rows(read_yaml(root, name))
        if rows:
            total += len(rows)
            body = "\n".join(f"| {_cell(where)} | {_cell(reason)} | {_cell(cited)} |" for where, reason, cited in rows)
            parts.append(f"## {name}\n\n| 用于 | 约定及理由 | 相关文件 |\n| --- | --- | --- |\n{body}\n")
    parts.insert(1, f"共 {total} 条。\n")
    return "\n".join(parts)


def _rows(file: PolicyFile) -> list[tuple[str, str, str]]:
    """One row per assumption; what shares one (a YAML anchor) is listed together."""
    found: dict[tuple[str, str], list[str]] = {}
    for path, source in file.sources:
        if "assumption" in source:
            cited = f"{source.get('document', '')} {source.get('article', '')}".strip()
            found.setdefault((source["assumption"], cited), []).append(_place(file.data, path))
    return [("、".join(dict.fromkeys(places)), reason, cited or "—") for (reason, cited), places in found.items()]


def _place(data: Mapping[str, Any], path: tuple[str | int, ...]) -> str:
    """The blocks a source stands in, by the names people know them by."""
    names: list[str] = []
    here: Any = data
    for step in path[:-1]:
        here = here[step]
        if isinstance(here, Mapping):
            named = next((str(here[key]) for key in _NAMES if isinstance(here.get(key), str)), None)
            names.append(named or (str(step) if isinstance(step, str) else ""))
    shown = [name for name in names if name]
    return " › ".join(shown[-3:]) or "全文"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m gf_policy.assumptions", description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    root = policies_root()
    target = root.parent / "docs" / "assumptions.md"
    text = page(root)
    if arguments.check:
        return 0 if target.exists() and target.read_text(encoding="utf-8") == text else 1
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
