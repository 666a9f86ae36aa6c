"""Plans over many sheets: neither a submission's sheets nor the average of a region read the sheets from end to end."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_scoring.adapters import moves
from gf_scoring.bootstrap import Bootstrap, bootstrap
from gf_scoring.settings import Settings
from greenladder.intake.v1.submissions_pb2 import SubmissionAdmitted
from services.scoring.tests.conftest import book
from tests.support import plans
from tests.support.crowd import scoring as crowd
from tests.support.postgres import DatabaseFactory

pytestmark = [pytest.mark.db, pytest.mark.timeout(900)]
#: `GF_PLAN_CASES=100000` for the size the numbers are promised for.
CASES = int(os.environ.get("GF_PLAN_CASES", "6000"))
LARGE = {"score_sheet", "case_view", "assessment"}
CAMPAIGN = UUID("01900000-0000-7000-8000-000000002025")
LIST = "national:miit:factory"
#: 8 kB pages of one statement. Every form of 30,000 units would be 20,000; a region needs its own units' alone.
MOST_BLOCKS = {"gd.guangzhou.huangpu": 1500, "cq": 20_000, "miit": 5000}


@pytest.fixture(scope="module")
async def filled(database_factory: DatabaseFactory) -> AsyncIterator[Bootstrap]:
    database = await database_factory("scoring")
    admitted = SubmissionAdmitted(submission_id=str(CAMPAIGN), campaign_id=str(CAMPAIGN))
    admitted.unit.unit_id, admitted.unit.uscc = str(CAMPAIGN), "91500112MA5U0A0A0X"
    form = admitted.SerializeToString()
    await crowd.fill(database_factory.address.url(database.name), CASES, form, os.urandom(1500))
    parts = bootstrap(Settings(database_url=database.app_url, mode="standalone", events="journal"), book=book())
    yield parts
    await parts.database.close()
    await database_factory.drop(database)


async def test_sheets_of_a_submission(filled: Bootstrap) -> None:
    async with filled.database.reading() as session:
        one = (
            await session.execute(text("select submission_id from score_sheet order by submission_id limit 1"))
        ).scalar_one()
    with plans.listening(filled.database.engine) as asked:
        found = await filled.find_sheets(Principal("r", roles=frozenset({"reviewer"}), authority="miit"), one)
    assert found.revisions
    assert await plans.scanned(filled.database.engine, asked, LARGE) == []
    assert max((await plans.blocks(filled.database.engine, asked)).values()) < 100


@pytest.mark.parametrize("authority", MOST_BLOCKS)
async def test_average_of_a_region(filled: Bootstrap, authority: str) -> None:
    with plans.listening(filled.database.engine) as asked:
        found = await filled.find_average(CAMPAIGN, "factory", authority, LIST)
    assert found.count > 0
    assert await plans.scanned(filled.database.engine, asked, LARGE) == []
    (statement,) = [one for one in asked if "score_sheet" in one]
    assert (await plans.blocks(filled.database.engine, asked))[statement] <= MOST_BLOCKS[authority]


class Explained:
    """A session that writes down the plans of the statements over a rescored population."""

    def __init__(self, session: Any) -> None:
        self.plans: list[str] = []
        self._session = session

    async def execute(self, statement: Any, asked: Any = None) -> Any:
        if "from rescored" in str(statement):
            found = await self._session.execute(text(f"explain {statement}"), asked)
            self.plans.append("\n".join(line for (line,) in found))
        return await self._session.execute(statement, asked)


async def test_a_second_run_is_not_looked_through_row_by_row(
    filled: Bootstrap, database_factory: DatabaseFactory
) -> None:
    """Its rows were written in minutes: what was counted last are the rows of former runs, of this one none."""
    name = filled.database.engine.url.database
    owner = await asyncpg.connect(database_factory.address.url(str(name)))
    try:
        await owner.execute("set session_replication_role = replica")
        await owner.execute(
            "insert into rescored (run_id, submission_id, sheet_number, unit_id, superior, key_industry, former, total)"
            " select $1, gen_random_uuid(), 1, gen_random_uuid(), 'cq', '', 50, 60 from generate_series(1, 5000)",
            new_id(),
        )
        await owner.execute("analyze rescored")
    finally:
        await owner.close()
    rules = filled.rankings.find("national/2025/n25", "factory")
    assert rules is not None
    async with filled.database.unit_of_work() as uow:
        session: Any = Explained(uow.session)
        await moves.find_moves(session, new_id(), rules, filled.book.authorities)
        await moves.report(session, new_id(), filled.book.authorities, {})
    assert len(session.plans) > 3
    assert not [plan for plan in session.plans if "Nested Loop" in plan]
