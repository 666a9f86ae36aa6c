"""The worker of the registry: relay, consumers, and bars that expire. ``python -m gf_registry.worker``."""

from __future__ import annotations

from gf_chassis.worker import serve_worker
from gf_registry.bootstrap import bootstrap
from gf_registry.settings import Settings


def main() -> None:
    serve_worker(bootstrap(Settings.read()).runtime)


if __name__ == "__main__":
    main()
