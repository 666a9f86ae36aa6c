"""Refuse demonstration passwords and accounts where others than this machine could come in (部署前检查)."""

import os
import sys
from urllib.parse import urlsplit

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
DEMO = "demo-only"


def main() -> int:
    host = urlsplit(os.environ["GL_PUBLIC_URL"]).hostname or ""
    if os.environ["GL_BIND"] in LOOPBACK and host in LOOPBACK:
        return 0
    known = sorted(name for name, value in os.environ.items() if value == DEMO)
    if known:
        print(f"拒绝启动：以下口令仍是人人皆知的演示口令：{'、'.join(known)}。", file=sys.stderr)
        print("请先生成：python3 scripts/compose_secrets.py（写入 .env），再启动。", file=sys.stderr)
    if os.environ["GL_REALM"] == "demo":
        print("拒绝启动：演示账号的口令人人皆知。请在 .env 中设置 GL_REALM=office。", file=sys.stderr)
    return 1 if known or os.environ["GL_REALM"] == "demo" else 0


if __name__ == "__main__":
    sys.exit(main())
