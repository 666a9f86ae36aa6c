"""A review service on a database of its own, with hand-made routes: what tests of use cases and HTTP stand on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from sqlalchemy import text

from gf_chassis.clock import Clock
from gf_chassis.consumer import Event
from gf_chassis.identity import InvalidToken, Principal, TokenVerifier
from gf_policy.model import Source
from gf_policy.preferences import Preference
from gf_review.adapters.policy import FormLabels, Policies
from gf_review.api import create
from gf_review.bootstrap import Bootstrap, bootstrap
from gf_review.domain.decisions import Seen
from gf_review.domain.route import GuardPlan, Route
from gf_review.settings import Settings
from greenladder.common.v1 import common_pb2
from greenladder.intake.v1 import campaigns_pb2, submissions_pb2
from greenladder.registry.v1 import standings_pb2
from greenladder.scoring.v1 import rankings_pb2, sheets_pb2
from services.review.tests.builders import COUNTY, NOW, group_route, route

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
#: A base policy of a province that grades.
PROVINCIAL = "province/rules"
CAMPAIGN = "0198f000-0000-7000-8000-00000000c025"


class FakePolicies(Policies):
    """Routes by superior authority; the calendar knows weekends only."""

    def __init__(self, routes: dict[str, Route] | None = None) -> None:
        self.routes = {COUNTY: route(), "group.cnbm": group_route(), **(routes or {})}

    def route(self, base_id: str, *, superior: str, **_: Any) -> Route:
        return self.routes[superior]

    @property
    def grading(self) -> dict[str, GuardPlan]:  # type: ignore[override]
        params = {"policy": PROVINCIAL, "minimum": "B", "title": "实施细则"}
        return {PROVINCIAL: GuardPlan("provincial_grade", params, "GD-14", "GD 第十四条")}

    def department(self, code: str) -> str:
        return code

    def authority_name(self, authority_id: str) -> str:
        return f"机关 {authority_id}" if authority_id else ""

    def chain(self, authority_id: str) -> tuple[str, ...]:
        parts = authority_id.split(".")
        return (*(".".join(parts[:n]) for n in range(len(parts), 0, -1)), "miit")

    def key_industry_name(self, code: str) -> str:
        return code

    def key_industries(self) -> list[tuple[str, str]]:
        return [("k1", "汽车")]

    def industry_tables(self, base_id: str, category: str) -> list[tuple[str, str]]:
        return [("general", "通则"), ("cement", "水泥"), ("paper", "造纸")]

    def industry_filed(self, base_id: str, category: str, unit: Any) -> str:
        return str(unit["key_industry"] or "general")

    def is_key_industry(self, code: str) -> bool:
        return True

    def preferences(self, base_id: str, category: str) -> tuple[Preference, ...]:
        """Of factories: a flag of the form, a number, a line of the sheet."""
        source = Source("GD", "第十六条")
        return (
            Preference(base_id, "factory", "benchmark", "达到标杆水平", "GD-16", source, fact="benchmark_level"),
            Preference(
                base_id, "factory", "many", "供应商中绿色工厂 {value} 家", "GD-16", source, "suppliers", Decimal(10)
            ),
            Preference(
                base_id,
                "factory",
                "level_1",
                "达到限额 1 级",
                "GD-16",
                source,
                indicator="energy_intensity",
                branch="by_product",
            ),
        )

    def divisions(self) -> list[tuple[str, str]]:
        return [("39", "39 计算机、通信和其他电子设备制造业")]

    def ruleset(self, reference: str) -> None:
        return None

    def form_labels(self, *_: Any) -> FormLabels:
        return FormLabels(rows={"energy_total": "综合能源消费量"})

    def publicity_end(self, day: date, days: int, unit: str) -> tuple[datetime, bool]:
        return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=days), False


class FakeVerifier(TokenVerifier):
    """Tokens of tests: "<subject>|<authority>|<roles>"."""

    def __init__(self) -> None:
        pass

    async def verify(self, token: str) -> Principal:
        parts = token.split("|")
        if len(parts) != 3:
            raise InvalidToken("not a token of these tests")
        return principal(parts[1], *parts[2].split("+"), subject=parts[0])


def principal(authority: str, *roles: str, subject: str = "") -> Principal:
    roles = roles or ("approver", "reviewer")
    return Principal(
        subject=subject or f"{roles[0]}@{authority}",
        name=subject or f"{roles[0]}@{authority}",
        roles=frozenset(roles) | (frozenset({"reviewer"}) if "approver" in roles else frozenset()),
        authority=authority,
        issuer="test",
        expires_at=int(time.time()) + 3600,
    )


@dataclass
class World:
    review: Bootstrap
    policies: Policies
    events: dict[str, int] = field(default_factory=dict)

    # --- events ----------------------------------------------------------------------------------------------

    async def hear(self, topic: str, key: str, message: Message) -> None:
        """One event, in one transaction, as the runner does it."""
        number = self.events[topic + key] = self.events.get(topic + key, 0) + 1
        handler = next(
            one.handlers[type(message)] for one in self.review.runtime.subscriptions if type(message) in one.handlers
        )
        event = Event(topic, key, number, message.DESCRIPTOR.full_name, f"{key}:{number}", NOW, message)
        async with self.review.runtime.database.unit_of_work() as uow:
            await handler(uow, event)
            await uow.commit()

    async def admit(
        self, submission_id: str = "", *, round: int = 1, superior: str = COUNTY, unit_id: str = "", **more: Any
    ) -> str:
        submission_id = submission_id or str(uuid4())
        energy, said = more.pop("energy", "1200.5"), more.pop("said", {})
        message = submissions_pb2.SubmissionAdmitted(
            submission_id=submission_id,
            round=round,
            unit=common_pb2.UnitSnapshot(
                unit_id=unit_id or f"unit-{submission_id}",
                profile_version=1,
                category="factory",
                uscc="91440101MA59ABCD1X",
                name=more.pop("name", "广州绿源电子有限公司"),
                industries=["3982"],
                key_industry=more.pop("key_industry", ""),
                region="440112",
                superior_authority=superior,
            ),
            campaign_id=CAMPAIGN,
            kind="application",
            year=2025,
            form="factory-application",
            policies=[common_pb2.PolicyRef(id=more.pop("policy", "national/2025/n25"), version="1", hash="00")],
            admitted_at=_stamp(NOW),
            content_hash="ab" * 32,
            number=f"SQ-2025-{submission_id[-8:]}",
            facts=[
                common_pb2.Fact(
                    code="energy_total",
                    year=2024,
                    unit="tce",
                    presence=common_pb2.PRESENCE_GIVEN,
                    decimal=energy,
                ),
                common_pb2.Fact(code="green_design", presence=common_pb2.PRESENCE_GIVEN, flag=True),
                *(_fact(code, value) for code, value in said.items()),
            ],
            warnings=[
                common_pb2.Warning(check="range", pointer="/values/0", message="数值超出范围警告", note="新增产线")
            ],
            **more,
        )
        await self.hear("intake.submissions", submission_id, message)
        return submission_id

    async def score(
        self,
        submission_id: str,
        revision: int = 1,
        *,
        round: int = 1,
        total: str = "80",
        marks: str | None = None,
        branch: str = "between",
        points: str = "7.5",
    ) -> None:
        """A sheet with one computed and one qualitative line."""
        qualitative = sheets_pb2.Line(indicator="green_design", name="绿色设计", weight="8", dimension="green_products")
        if marks is None:
            qualitative.state = sheets_pb2.LINE_STATE_AWAITS_MARK
        else:
            qualitative.state, qualitative.points = sheets_pb2.LINE_STATE_SCORED, marks
            qualitative.branch = "mark"
        message = sheets_pb2.SubmissionScored(
            submission_id=submission_id,
            round=round,
            revision=revision,
            basis=sheets_pb2.BASIS_CLAIMED,
            outcome=sheets_pb2.OUTCOME_SCORED,
            total=total,
            lines=[
                sheets_pb2.Line(
                    indicator="energy_intensity",
                    name="能源消耗强度",
                    dimension="energy_carbon",
                    state=sheets_pb2.LINE_STATE_SCORED,
                    points=points,
                    weight="8",
                    value="0.12",
                    unit="tce/万元",
                    lead="0.1",
                    baseline="0.2",
                    branch=branch,
                ),
                qualitative,
            ],
            ruleset_id="n25-factory",
            ruleset_version="1",
        )
        await self.hear("scoring.sheets", submission_id, message)

    async def withdraw(self, submission_id: str, round: int = 1) -> None:
        message = submissions_pb2.WithdrawalRequested(submission_id=submission_id, round=round, reason="更正数据")
        await self.hear("intake.submissions", submission_id, message)

    async def drop(self, submission_id: str, round: int) -> None:
        message = submissions_pb2.SubmissionDropped(
            submission_id=submission_id, round=round, reason=submissions_pb2.DROP_REASON_TERM_OVER
        )
        await self.hear("intake.submissions", submission_id, message)

    async def bar(self, unit_id: str, state: int = standings_pb2.BAR_STATE_IN_FORCE, bar_id: str = "bar-1") -> None:
        message = standings_pb2.BarChanged(
            unit_id=unit_id, bar_id=bar_id, state=state, ground="fraud", article="GD 22", reason="弄虚作假"
        )
        setattr(message, "from", "2025-10-19")
        await self.hear("registry.standings", unit_id, message)

    async def member(self, unit_id: str, list_id: str, *, removed: bool = False) -> None:
        state = standings_pb2.MEMBERSHIP_STATE_REMOVED if removed else standings_pb2.MEMBERSHIP_STATE_LISTED
        message = standings_pb2.MembershipChanged(
            unit_id=unit_id, membership_id="m-1", list_id=list_id, state=state, effective="2025-03-01"
        )
        await self.hear("registry.standings", unit_id, message)

    async def average(self, authority: str, points: str) -> None:
        message = rankings_pb2.RankingClosed(
            run_id="run-1",
            year=2025,
            count=37,
            population_at=_stamp(NOW),
            averages=[rankings_pb2.Average(authority=authority, category="factory", points=points, count=37)],
        )
        await self.hear("scoring.rankings", "run-1", message)

    async def extend(self, act: str, authority: str, closes_at: datetime) -> None:
        message = campaigns_pb2.CampaignChanged(
            campaign_id=CAMPAIGN,
            state=campaigns_pb2.CAMPAIGN_STATE_OPEN,
            name="2025 年度绿色工厂推荐",
            year=2025,
            extensions=[
                campaigns_pb2.Extension(
                    act=act, authority=authority, closes_at=_stamp(closes_at), document="文", person="p"
                )
            ],
        )
        await self.hear("intake.campaigns", CAMPAIGN, message)

    # --- looking ---------------------------------------------------------------------------------------------

    async def seen(self, submission_id: str) -> Seen:
        ((version, revision),) = await self.sql(
            "select version, sheet_revision from review_case where submission_id = :id", id=submission_id
        )
        return Seen(version, revision)

    async def sql(self, statement: str, **values: Any) -> Sequence[Any]:
        async with self.review.runtime.database.reading() as session:
            return (await session.execute(text(statement), values)).all()

    async def one(self, statement: str, **values: Any) -> Any:
        return (await self.sql(statement, **values))[0][0]

    async def published(self, key: str) -> list[tuple[int, str]]:
        """Numbers and types of the events of a key, as the journal holds them."""
        rows = await self.sql(
            "select number, message_type from journal where key = :key and number is not null order by id", key=key
        )
        return [(row[0], row[1].rsplit(".", 1)[-1]) for row in rows]

    async def last(self, key: str, message_type: type[Message]) -> Any:
        rows = await self.sql(
            "select payload from journal where key = :key and message_type = :type order by id desc limit 1",
            key=key,
            type=message_type.DESCRIPTOR.full_name,
        )
        message = message_type()
        message.ParseFromString(bytes(rows[0][0]))
        return message

    def http(self) -> httpx.AsyncClient:
        app = create(self.review, verifier=FakeVerifier())
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://review.test")


def bearer(authority: str, roles: str = "approver", subject: str = "") -> dict[str, str]:
    return {"Authorization": f"Bearer {subject or f'{roles}@{authority}'}|{authority}|{roles}"}


def _stamp(at: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp


def make(database_url: str, folder: Path, policies: Policies | None = None) -> World:
    settings = Settings(database_url=database_url, documents_dir=folder, issuer="test", pool_size=12, mode="standalone")
    policies = policies or FakePolicies()
    clock = Clock(NOW - datetime.now(UTC))
    return World(bootstrap(settings, clock=clock, policies=policies), policies)


def _fact(code: str, value: bool | str) -> common_pb2.Fact:
    """A flag, or a number as text."""
    fact = common_pb2.Fact(code=code, presence=common_pb2.PRESENCE_GIVEN)
    if isinstance(value, bool):
        fact.flag = value
    else:
        fact.decimal = value
    return fact
