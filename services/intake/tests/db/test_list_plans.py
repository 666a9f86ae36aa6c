"""Plans over many submissions: no list, search or form reads the submissions, rounds, stages or forms end to end."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

import gf_policy
from gf_chassis.database import Database
from gf_chassis.identity import Principal
from gf_intake.bootstrap import Bootstrap, bootstrap
from gf_intake.settings import Settings
from gf_intake.usecases import read_submissions, read_units
from tests.support import plans
from tests.support.crowd import intake as crowd
from tests.support.postgres import DatabaseFactory

pytestmark = [pytest.mark.db, pytest.mark.timeout(1800)]
#: `GF_PLAN_CASES=500000` for the size the numbers are promised for.
CASES = int(os.environ.get("GF_PLAN_CASES", "6000"))
LARGE = {
    "submission", "submission_round", "form_version", "case_stage", "case_progress", "journal", "unit", "unit_profile",
    "evidence", "attachment",
}  # fmt: skip
#: 8 kB pages of one statement, at any size.
MOST_BLOCKS = 50_000
FIRST, LAST = (UUID(f"01900000-0000-7000-8000-00000000{year}") for year in (2021, 2025))


@pytest.fixture(scope="module")
async def filled(
    database_factory: DatabaseFactory, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bootstrap]:
    database = await database_factory("intake")
    await crowd.fill(database_factory.address.url(database.name), CASES)
    folder = str(tmp_path_factory.mktemp("evidence"))
    settings = Settings(database_url=database.app_url, mode="standalone", events="journal", evidence_url=folder)
    intake = bootstrap(settings, book=gf_policy.load())
    yield intake
    await intake.database.close()
    await database_factory.drop(database)


async def _one(database: Database, sql: str) -> Any:
    async with database.reading() as session:
        return (await session.execute(text(sql))).one()


async def _people(database: Database) -> list[Principal]:
    unit = await _one(database, "select uscc, superior from unit order by id limit 1")
    official = frozenset({"reviewer", "approver"})
    partner = frozenset({"partner"})
    return [
        Principal("a", roles=frozenset({"applicant"}), org=unit.uscc),
        *(Principal("o", roles=official, authority=one) for one in ("miit", "cq", "gd", "gd.guangzhou.huangpu")),
        *(Principal("p", roles=partner, authority=one) for one in ("cq", "gd", "gd.guangzhou.huangpu", "hk")),
        Principal("both", roles=official | partner, authority="cq"),
        Principal("both", roles=official | {"applicant"}, authority="gd.guangzhou.huangpu", org=unit.uscc),
        Principal("n", roles=frozenset({"applicant"})),
    ]


async def _list(session: Any, person: Principal, intake: Bootstrap, cursor: str | None = None, **wanted: Any) -> Any:
    asked = {"campaign_id": None, "unit_id": None, "state": None, "number": None} | wanted
    return await read_submissions.list_submissions(session, person, intake.policies, limit=20, cursor=cursor, **asked)


#: The units of any area are few; they are many.
BOTH_WAYS = pytest.mark.parametrize("few_units", [read_submissions.FEW_UNITS, 3])


@BOTH_WAYS
async def test_every_list_with_every_filter(filled: Bootstrap, few_units: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_submissions, "FEW_UNITS", few_units)
    database = filled.database
    some = await _one(database, "select number, unit_id from submission where state = 'closed' order by id limit 1")
    states = ("draft", "verified", "submitted", "withdrawing", "closed", "dropped", "no-such-state")
    filters: list[dict[str, Any]] = [
        {},
        {"number": some.number},
        {"number": "没有这样的编号"},
        {"unit_id": some.unit_id},
        *({"campaign_id": campaign} for campaign in (FIRST, LAST)),
        *({"state": state} for state in states),
        {"campaign_id": FIRST, "state": "withdrawing"},
    ]
    for person in await _people(database):
        for wanted in filters:
            with plans.listening(database.engine) as asked:
                async with database.reading() as session:
                    page = await _list(session, person, filled, **wanted)
                    if page["next"]:
                        await _list(session, person, filled, page["next"], **wanted)
            assert await plans.scanned(database.engine, asked, LARGE) == [], (person, wanted)
            worst = max((await plans.blocks(database.engine, asked)).values(), default=0)
            assert worst <= MOST_BLOCKS, (person, wanted)


async def test_units_and_one_form(filled: Bootstrap) -> None:
    database = filled.database
    one = (await _one(database, "select id from submission where state = 'submitted' order by id limit 1")).id
    miit = Principal("o", roles=frozenset({"reviewer"}), authority="miit")
    with plans.listening(database.engine) as asked:
        async with database.reading() as session:
            for person in await _people(database):
                await read_units.list_units(
                    session, person, filled.policies, limit=20, cursor=None, uscc=None, category=None
                )
            await read_submissions.read_submission(session, miit, filled.policies, one)
            await read_submissions.list_versions(session, miit, filled.policies, one)
            await read_submissions.submission_history(session, miit, filled.policies, one)
    assert await plans.scanned(database.engine, asked, LARGE) == []
    assert max((await plans.blocks(database.engine, asked)).values()) <= MOST_BLOCKS


_IN_SIGHT = """
  select s.id from submission s join unit u on u.id = s.unit_id where s.state <> 'deleted' and (
    (:applicant and u.uscc = :org) or (:partner and u.superior = any(:area)) or (:official and exists (
      select 1 from case_stage g where g.submission_id = s.id and g.authority = :authority
        and g.state <> 'not_applicable' and (g.round = s.round
          or (g.round >= s.route_since and g.state in ('passed', 'returned', 'refused'))))))
    and (cast(:state as text) is null or s.state = :state)
    and (cast(:campaign as uuid) is null or s.campaign_id = :campaign) order by s.id desc limit 40"""


@BOTH_WAYS
async def test_the_same_submissions_as_looked_for_one_by_one(
    filled: Bootstrap, few_units: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_submissions, "FEW_UNITS", few_units)
    for person in await _people(filled.database):
        for state, campaign in ((None, None), (None, FIRST), ("draft", None), ("closed", LAST)):
            asked = {
                "applicant": person.has("applicant") and bool(person.org), "org": person.org,
                "partner": person.has("partner"), "area": sorted(filled.policies.area(person.authority)),
                "official": person.has("reviewer"), "authority": person.authority, "state": state,
                "campaign": campaign,
            }  # fmt: skip
            async with filled.database.reading() as session:
                wanted = [str(one) for one in (await session.execute(text(_IN_SIGHT), asked)).scalars()]
                page = await _list(session, person, filled, state=state, campaign_id=campaign)
                shown = page["items"]
                if page["next"]:
                    more = await _list(session, person, filled, page["next"], state=state, campaign_id=campaign)
                    shown = shown + more["items"]
            assert [str(one["id"]) for one in shown] == wanted, (person, state, campaign)
