"""What happens around scoring, by hand: forms admitted, marks recorded, cases that move, callers with roles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from google.protobuf.message import Message
from sqlalchemy import text

from gf_chassis.clock import Clock
from gf_chassis.events import Event
from gf_chassis.identity import InvalidToken, Principal
from gf_chassis.ids import new_id
from gf_scoring.adapters import repository
from gf_scoring.adapters.tables import SheetRow
from gf_scoring.bootstrap import Bootstrap
from gf_scoring.domain.engine import NOT_APPLICABLE, FactKey, FactValue
from greenladder.common.v1.common_pb2 import Codes, Fact, PolicyRef, Presence, UnitSnapshot
from greenladder.intake.v1.campaigns_pb2 import CampaignChanged, CampaignState
from greenladder.intake.v1.submissions_pb2 import SubmissionAdmitted
from greenladder.registry.v1.standings_pb2 import MembershipChanged, MembershipState
from greenladder.review.v1.cases_pb2 import AssessmentRecorded, CaseProgressed, CaseState, Mark, Stage, StageState
from greenladder.scoring.v1.sheets_pb2 import SubmissionScored
from services.scoring.tests.sample import factory_facts, general_levels

USCC = "91500112MA5U0A0A0X"


class Callers:
    """Stands in for the token check: the token is the name of the caller."""

    PEOPLE = (
        Principal("steward", roles=frozenset({"steward"}), authority="miit"),
        Principal("other-steward", roles=frozenset({"steward"}), authority="cq"),
        Principal("reviewer", roles=frozenset({"reviewer"}), authority="cq"),
        Principal("stranger", roles=frozenset({"reviewer", "approver"}), authority="gd"),
        Principal("approver", roles=frozenset({"approver", "reviewer"}), authority="miit"),
        Principal("applicant", roles=frozenset({"applicant"}), org=USCC),
        Principal("rival", roles=frozenset({"applicant"}), org="91500112MA5U0A0A1Y"),
        Principal("nobody", roles=frozenset({"applicant"}), org=""),
        Principal("partner", roles=frozenset({"partner"}), authority="cq"),
        Principal("far-partner", roles=frozenset({"partner"}), authority="gd"),
    )

    async def verify(self, token: str) -> Principal:
        for one in self.PEOPLE:
            if one.subject == token:
                return one
        raise InvalidToken(token)


def as_(name: str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {name}", **{key.replace("_", "-"): value for key, value in headers.items()}}


def fact(key: FactKey, value: FactValue) -> Fact:
    code, year, unit = key
    row = Fact(code=code, unit=unit, presence=Presence.PRESENCE_GIVEN)
    if year:
        row.year = year
    if value is NOT_APPLICABLE:
        row.presence = Presence.PRESENCE_NOT_APPLICABLE
    elif isinstance(value, bool):
        row.flag = value
    elif isinstance(value, tuple):
        row.codes.CopyFrom(Codes(codes=value))
    elif isinstance(value, str) and value[:1].lstrip("-").isdigit():
        row.decimal = value
    elif isinstance(value, str):
        row.text = value
    else:
        row.presence = Presence.PRESENCE_MISSING
    return row


class World:
    """Events as they come in, each applied in a transaction of its own as the runner does it."""

    def __init__(self, parts: Bootstrap) -> None:
        self.parts = parts
        self.campaign_id = new_id()
        self._numbers: Counter[tuple[str, str]] = Counter()

    def event(self, topic: str, key: str, message: Message) -> Event:
        self._numbers[topic, key] += 1
        number = self._numbers[topic, key]
        name = message.DESCRIPTOR.full_name
        return Event(topic, key, number, name, f"{key}:{number}", Clock().now(), message)

    async def apply(self, *events: Event) -> None:
        for subscription in self.parts.runtime.subscriptions:
            for_group = [event for event in events if event.topic in subscription.topics]
            run = [e for e in for_group if type(e.message) in subscription.batch_handlers]
            async with self.parts.database.unit_of_work() as uow:
                if run:
                    await subscription.batch_handlers[type(run[0].message)](uow, run)
                for event in for_group:
                    handler = subscription.handlers.get(type(event.message))
                    if handler is not None and event not in run:
                        await handler(uow, event)
                await uow.commit()

    def admitted(self, submission_id: UUID, round_: int = 1, **changes: object) -> Event:
        facts = changes.pop("facts", None) or factory_facts()
        base = str(changes.pop("base", "national/2025/n25"))
        unit = {
            "unit_id": str(changes.pop("unit_id", "01890000-0000-7000-8000-000000000001")),
            "profile_version": 1,
            "category": changes.pop("category", "factory"),
            "uscc": USCC,
            "name": "重庆绿梯水泥有限公司",
            "industries": changes.pop("industries", ["3011"]),
            "region": "500112",
            "superior_authority": changes.pop("superior", "cq.yubei"),
        }
        if key_industry := changes.pop("key_industry", None):
            unit["key_industry"] = key_industry
        message = SubmissionAdmitted(
            submission_id=str(submission_id),
            round=round_,
            unit=UnitSnapshot(**unit),
            campaign_id=str(self.campaign_id),
            kind=str(changes.pop("kind", "application")),
            year=2025,
            form="n25-factory-application",
            policies=[PolicyRef(id=base, version="1", hash="0" * 64)],
            content_hash="0" * 64,
            facts=[fact(key, value) for key, value in facts.items()],  # type: ignore[attr-defined]
        )
        assert not changes
        message.admitted_at.FromDatetime(datetime.now(UTC))
        return self.event("intake.submissions", str(submission_id), message)

    def marked(self, submission_id: UUID, round_: int, marks: Mapping[str, str], ruling: str = "") -> Event:
        message = AssessmentRecorded(
            submission_id=str(submission_id),
            round=round_,
            stage_no=1,
            marks=[Mark(indicator=code, points=points, reason="查验材料") for code, points in marks.items()],
            person="reviewer-1",
            reason="现场核对",
        )
        if ruling:
            message.industry_ruling = ruling
        message.recorded_at.FromDatetime(datetime.now(UTC))
        return self.event("review.cases", str(submission_id), message)

    def progressed(self, submission_id: UUID, round_: int, *authorities: str) -> Event:
        message = CaseProgressed(
            submission_id=str(submission_id),
            round=round_,
            state=CaseState.CASE_STATE_OPEN,
            stages=[
                Stage(
                    stage_no=place,
                    level="county",
                    authority=authority,
                    state=StageState.STAGE_STATE_IN_REVIEW if authority else StageState.STAGE_STATE_NOT_APPLICABLE,
                )
                for place, authority in enumerate(authorities, 1)
            ],
            case_version=round_,
        )
        return self.event("review.cases", str(submission_id), message)

    def campaign(self, base: str = "national/2025/n25", category: str = "factory", owner: str = "miit") -> Event:
        message = CampaignChanged(
            campaign_id=str(self.campaign_id),
            state=CampaignState.CAMPAIGN_STATE_OPEN,
            name="2025 年度绿色工厂推荐",
            year=2025,
            categories=[category],
            kinds=["application", "benchmark"],
            policies=[PolicyRef(id=base, version="1", hash="0" * 64)],
            owner=owner,
        )
        return self.event("intake.campaigns", str(self.campaign_id), message)

    def listed(self, unit_id: UUID, list_id: str, *, listed: bool = True) -> Event:
        state = MembershipState.MEMBERSHIP_STATE_LISTED if listed else MembershipState.MEMBERSHIP_STATE_REMOVED
        message = MembershipChanged(
            unit_id=str(unit_id),
            membership_id=str(new_id()),
            list_id=list_id,
            state=state,
            effective="2024-01-05",
            name_as_listed="某厂",
            category="factory",
        )
        return self.event("registry.standings", str(unit_id), message)

    def set_body(self, **changes: object) -> dict[str, object]:
        """A benchmark set as the API takes it."""
        return {
            "campaign_id": str(self.campaign_id),
            "category": "factory",
            "title": "通则（演示）",
            "document": "演示",
            "person": "演示管理员",
            "demo": True,
            "levels": [
                {"indicator": code, "lead": str(lead), "baseline": str(baseline), "assumption": "演示约定"}
                for code, (lead, baseline) in general_levels().items()
            ],
        } | changes

    async def sheets(self, submission_id: UUID) -> list[SheetRow]:
        async with self.parts.database.reading() as session:
            return list(await repository.revisions(session, submission_id))

    async def published(self, submission_id: UUID) -> list[tuple[int, SubmissionScored]]:
        """What went into the journal for this key, with its numbers."""
        async with self.parts.database.reading() as session:
            rows = await session.execute(
                text("select number, payload from journal where topic = 'scoring.sheets' and key = :key order by id"),
                {"key": str(submission_id)},
            )
            return [(number, SubmissionScored.FromString(payload)) for number, payload in rows]
