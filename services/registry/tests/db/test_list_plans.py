"""Plans over many listed units: no page, list or count reads a large table from end to end."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from gf_chassis.clock import Clock
from gf_chassis.journal import Actor
from gf_registry.adapters.repository import Repository
from gf_registry.api import create
from gf_registry.bootstrap import Bootstrap, bootstrap
from gf_registry.domain.memberships import ChangeKind
from gf_registry.settings import Settings
from services.registry.tests.db.support import NATIONAL, FakeLaw
from services.registry.tests.db.test_editions import EFFECTS
from services.registry.tests.http.browser import cookie
from services.registry.tests.http.test_http import FakeVerifier
from tests.support import plans
from tests.support.crowd import registry as crowd
from tests.support.postgres import DatabaseFactory

pytestmark = [pytest.mark.db, pytest.mark.timeout(900)]
#: `GF_PLAN_UNITS=30000` for the size the numbers are promised for.
UNITS = int(os.environ.get("GF_PLAN_UNITS", "6000"))
LARGE = {
    "list_effect", "membership", "membership_change", "edition_change", "unit_profile", "standing", "obligation",
    "submission", "ranking_place", "journal",
}  # fmt: skip
#: A list of one province and the national one are a part of what there is: the other provinces' and cities' lists.
_OTHERS = """
with others as (
  insert into membership (id, unit_id, list_id, state, name, region, industry, year, effective)
  select gen_random_uuid(), gen_random_uuid(), 'city:c' || n % 300 || ':factory', 'listed', '厂' || n, '330100', '3411',
    2024, date '2024-12-01' from generate_series(1, $1) n returning *)
insert into list_effect (change_id, list_id, membership_id, unit_id, position, kind, effective, known, known_at, name,
  region, industry, year)
select gen_random_uuid(), list_id, id, unit_id, 1, 'listed', effective, 1, now(), name, region, industry, year
from others"""
PUBLIC = [
    "/v1/public/lists",
    "/v1/public/statistics?authority=cq&on=2024-06-01",
    "/ui/",
    f"/ui/lists/{NATIONAL}?on=2024-06-01",
    *(
        f"/v1/public/lists/{NATIONAL}{query}"
        for query in (
            "", "?on=2024-06-01", "?on=2024-06-01&known_at=9000", "?on=2024-06-01&known_at=2024-06-01T00:00:00Z",
            "?on=2024-06-01&q=绿源", "?q=有限公司", "?region=44&year=2024", "?q=没有这样的单位", "?q=LTD", "/editions",
        )
    ),
]  # fmt: skip
SIGNED_IN = [
    f"/v1/lists/{NATIONAL}/attention", f"/v1/lists/{NATIONAL}/attention?limit=2&cursor=WzUwMCwiMDAwMDAwMDAtMDAwMC0wMDA"
    "wLTAwMDAtMDAwMDAwMDAwMDAwIl0", f"/ui/lists/{NATIONAL}/dynamic", "/ui/dynamic", "/ui/desk",
    "/v1/lists/provincial:gd:factory/pending", "/ui/lists/provincial:gd:factory/edition",
]  # fmt: skip


@pytest.fixture(scope="module")
async def filled(database_factory: DatabaseFactory) -> AsyncIterator[tuple[Bootstrap, httpx.AsyncClient, str]]:
    database = await database_factory("registry")
    url = database_factory.address.url(database.name)
    await crowd.fill(url, UNITS, UNITS)
    connection = await asyncpg.connect(url)
    await connection.execute(_OTHERS.replace("$1", str(UNITS * 4)))
    await connection.execute("vacuum analyze")
    await connection.close()
    settings = Settings(database_url=database.app_url, mode="standalone", events="journal", log_level="ERROR")
    clock = Clock(datetime(2025, 12, 20, 2, tzinfo=UTC) - datetime.now(UTC))
    parts = bootstrap(settings, clock=clock, law=FakeLaw())
    app = create(parts, verifier=FakeVerifier())  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", timeout=60) as client:
        yield parts, client, cookie(app, "registrar@gd")
    await parts.runtime.database.close()
    await database_factory.drop(database)


@pytest.mark.rule("reg-lists", "DM-A1")
@pytest.mark.parametrize("address", PUBLIC + SIGNED_IN)
async def test_no_large_table_is_read_through(filled: tuple[Bootstrap, httpx.AsyncClient, str], address: str) -> None:
    parts, client, session = filled
    headers = {"Cookie": session, "Authorization": "Bearer registrar@gd"} if address in SIGNED_IN else {}
    engine = parts.runtime.database.engine
    with plans.listening(engine) as asked:
        answer = await client.get(f"/registry{address}", headers=headers)
    assert answer.status_code == 200, answer.text
    assert asked
    # Whoever is warned is a tenth of a list; their memberships may be cheaper to read together.
    large = LARGE - {"membership"} if address in SIGNED_IN else LARGE
    assert [table for table, _ in await plans.scanned(engine, asked, large)] == []


async def test_a_page_of_a_past_date_reads_a_page(filled: tuple[Bootstrap, httpx.AsyncClient, str]) -> None:
    """Fifty lines cost some hundred blocks, however long the list and its history are."""
    parts, client, _ = filled
    with plans.listening(parts.runtime.database.engine) as asked:
        await client.get(f"/registry/v1/public/lists/{NATIONAL}?on=2024-06-01")
    (page,) = [one for one in asked if "limit" in one and "list_effect" in one]
    engine = parts.runtime.database.engine
    assert (await plans.blocks(engine, {page: asked[page]}))[page] < 600
    # In the order of the index: nothing is sorted but the page itself.
    assert "ix_list_effect_page" in str(await plans._plans(engine, {page: asked[page]}, "format json"))


async def test_one_decision_reads_one_unit(filled: tuple[Bootstrap, httpx.AsyncClient, str]) -> None:
    """However much waits for the edition, whether the same is among it costs some blocks."""
    parts, _, _ = filled
    database = parts.runtime.database
    found = "select unit_id, id from membership where list_id = 'provincial:gd:factory' order by id limit 1"
    async with database.unit_of_work(Actor("x", "gd")) as uow:
        repo = Repository(uow)
        unit_id, membership_id = (await repo.session.execute(text(found))).one()
        standing = await repo.lock_standing(unit_id)
        membership = next(m for m in standing.memberships if m.id == membership_id)
        with plans.listening(database.engine) as asked:
            assert await repo.is_pending(membership, ChangeKind.LISTED)
            assert not await repo.is_pending(membership, ChangeKind.REMOVED)
    assert max((await plans.blocks(database.engine, asked)).values()) < 30


async def test_the_same_lines_as_the_changes_give(filled: tuple[Bootstrap, httpx.AsyncClient, str]) -> None:
    """The triggers' table against the changes and editions themselves, over the whole crowd."""
    parts, _, _ = filled
    sql = (
        f"select count(*) from (({EFFECTS}) c full join list_effect l on l.change_id = c.id)"
        " where l.list_id = :list and (c.id is null or c.eff <> l.effective or c.known <> l.known or c.name <> l.name)"
    )
    async with parts.runtime.database.reading() as session:
        total = await session.execute(text("select count(*) from list_effect where list_id = :l"), {"l": str(NATIONAL)})
        assert total.scalar_one() > UNITS / 2
        wrong = await session.execute(text(sql), {"list": str(NATIONAL)})
        assert wrong.scalar_one() == 0
