"""The worker of scoring: relay and consumers. ``python -m gf_scoring.worker``."""

from __future__ import annotations

import asyncio

from gf_chassis.worker import run_worker
from gf_scoring.bootstrap import bootstrap
from gf_scoring.settings import Settings


def main() -> None:
    parts = bootstrap(Settings())
    asyncio.run(run_worker(parts.runtime))


if __name__ == "__main__":
    main()
