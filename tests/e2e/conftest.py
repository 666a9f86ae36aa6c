"""The house in which whole journeys are made."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.house import Databases, House, open_house


@pytest.fixture
async def house(service_database: Databases, tmp_path: Path) -> AsyncIterator[House]:
    """The five services on the journal transport, at the demo's first morning."""
    async with open_house(service_database, tmp_path) as opened:
        yield opened
