"""The registry's worker: relay, subscriptions, and bars that expire."""

from __future__ import annotations

import asyncio

from gf_chassis.worker import run_worker
from gf_registry.bootstrap import bootstrap
from gf_registry.settings import Settings


def main() -> None:
    asyncio.run(run_worker(bootstrap(Settings()).runtime))


if __name__ == "__main__":
    main()
