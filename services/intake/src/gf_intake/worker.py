"""The worker of intake: relay, consumers, ticks."""

import asyncio

from gf_chassis.worker import run_worker
from gf_intake.bootstrap import bootstrap
from gf_intake.settings import Settings


def main() -> None:
    asyncio.run(run_worker(bootstrap(Settings()).runtime))


if __name__ == "__main__":
    main()
