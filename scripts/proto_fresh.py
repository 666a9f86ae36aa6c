"""Whether the committed generated code is what buf makes of the .proto files now."""

import filecmp
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PROTO = Path(__file__).resolve().parent.parent / "proto"
GENERATED = Path("src") / "greenladder"


def files(folder: Path) -> set[Path]:
    return {p.relative_to(folder) for p in folder.rglob("*_pb2.py*") if "__pycache__" not in p.parts}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "proto"
        shutil.copytree(PROTO, copy, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.rmtree(copy / GENERATED)
        subprocess.run([Path(sys.executable).with_name("buf"), "generate"], cwd=copy, check=True)
        made, kept = copy / GENERATED, PROTO / GENERATED
        stale = sorted(
            str(name)
            for name in files(made) | files(kept)
            if not ((made / name).exists() and (kept / name).exists() and filecmp.cmp(made / name, kept / name, False))
        )
    for name in stale:
        print(f"not what the .proto says: proto/{GENERATED}/{name}")
    if stale:
        print("run: cd proto && buf generate")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
