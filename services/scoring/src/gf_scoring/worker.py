"""The worker of scoring: relay and consumers. ``python -m gf_scoring.worker``."""

from __future__ import annotations

from gf_chassis.worker import serve_worker
from gf_scoring.bootstrap import bootstrap
from gf_scoring.settings import Settings


def main() -> None:
    serve_worker(bootstrap(Settings.read()).runtime)


if __name__ == "__main__":
    main()
