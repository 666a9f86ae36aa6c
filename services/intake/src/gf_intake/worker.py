"""The worker of intake: relay, consumers, ticks. ``python -m gf_intake.worker``."""

from __future__ import annotations

from gf_chassis.worker import serve_worker
from gf_intake.bootstrap import bootstrap
from gf_intake.settings import Settings


def main() -> None:
    serve_worker(bootstrap(Settings.read()).runtime)


if __name__ == "__main__":
    main()
