#!/usr/bin/env python3
"""Make .venv ready for `make run` (runtime) or `make test` (dev). Standard library only; a second call takes no time.

The third-party packages come from requirements.lock or requirements-dev.lock, each checked against its hash.
The workspace's own members are put on the path where they lie (editable), without building anything.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = {"run": ROOT / "requirements.lock", "dev": ROOT / "requirements-dev.lock"}


def say(text: str) -> None:
    print(f"[准备] {text}", flush=True)


def fail(text: str) -> None:
    print(f"[准备] 失败：{text}", file=sys.stderr, flush=True)
    raise SystemExit(1)


def members() -> list[Path]:
    """The source folders of the workspace's members."""
    return sorted(p for pattern in ("proto/src", "libs/*/src", "services/*/src") for p in ROOT.glob(pattern))


def fingerprint(kind: str) -> str:
    digest = hashlib.sha256()
    digest.update(LOCKS[kind].read_bytes())
    digest.update("\n".join(str(p) for p in members()).encode())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()


def stamp(kind: str) -> Path:
    return VENV / f".greenladder-{kind}"


def is_ready(kind: str) -> bool:
    # The development environment holds everything that the runtime one does.
    for each in dict.fromkeys((kind, "dev")):
        if PYTHON.exists() and stamp(each).exists() and stamp(each).read_text().strip() == fingerprint(each):
            return True
    return False


def create_environment() -> None:
    usable = PYTHON.exists() and subprocess.run([str(PYTHON), "-c", "pass"], check=False).returncode == 0
    if VENV.exists() and not usable:
        say("旧的 .venv 已不可用，重新建立。")
        shutil.rmtree(VENV)
    if usable:
        return
    say(f"建立 Python 环境 .venv（Python {sys.version.split()[0]}）……")
    done = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        shutil.rmtree(VENV, ignore_errors=True)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        fail(
            "python3 -m venv 不可用。Debian/Ubuntu 请先安装："
            f"apt-get install python3-venv（或 python{version}-venv）。\n{(done.stdout + done.stderr).strip()}"
        )


def pinned(kind: str) -> dict[str, str]:
    """Name → version of the lock's lines that apply here, as far as can be told without the markers' library."""
    return {
        m.group(1).lower().replace("_", "-"): m.group(2)
        for m in re.finditer(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*(?:\\|$)", LOCKS[kind].read_text(), re.M)
    }


def already_installed(kind: str) -> bool:
    """An environment made by other means (uv sync) is taken as it is when every pinned version is there."""
    program = (
        "import sys, importlib.metadata as m\n"
        "have = {d.metadata['Name'].lower().replace('_', '-'): d.version for d in m.distributions()}\n"
        "want = dict(line.split('==') for line in sys.stdin.read().split())\n"
        "sys.exit(0 if all(have.get(k) == v for k, v in want.items()) else 1)\n"
    )
    lines = "\n".join(f"{name}=={version}" for name, version in pinned(kind).items())
    return subprocess.run([str(PYTHON), "-c", program], input=lines, text=True, check=False).returncode == 0


def install(kind: str) -> None:
    if subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True, check=False).returncode != 0:
        done = subprocess.run([str(PYTHON), "-m", "ensurepip"], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            fail(f"环境 .venv 里没有 pip，也无法补上。请删除 .venv 后重试。\n{done.stderr.strip()}")
    total = len(re.findall(r"^[A-Za-z0-9._-]+==", LOCKS[kind].read_text(), re.M))
    say(f"安装依赖（约 {total} 个包，首次需要下载，通常不到两分钟）……")
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--no-deps"]
    command += ["--progress-bar", "off", "--require-hashes", "--only-binary", ":all:", "-r", str(LOCKS[kind])]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PIP_ROOT_USER_ACTION": "ignore"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    assert process.stdout is not None
    tail: list[str] = []
    seen, shown = 0, time.monotonic()
    for line in process.stdout:
        tail = [*tail[-40:], line.rstrip()]
        if line.startswith(("Collecting ", "Requirement already satisfied: ")):
            seen += 1
            if time.monotonic() - shown > 2:
                shown = time.monotonic()
                say(f"  {seen}/{total} {line.split()[-1] if line.startswith('R') else line.split()[1].split('==')[0]}")
        elif line.startswith("Installing collected packages"):
            say("  下载完毕，正在写入……")
    if process.wait() != 0:
        fail("依赖安装未成功（请检查网络或 pip 的软件源设置，然后重试）：\n" + "\n".join(tail[-15:]))


def link_members() -> None:
    program = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    folder = subprocess.run([str(PYTHON), "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    (Path(folder) / "greenladder-workspace.pth").write_text("".join(f"{p}\n" for p in members()), encoding="utf-8")


def main() -> None:
    kind = sys.argv[1] if len(sys.argv) > 1 else "run"
    if sys.version_info < (3, 11):  # noqa: UP036  run by whatever python3 the machine has
        fail(f"需要 Python 3.11 或更高版本，当前是 {sys.version.split()[0]}。")
    if is_ready(kind):
        return
    (ROOT / ".cache").mkdir(exist_ok=True)
    with open(ROOT / ".cache" / "bootstrap.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("另一个进程正在准备环境，等它完成……")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if is_ready(kind):
            return
        began = time.monotonic()
        create_environment()
        if not already_installed(kind):
            install(kind)
        link_members()
        stamp(kind).write_text(fingerprint(kind) + "\n")
        say(f"环境就绪（用时 {time.monotonic() - began:.0f} 秒）。")


if __name__ == "__main__":
    main()
