#!/usr/bin/env python3
"""Write .env for docker compose: random passwords, the realm without demonstration accounts. Standard library only.

python3 scripts/compose_secrets.py [https://address-that-browsers-use]

An existing .env is never touched: databases keep the passwords they were made with (docs/runbooks/deploy-compose.md).
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Variables of docker-compose.yml whose default is for demonstrations only.
_SECRET = re.compile(r"\$\{(GL_[A-Z_]+):-demo-only\}")


def main() -> int:
    target = ROOT / ".env"
    names = sorted(set(_SECRET.findall((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))))
    address = sys.argv[1] if len(sys.argv) > 1 else ""
    lines = [
        "# 只属于本机；不要提交，不要外传，请备份到安全处。",
        f"GL_PUBLIC_URL={address}" if address else "# GL_PUBLIC_URL=https://…（浏览器使用的地址）",
        "GL_REALM=office",
        # Only hexadecimal digits: they stand in addresses and scripts as they are.
        *(f"{name}={secrets.token_hex(24)}" for name in names),
    ]
    try:
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        print(f"{target} 已存在，未作改动。更换口令的办法见 docs/runbooks/deploy-compose.md。", file=sys.stderr)
        return 1
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    print(f"已写入 {target}（{len(names)} 个口令，仅本用户可读）。")
    return 0


if __name__ == "__main__":
    sys.exit(main())
