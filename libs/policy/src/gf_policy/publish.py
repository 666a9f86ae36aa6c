"""`python -m gf_policy.publish [--replace PATH …]`: enter new policy files into the manifest.

A file already published and changed since is refused, unless named after --replace, which is meant for a file that
no campaign has used yet.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gf_policy import manifest
from gf_policy.errors import PolicyError
from gf_policy.root import policies_root


def publish(root: Path, replace: frozenset[str] = frozenset()) -> list[str]:
    """Names of the files newly entered."""
    entries = manifest.read(root)
    present = manifest.law_files(root)
    for name in sorted(set(entries) - set(present)):
        if name not in replace:
            raise PolicyError(name, "已发布的文件不见了；已发布的文件不得删除。")
        del entries[name]
    added: list[str] = []
    for name in present:
        sha = manifest.digest(root, name)
        if entries.get(name) == sha:
            continue
        if name in entries and name not in replace:
            raise PolicyError(name, "已发布的文件被改动；更正应另立新版本（尚无任务使用过的文件可用 --replace）。")
        entries[name] = sha
        added.append(name)
    manifest.write(root, entries)
    return added


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m gf_policy.publish", description=__doc__)
    parser.add_argument("--root", type=Path, default=None)
    parser.add_argument("--replace", nargs="*", default=[], metavar="PATH")
    arguments = parser.parse_args()
    try:
        added = publish(arguments.root or policies_root(), frozenset(arguments.replace))
    except PolicyError as fault:
        print(fault, file=sys.stderr)
        return 1
    for name in added:
        print(f"已发布 {name}")
    print(f"新发布 {len(added)} 个文件。")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
