"""The worker of review: relay, consumers, and the tick that ends publicities. ``python -m gf_review.worker``."""

from __future__ import annotations

from gf_chassis.worker import serve_worker
from gf_review.bootstrap import bootstrap


def main() -> None:
    serve_worker(bootstrap().runtime)


if __name__ == "__main__":
    main()
