"""A migrated database per test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from services.registry.tests.db.support import Station, open_database


@pytest.fixture
async def station(service_database: Callable[..., Any]) -> AsyncIterator[Station]:
    database = open_database((await service_database("registry")).app_url)
    yield Station(database)
    await database.close()
