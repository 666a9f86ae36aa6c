"""The worker of notify: consumers. ``python -m gf_notify.worker``."""

from __future__ import annotations

from gf_chassis.worker import serve_worker
from gf_notify.bootstrap import bootstrap
from gf_notify.settings import Settings


def main() -> None:
    serve_worker(bootstrap(Settings.read()).runtime)


if __name__ == "__main__":
    main()
