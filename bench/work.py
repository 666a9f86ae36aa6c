"""A worker of the chain in a process of its own: ``python -m bench.work intake|scoring url broker [group parts]``."""

from __future__ import annotations

import sys
from dataclasses import replace

from bench.serve_intake import clock
from gf_chassis.worker import serve_worker
from gf_intake import bootstrap as intake
from gf_intake.settings import Settings as IntakeSettings
from gf_scoring import bootstrap as scoring
from gf_scoring.settings import Settings as ScoringSettings


def main() -> None:
    service, url, broker, *group = sys.argv[1:]
    if service == "intake":
        settings = IntakeSettings(database_url=url, kafka_bootstrap=broker, log_level="ERROR")
        # By the clock of the campaign, or it would be closed at once.
        runtime = intake.bootstrap(settings, clock=clock()).runtime
    else:
        named, parts = group or ("", "")
        runtime = scoring.bootstrap(
            ScoringSettings(database_url=url, kafka_bootstrap=broker, log_level="ERROR", worker_parts=parts)
        ).runtime
        if named:
            runtime.subscriptions = [replace(runtime.subscriptions[0], group=named)]
    serve_worker(runtime)


if __name__ == "__main__":
    main()
