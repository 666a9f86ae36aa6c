"""Health (存活), readiness (就绪) and metrics of a service."""

from __future__ import annotations

import asyncio
import functools
from typing import Any

from fastapi import APIRouter, FastAPI, Response
from sqlalchemy import text

from gf_chassis import json, metrics
from gf_chassis.metrics import METRICS
from gf_chassis.progress import watch
from gf_chassis.runtime import ServiceRuntime

_CHECK_SECONDS = 2.0
#: Readiness fails after ``stuck_after_seconds``; a loop that gives no sign for so many times as long is ended.
HUNG_FACTOR = 3


def health_router(service: str, runtime: ServiceRuntime) -> APIRouter:
    router = APIRouter(prefix=f"/{service}", include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> Response:
        hung = watch(service).hung(HUNG_FACTOR * runtime.settings.stuck_after_seconds)
        return _answer(503 if hung else 200, {"status": "hung" if hung else "ok", "service": service, "parts": hung})

    @router.get("/readyz")
    async def readyz() -> Response:
        checks = await readiness(runtime)
        ready = not any(checks.values())
        return _answer(200 if ready else 503, {"ready": ready, "checks": {k: v or "ok" for k, v in checks.items()}})

    @router.get("/metrics")
    async def prometheus() -> Response:
        if runtime.database is not None:
            METRICS.pool_in_use.labels(service).set(runtime.database.in_use)
            METRICS.pool_size.labels(service).set(runtime.settings.pool_size)
        body, media_type = metrics.exposition()
        return Response(body, headers={"Content-Type": media_type})

    return router


def health_app(service: str, runtime: ServiceRuntime) -> FastAPI:
    """Health alone, for the process of a worker."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(health_router(service, runtime))
    return app


async def readiness(runtime: ServiceRuntime) -> dict[str, str]:
    """What is checked → what is wrong with it; empty where nothing is."""
    checks = {"draining": "shutting down" if runtime.draining else ""}
    if runtime.draining:
        return checks
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            checks["database"], checks["migrations"] = await _database(runtime)
    except Exception as error:
        # Whatever is wrong, the answer is "not ready"; the name of the error suffices here.
        checks["database"] = type(error).__name__
    troubles = watch(runtime.name).problems(runtime.settings.stuck_after_seconds)
    checks["readers"] = "; ".join(f"{part}: {trouble}" for part, trouble in troubles.items())
    return checks


async def _database(runtime: ServiceRuntime) -> tuple[str, str]:
    async with runtime.database.reading() as session:
        await session.execute(text("select 1"))
        present = (await session.execute(text("select to_regclass('alembic_version') is not null"))).scalar_one()
        if not present:
            return "", "not migrated"
        rows = (await session.execute(text("select version_num from alembic_version"))).scalars().all()
    heads, known = await asyncio.to_thread(_revisions, runtime.package)
    # A revision that this build does not know is newer: migrations only add, so a release before it goes on serving
    # while the next one is rolled out.
    behind = bool(heads) and set(rows) <= known and set(rows) != set(heads)
    return "", f"at {', '.join(rows) or 'nothing'}, needs {', '.join(heads)}" if behind else ""


@functools.cache
def _revisions(package: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """The newest revisions of the package's migrations, and all of them."""
    from alembic.script import ScriptDirectory

    from gf_chassis.migrate import versions_of

    folder = versions_of(package)
    if not folder.is_dir():
        return (), frozenset()
    scripts = ScriptDirectory(str(folder.parent), version_locations=[str(folder)])
    return tuple(scripts.get_heads()), frozenset(script.revision for script in scripts.walk_revisions())


def _answer(status: int, body: dict[str, Any]) -> Response:
    return Response(json.dumps(body), status, media_type="application/json")
