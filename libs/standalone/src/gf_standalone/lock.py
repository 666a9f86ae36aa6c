"""One run per data folder. The operating system lets the lock go when the process ends, however it ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from gf_standalone.settings import StartRefused


class RunLock:
    def __init__(self, data: Path) -> None:
        self._path = data / "run.lock"
        self._file: IO[str] | None = None

    def take(self, about: str) -> None:
        """Hold the folder, or say who does."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            file = open(self._path, "a+", encoding="utf-8")  # noqa: SIM115  held open until the process ends
        except OSError as error:
            raise StartRefused(
                f"数据目录 {self._path.parent} 不可写：{error.strerror}。请用 DATA= 指定别的目录。"
            ) from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "另一个进程"
            file.close()
            raise StartRefused(
                f"数据目录 {self._path.parent} 正在被使用（{holder}）。"
                "请先停止它（Ctrl-C），或用 DATA=另一个目录 PORT=另一个端口 再启动一份。"
            ) from None
        file.seek(0)
        file.truncate()
        file.write(f"进程 {os.getpid()}，{about}\n")
        file.flush()
        self._file = file

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
