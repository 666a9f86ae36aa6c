"""Each service's migrations and its table classes say the same thing."""

import pytest

from gf_chassis import migrate
from gf_standalone.postgres import Address

pytestmark = pytest.mark.db


@pytest.mark.parametrize("service", ["intake", "scoring", "review", "registry", "notify"])
async def test_migrations_match_the_tables(postgres: Address, service: str) -> None:
    await migrate.check(service, postgres.url("postgres"))
