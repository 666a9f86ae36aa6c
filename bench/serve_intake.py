"""Our intake in a process of its own, as it is served everywhere; only the issuer's keys come from a file.

``python -m bench.serve_intake url port keys folder off|on``. With features "on": every log line (to nowhere), and every
request traced by a recording provider whose batches go nowhere either; without: errors only, no provider.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

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
    url, port, keys, evidence, features = sys.argv[1:6]
    settings = Settings(
        database_url=url, mode="compose", log_level="ERROR" if features == "off" else "INFO",
        evidence_url=evidence, issuer=ISSUER, pool_size=8,
    )  # fmt: skip
    if features == "on":
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - as long as the process lives
        _trace()
    document: dict[str, Any] = orjson.loads(Path(keys).read_bytes())

    async def fetch() -> dict[str, Any]:
        return document

    verifier = TokenVerifier(issuer=ISSUER, audience=settings.audience, keys=KeyCache(fetch))
    serve(create(bootstrap(settings, clock=clock()), verifier=verifier), host="127.0.0.1", port=int(port))


class _Nowhere(SpanExporter):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.SUCCESS


def _trace() -> None:
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(_Nowhere()))
    trace.set_tracer_provider(provider)


if __name__ == "__main__":
    main()
