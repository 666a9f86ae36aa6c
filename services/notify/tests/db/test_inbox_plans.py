"""Plans over many notices: neither the inbox nor its counts read the notices from end to end."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from gf_chassis.identity import Principal
from gf_notify.bootstrap import Bootstrap, bootstrap
from gf_notify.settings import Settings
from gf_notify.usecases.read_inbox import COUNTED, count_inbox, mine, read_inbox
from tests.support import plans
from tests.support.crowd import notify as crowd
from tests.support.postgres import DatabaseFactory

pytestmark = [pytest.mark.db, pytest.mark.timeout(900)]
#: `GF_PLAN_CASES=100000` for the size the numbers are promised for.
CASES = int(os.environ.get("GF_PLAN_CASES", "6000"))
LARGE = {"notice", "reading", "unit", "seen_case"}
#: 8 kB pages that one statement may read, at any size.
MOST_BLOCKS = 25_000


@pytest.fixture(scope="module")
async def filled(database_factory: DatabaseFactory) -> AsyncIterator[Bootstrap]:
    database = await database_factory("notify")
    await crowd.fill(database_factory.address.url(database.name), CASES)
    parts = bootstrap(Settings(database_url=database.app_url, mode="standalone", events="journal"))
    yield parts
    await parts.runtime.database.close()
    await database_factory.drop(database)


def _official(authority: str, *roles: str, subject: str = "somebody") -> Principal:
    return Principal(subject, roles=frozenset(roles), authority=authority)


async def _org(parts: Bootstrap) -> str:
    from sqlalchemy import text

    async with parts.runtime.database.reading() as session:
        return str((await session.execute(text("select uscc from unit order by unit_id limit 1"))).scalar_one())


async def _people(parts: Bootstrap) -> list[Principal]:
    org = await _org(parts)
    return [
        _official("miit", "approver"),
        _official("miit", "reviewer"),
        _official("miit", "approver", subject="diligent"),
        # Nothing was ever told to this role: it must not look for it among the others' notices.
        _official("miit", "registrar"),
        _official("cq", "approver", "registrar", "steward"),
        _official("gd.guangzhou.huangpu", "reviewer"),
        Principal("applicant1", roles=frozenset({"applicant"}), org=org),
        Principal("both", roles=frozenset({"applicant", "approver"}), org=org, authority="miit"),
        Principal("nobody", roles=frozenset({"applicant"})),
    ]


async def test_inbox_and_counts(filled: Bootstrap) -> None:
    database = filled.runtime.database
    for person in await _people(filled):
        with plans.listening(database.engine) as asked:
            async with database.reading() as session:
                for unread in (False, True):
                    found = await read_inbox(session, person, unread=unread, after=None, limit=21)
                    if len(found) == 21:
                        await read_inbox(session, person, unread=unread, after=found[19].id, limit=21)
                await count_inbox(session, person)
        assert await plans.scanned(database.engine, asked, LARGE) == [], person
        assert max((await plans.blocks(database.engine, asked)).values(), default=0) <= MOST_BLOCKS, person


async def test_the_same_notices_as_looked_for_one_by_one(filled: Bootstrap) -> None:
    from sqlalchemy import select
    from sqlmodel import col

    from gf_notify.adapters.tables import NoticeRow

    for person in await _people(filled):
        async with filled.runtime.database.reading() as session:
            query = select(col(NoticeRow.id)).where(mine(person)).order_by(col(NoticeRow.id).desc()).limit(70)
            wanted = list((await session.execute(query)).scalars())
            shown = await read_inbox(session, person, unread=False, after=None, limit=30)
            if len(shown) == 30:
                shown += await read_inbox(session, person, unread=False, after=shown[-1].id, limit=40)
        assert [one.id for one in shown] == wanted, person


async def test_counts_end(filled: Bootstrap) -> None:
    async with filled.runtime.database.reading() as session:
        many = await count_inbox(session, _official("miit", "approver"))
        none = await count_inbox(session, _official("miit", "registrar"))
    assert many == {"total": COUNTED + 1, "unread": COUNTED + 1, "capped": True}
    assert none == {"total": 0, "unread": 0, "capped": False}
