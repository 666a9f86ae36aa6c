"""From events to the inbox: on a real database, through the real handlers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import text

from gf_chassis.events import Event
from gf_chassis.identity import InvalidToken, Principal
from gf_notify.api import create
from gf_notify.bootstrap import Bootstrap, bootstrap
from gf_notify.settings import Settings
from greenladder.common.v1 import common_pb2
from greenladder.intake.v1 import submissions_pb2, units_pb2
from greenladder.registry.v1 import standings_pb2
from greenladder.review.v1 import cases_pb2, publicities_pb2

pytestmark = pytest.mark.db
USCC, OTHER = "91500112MA5U1AAA1X", "91440101MA9W2BBB2Y"


class FakeVerifier:
    """Tokens are written `roles@authority` or `applicant@@code`."""

    async def verify(self, token: str) -> Principal:
        roles, _, rest = token.partition("@")
        if not rest:
            raise InvalidToken(token)
        authority, _, org = rest.partition("@")
        return Principal(token, token, frozenset(roles.split("+")), authority, org, "test", 4_000_000_000)


class World:
    def __init__(self, b: Bootstrap, client: httpx.AsyncClient) -> None:
        self.b = b
        self.client = client
        self.unit, self.submission = str(uuid4()), str(uuid4())
        self.numbers: dict[tuple[str, str], int] = {}

    async def hear(self, topic: str, key: str, message: Message, *, again: bool = False) -> None:
        """As the runner would: the handler's effects and their commit. ``again``: the last number once more."""
        number = self.numbers.get((topic, key), 0) + (not again)
        self.numbers[topic, key] = number
        kind = type(message)
        event = Event(topic, key, number, message.DESCRIPTOR.full_name, f"{key}:{number}", datetime.now(UTC), message)
        for one in self.b.runtime.subscriptions:
            if topic in one.topics and kind in one.handlers:
                async with self.b.runtime.database.unit_of_work() as uow:
                    await one.handlers[kind](uow, event)
                    await uow.commit()

    async def unit_known(self) -> None:
        unit = common_pb2.UnitSnapshot(
            unit_id=self.unit, profile_version=1, category="factory", uscc=USCC, name="渝北示例制造有限公司",
            region="500112", superior_authority="cq.yubei",
        )  # fmt: skip
        changed = units_pb2.UnitChanged(unit=unit, state=units_pb2.UNIT_STATE_ACTIVE)
        await self.hear("intake.units", self.unit, changed)

    async def progressed(self, *states: cases_pb2.StageState) -> None:
        stages = [
            cases_pb2.Stage(stage_no=n, authority=authority, state=state)
            for n, (authority, state) in enumerate(zip(("cq.yubei", "cq", "miit"), states, strict=True), start=1)
        ]
        case = cases_pb2.CaseProgressed(
            submission_id=self.submission, round=1, state=cases_pb2.CASE_STATE_OPEN, stages=stages, unit_id=self.unit
        )
        await self.hear("review.cases", self.submission, case)

    async def inbox(self, token: str, query: str = "") -> list[dict[str, Any]]:
        answer = await self.client.get(f"/notify/v1/inbox{query}", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


@pytest.fixture
async def world(service_database: Callable[..., Any]) -> AsyncIterator[World]:
    url = (await service_database("notify")).app_url
    b = bootstrap(Settings(database_url=url, mode="standalone", events="journal"))
    app = create(b, verifier=FakeVerifier())  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield World(b, client)
    await b.runtime.database.close()


APPLICANT, STRANGER = f"applicant@@{USCC}", f"applicant@@{OTHER}"
S = cases_pb2.StageState


@pytest.mark.rule("ntf")
async def test_applicant_and_authorities_are_told_and_nobody_else(world: World) -> None:
    await world.unit_known()
    at = Timestamp()
    at.FromDatetime(datetime(2025, 10, 20, 1, 0, tzinfo=UTC))
    admitted = submissions_pb2.SubmissionAdmitted(
        submission_id=world.submission, round=1, unit=common_pb2.UnitSnapshot(unit_id=world.unit), admitted_at=at,
        number="GCSB-2025-CQ-ABCDEFGH",
    )  # fmt: skip
    await world.hear("intake.submissions", world.submission, admitted)
    await world.progressed(S.STAGE_STATE_IN_REVIEW, S.STAGE_STATE_NOT_STARTED, S.STAGE_STATE_NOT_STARTED)
    await world.progressed(S.STAGE_STATE_PASSED, S.STAGE_STATE_IN_REVIEW, S.STAGE_STATE_NOT_STARTED)

    mine = await world.inbox(APPLICANT)
    assert [n["template"] for n in mine] == ["passed_on", "received"]
    assert "2025年10月20日 09:00" in mine[1]["body"]  # Asia/Shanghai, not UTC
    assert mine[0]["unit_name"] == "渝北示例制造有限公司"
    assert [n["template"] for n in await world.inbox("approver@cq.yubei")] == ["to_review"]
    assert [n["template"] for n in await world.inbox("reviewer@cq")] == ["to_review"]
    for stranger in (STRANGER, "reviewer@gd", "reviewer@miit", "registrar@cq", "applicant@@"):
        assert await world.inbox(stranger) == [], stranger


async def test_an_event_that_comes_again_says_nothing_again(world: World) -> None:
    await world.unit_known()
    bar = standings_pb2.BarChanged(
        unit_id=world.unit, bar_id=str(uuid4()), state=standings_pb2.BAR_STATE_IN_FORCE, ground="fraud",
        article="GD 第二十二条", reason="材料造假", **{"from": "2025-10-21"}, until="2028-10-21",
    )  # fmt: skip
    await world.hear("registry.standings", world.unit, bar)
    await world.hear("registry.standings", world.unit, bar, again=True)
    barred = [n for n in await world.inbox(APPLICANT) if n["template"] == "barred"]
    assert len(barred) == 1
    assert "至 2028-10-20 止" in barred[0]["body"]
    assert [n["template"] for n in await world.inbox("reviewer@cq.yubei")] == ["authority_barred"]
    async with world.b.runtime.database.reading() as session:
        lines = (await session.execute(text("select count(*) from journal where type = 'NoticeRaised'"))).scalar_one()
    assert lines == 2


async def test_a_notice_waits_for_the_address_not_the_other_way_round(world: World) -> None:
    """The unit may become known after the notice: then it appears in the inbox of its people."""
    listed = standings_pb2.MembershipChanged(
        unit_id=world.unit, membership_id=str(uuid4()), list_id="national:miit:factory", effective="2026-01-15",
        state=standings_pb2.MEMBERSHIP_STATE_LISTED, name_as_listed="渝北示例制造有限公司", category="factory",
    )  # fmt: skip
    await world.hear("registry.standings", world.unit, listed)
    assert await world.inbox(APPLICANT) == []
    await world.unit_known()
    (notice,) = await world.inbox(APPLICANT)
    assert notice["template"] == "listed"
    assert "国家级绿色工厂名单" in notice["body"]


async def test_a_listing_is_told_once_with_its_date(world: World) -> None:
    """registry says twice that a unit is listed: when it is decided, and when an edition puts it in force."""
    await world.unit_known()
    for effective in ("", "2026-01-15"):
        listed = standings_pb2.MembershipChanged(
            unit_id=world.unit, membership_id=str(uuid4()), list_id="national:miit:factory", effective=effective,
            state=standings_pb2.MEMBERSHIP_STATE_LISTED, name_as_listed="渝北示例制造有限公司", category="factory",
        )  # fmt: skip
        await world.hear("registry.standings", world.unit, listed)
    (notice,) = await world.inbox(APPLICANT)
    assert "自 2026-01-15 起生效" in notice["body"]


async def test_reading_is_per_person_and_only_for_one_s_own(world: World) -> None:
    await world.unit_known()
    await world.progressed(S.STAGE_STATE_IN_REVIEW, S.STAGE_STATE_NOT_STARTED, S.STAGE_STATE_NOT_STARTED)
    (notice,) = await world.inbox("reviewer@cq.yubei")
    path = f"/notify/v1/inbox/{notice['id']}/read"

    async def mark(token: str) -> int:
        return (await world.client.post(path, headers={"Authorization": f"Bearer {token}"})).status_code

    assert await mark("reviewer@gd") == 404
    assert await mark(STRANGER) == 404
    assert await mark("reviewer@cq.yubei") == 204
    assert await mark("reviewer@cq.yubei") == 204
    assert await world.inbox("reviewer@cq.yubei", "?unread=true") == []
    # Another person of the same authority has not read it.
    assert len(await world.inbox("approver@cq.yubei", "?unread=true")) == 1


async def test_pages_of_the_inbox_follow_each_other_without_gap(world: World) -> None:
    await world.unit_known()
    for day in range(1, 6):
        obligation = standings_pb2.ObligationChanged(
            unit_id=world.unit, obligation_id=str(uuid4()), year=2020 + day, kind="dynamic_form", due="2026-04-15",
            state=standings_pb2.OBLIGATION_STATE_OPEN,
        )  # fmt: skip
        await world.hear("registry.standings", world.unit, obligation)
    seen: list[str] = []
    cursor = ""
    while True:
        query = f"?limit=2{cursor}"
        answer = (
            await world.client.get(f"/notify/v1/inbox{query}", headers={"Authorization": f"Bearer {APPLICANT}"})
        ).json()
        seen += [n["id"] for n in answer["items"]]
        if not answer["next"]:
            break
        cursor = f"&cursor={answer['next']}"
    assert len(seen) == len(set(seen)) == 5


async def test_return_and_closing_reach_the_unit_of_the_case(world: World) -> None:
    await world.unit_known()
    await world.progressed(S.STAGE_STATE_IN_REVIEW, S.STAGE_STATE_NOT_STARTED, S.STAGE_STATE_NOT_STARTED)
    until = Timestamp()
    until.FromDatetime(datetime(2025, 10, 30, 16, 0, tzinfo=UTC))
    returned = cases_pb2.CaseReturned(
        submission_id=world.submission, round=1, stage_no=1, reason="能源数据与报表不一致", term_ends_at=until,
        findings=[common_pb2.Finding(item="accurate", pointer="/values/3/value", ok=False, note="请核对 205-1 表")],
    )  # fmt: skip
    await world.hear("review.cases", world.submission, returned)
    (notice,) = await world.inbox(APPLICANT)
    assert notice["template"] == "returned"
    assert "填报内容：请核对 205-1 表" in notice["body"]
    assert "更正期限至 2025年10月30日（当日有效）" in notice["body"]


@pytest.mark.rule("ntf", "GD-13-publicity")
async def test_a_publicity_names_its_list_and_its_last_day(world: World) -> None:
    await world.unit_known()
    until = Timestamp()
    until.FromDatetime(datetime(2025, 11, 30, 16, 0, tzinfo=UTC))
    entry = publicities_pb2.Entry(
        submission_id=world.submission, unit_id=world.unit, state=publicities_pb2.ENTRY_STATE_CLEAR
    )
    opened = publicities_pb2.PublicityChanged(
        publicity_id=str(uuid4()), list_id="national:miit:factory", state=publicities_pb2.PUBLICITY_STATE_OPEN,
        until=until, entries=[entry],
    )  # fmt: skip
    await world.hear("review.publicities", opened.publicity_id, opened)
    (notice,) = await world.inbox(APPLICANT)
    assert "国家级绿色工厂名单" in notice["body"]
    assert "公示期至 2025年11月30日（当日有效）。" in notice["body"]


@pytest.mark.rule("ntf", "return")
async def test_an_end_by_time_says_so(world: World) -> None:
    await world.unit_known()
    ended = cases_pb2.CaseClosed(
        submission_id=world.submission, round=2, outcome=cases_pb2.CASE_OUTCOME_DROPPED, ground="term_over",
        unit_id=world.unit,
    )  # fmt: skip
    await world.hear("review.cases", world.submission, ended)
    (notice,) = await world.inbox(APPLICANT)
    assert "更正期限已过，未重新上报" in notice["body"]
