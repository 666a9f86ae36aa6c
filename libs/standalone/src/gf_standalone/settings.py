"""What can be set for `make run`: PORT and DATA. A wrong value is answered in plain words."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})


class StartRefused(Exception):
    """The programme cannot start; the text says in plain Chinese why and what to do."""


@dataclass(frozen=True, slots=True)
class StandaloneSettings:
    port: int
    data: Path
    host: str = HOST
    mode: str = "standalone"
    demo: bool = True

    @property
    def address(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def issuer(self) -> str:
        return f"{self.address}/auth"


def read(environment: Mapping[str, str] = os.environ) -> StandaloneSettings:
    port = environment.get("PORT", "").strip() or "8000"
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise StartRefused(f"PORT={port!r} 不是有效的端口号，请填 1 到 65535 之间的整数，例如 PORT=8001 make run。")
    data = Path(environment.get("DATA", "").strip() or ".data").expanduser()
    if data.exists() and not data.is_dir():
        raise StartRefused(f"DATA={data} 不是目录。请换一个目录，例如 DATA=.data make run。")
    host = environment.get("GF_STANDALONE_HOST", HOST).strip()
    # Demo accounts need no password and the clock can be moved: nobody but this machine may reach them.
    if host not in LOOPBACK:
        raise StartRefused(f"演示模式只监听本机（127.0.0.1），不接受 GF_STANDALONE_HOST={host}。")
    demo = environment.get("GF_STANDALONE_DEMO", "1").strip() not in {"0", "no", "false"}
    return StandaloneSettings(port=int(port), data=data.resolve(), host=host, demo=demo)
