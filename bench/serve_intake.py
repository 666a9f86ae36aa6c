"""Our intake in a process of its own, as it is served everywhere; only the issuer's keys come from a file."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from gf_chassis.clock import Clock
from gf_chassis.identity import KeyCache, TokenVerifier
from gf_chassis.serve import serve
from gf_intake.api import create
from gf_intake.bootstrap import bootstrap
from gf_intake.settings import Settings

#: Within the windows of the campaign.
OPENING = datetime(2025, 10, 20, 2, 0, tzinfo=UTC)
ISSUER = "http://127.0.0.1/bench"


def clock() -> Clock:
    return Clock(OPENING - datetime.now(UTC))


def main() -> None:
    url, port, keys, evidence = sys.argv[1:5]
    settings = Settings(
        database_url=url, mode="compose", log_level="ERROR", evidence_url=evidence, issuer=ISSUER, pool_size=8
    )
    document: dict[str, Any] = orjson.loads(Path(keys).read_bytes())

    async def fetch() -> dict[str, Any]:
        return document

    verifier = TokenVerifier(issuer=ISSUER, audience=settings.audience, keys=KeyCache(fetch))
    serve(create(bootstrap(settings, clock=clock()), verifier=verifier), host="127.0.0.1", port=int(port))


if __name__ == "__main__":
    main()
