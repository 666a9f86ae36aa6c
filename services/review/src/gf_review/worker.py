"""The worker of review: relay, consumers, and the tick that ends publicities."""

from __future__ import annotations

import asyncio

from gf_chassis.worker import run_worker
from gf_review.bootstrap import bootstrap


async def run() -> None:
    review = bootstrap()
    try:
        await run_worker(review.runtime)
    finally:
        await review.runtime.database.close()


def main() -> None:
    asyncio.run(run())


if __name__ == "__main__":
    main()
