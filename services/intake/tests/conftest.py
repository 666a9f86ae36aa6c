"""Fixtures of intake: the service on a real database, its API with known callers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import gf_policy

if TYPE_CHECKING:  # the whole service: only for tests that have a world
    from services.intake.tests.world import World


@cache
def _book() -> gf_policy.Book:
    return gf_policy.load()


@pytest.fixture
def book() -> gf_policy.Book:
    return _book()


@pytest.fixture
async def world(
    service_database: Callable[[str], Awaitable[Any]], tmp_path: Path, book: gf_policy.Book
) -> AsyncIterator[World]:
    from gf_intake.api import create
    from gf_intake.bootstrap import bootstrap
    from gf_intake.settings import Settings
    from services.intake.tests.samples import OPENING
    from services.intake.tests.world import Callers, World, clock_at

    database = await service_database("intake")
    settings = Settings(
        database_url=database.app_url,
        mode="standalone",
        events="journal",
        pool_size=12,
        evidence_url=str(tmp_path / "evidence"),
        evidence_max_bytes=64 * 1024,
        withdrawal_wait_seconds=0.3,
    )
    intake = bootstrap(settings, clock=clock_at(OPENING), book=book)
    callers = Callers()
    app = create(intake, verifier=callers)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        yield World(intake, http, callers, tmp_path / "evidence", app)
    await intake.submit_for_partner.batcher.close()
    await intake.database.close()
