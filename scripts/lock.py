"""Write requirements.lock and requirements-dev.lock: every package with its hashes, no addresses."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXPORT = ["export", "--quiet", "--all-packages", "--no-emit-workspace", "--no-header", "--no-annotate"]


def main() -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never", "UV_PYTHON": sys.executable}
    subprocess.run([uv, "lock", "--upgrade"], cwd=ROOT, env=environment, check=True)
    for name, extra in (("requirements.lock", ["--no-dev"]), ("requirements-dev.lock", ["--group", "dev"])):
        done = subprocess.run(
            [uv, *EXPORT, *extra], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        if "://" in done.stdout:
            raise SystemExit(f"{name} would hold an address")
        (ROOT / name).write_text(done.stdout, encoding="utf-8")
        print(f"{name}: {done.stdout.count('==')} packages")


if __name__ == "__main__":
    main()
