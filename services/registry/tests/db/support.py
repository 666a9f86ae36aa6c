"""A registry on a real database, fed with events and asked as a registrar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.message import Message
from sqlalchemy import text

from gf_chassis.clock import FixedClock
from gf_chassis.consumer import Event
from gf_chassis.database import Database
from gf_chassis.identity import Principal
from gf_chassis.settings import DatabaseSettings
from gf_registry.domain.lists import ListId
from gf_registry.domain.rules import Ground, ListingRules
from gf_registry.entrypoints.consumers import rankings, subscription
from greenladder.common.v1 import common_pb2
from greenladder.intake.v1 import submissions_pb2, units_pb2
from greenladder.review.v1 import cases_pb2, publicities_pb2

NATIONAL = ListId.parse("national:miit:factory")
PROVINCIAL = ListId.parse("provincial:gd:factory")
CITY = ListId.parse("city:gd.foshan:factory")

TREE = {"gd.foshan.shunde": "gd.foshan", "gd.foshan": "gd", "gd": "miit", "cq.yubei": "cq", "cq": "miit", "miit": None}


class FakeLaw:
    """The port `Law` with three grounds and a small tree."""

    def __init__(self) -> None:
        codes = {"accident": "发生事故", "removed": "被移出名单", "energy_supervision": "节能监察未整改"}
        self.rules = ListingRules({c: Ground(c, label, "GD 第十七条") for c, label in codes.items()})

    def rules_for(self, policy_ids: object, superior: str) -> ListingRules:
        return self.rules

    def rules_on(self, day: date) -> ListingRules:
        return self.rules

    def chain(self, authority: str) -> frozenset[str]:
        found: list[str] = []
        here: str | None = authority if authority in TREE else None
        while here is not None:
            found.append(here)
            here = TREE[here]
        return frozenset(found)

    def under(self, authority: str) -> frozenset[str]:
        return frozenset(a for a in TREE if authority in self.chain(a))

    def keeps(self, list_id: ListId) -> bool:
        levels = {"miit": "national", "gd": "provincial", "cq": "provincial", "gd.foshan": "city"}
        return levels.get(list_id.authority) == list_id.level

    def name(self, authority: str) -> str:
        return authority


def registrar(authority: str, subject: str = "") -> Principal:
    return Principal(subject or f"registrar@{authority}", "名单管理员", frozenset({"registrar"}), authority)


@dataclass
class Station:
    database: Database
    law: FakeLaw = field(default_factory=FakeLaw)
    numbers: dict[tuple[str, str], int] = field(default_factory=dict)

    def uow(self, principal: Principal | None = None) -> Any:
        return self.database.unit_of_work(principal.actor()) if principal else self.database.unit_of_work()

    async def hear(self, message: Message, topic: str = "t", number: int = 1) -> None:
        """One event, in a transaction of its own, as the runner does it; the projection hears it too."""
        handler = subscription(self.law).handlers[type(message)]
        async with self.database.unit_of_work() as uow:
            event = Event(topic, "k", number, message.DESCRIPTOR.full_name, f"k:{number}", datetime.now(UTC), message)
            await handler(uow, event)
            await uow.commit()
        await self.show(message, number)

    async def show(self, message: Message, number: int = 1) -> None:
        """The same for the projection of rankings, on the side that serves."""
        projection = rankings().subscription(1)
        if type(message) not in {*projection.handlers, *projection.batch_handlers}:
            return
        async with self.database.unit_of_work() as uow:
            event = Event("t", "k", number, message.DESCRIPTOR.full_name, f"k:{number}", datetime.now(UTC), message)
            await projection.apply(uow, [event])
            await uow.commit()

    async def rows(self, sql: str, values: Mapping[str, Any] | None = None) -> list[Any]:
        async with self.database.reading() as session:
            return list(await session.execute(text(sql), values or {}))

    async def published(self, key: object, kind: str = "MembershipChanged") -> list[Any]:
        """The events of a standing, decoded, in order of their numbers."""
        from greenladder.registry.v1 import editions_pb2, standings_pb2

        rows = await self.rows(
            "select number, message_type, payload from journal where key = :key order by number", {"key": str(key)}
        )
        assert [r.number for r in rows] == list(range(1, len(rows) + 1))
        found = []
        for row in rows:
            name = row.message_type.rpartition(".")[2]
            module = editions_pb2 if name == "EditionPublished" else standings_pb2
            if name == kind:
                found.append(getattr(module, name).FromString(row.payload))
        return found

    def make(self) -> Story:
        return Story(self)


@dataclass
class Story:
    """One unit and its application."""

    station: Station
    unit_id: UUID = field(default_factory=uuid4)
    submission_id: UUID = field(default_factory=uuid4)
    publicity_id: UUID = field(default_factory=uuid4)
    name: str = "佛山市顺德区某电器有限公司"
    uscc: str = "91440606MA4UUUUU0X"

    def snapshot(self, version: int = 1) -> common_pb2.UnitSnapshot:
        return common_pb2.UnitSnapshot(
            unit_id=str(self.unit_id), profile_version=version, category="factory", uscc=self.uscc, name=self.name,
            industries=["3851"], region="440606", superior_authority="gd.foshan.shunde",
        )  # fmt: skip

    def unit_changed(self, version: int = 1) -> Message:
        return units_pb2.UnitChanged(unit=self.snapshot(version), state="UNIT_STATE_ACTIVE")

    def admitted(self, round_: int = 1) -> Message:
        return submissions_pb2.SubmissionAdmitted(
            submission_id=str(self.submission_id), round=round_, unit=self.snapshot(), campaign_id=str(uuid4()),
            kind="application", year=2025, policies=[common_pb2.PolicyRef(id="national/2025/n25", version="1")],
        )  # fmt: skip

    def decided(
        self, list_id: ListId = NATIONAL, *, wanted: bool = True, publicity: bool = False, round_: int = 1
    ) -> Message:
        message = cases_pb2.ListingDecided(
            submission_id=str(self.submission_id), round=round_, stage_no=4, list_id=str(list_id),
            verdict="LISTING_VERDICT_LIST" if wanted else "LISTING_VERDICT_NOT_LIST", sheet_revision=1,
            unit_id=str(self.unit_id), campaign_id=str(uuid4()), year=2025,
        )  # fmt: skip
        if publicity:
            message.publicity_id = str(self.publicity_id)
        return message

    def publicity(self, state: str = "CLOSED", entry: str = "CLEAR") -> Message:
        return publicities_pb2.PublicityChanged(
            publicity_id=str(self.publicity_id), list_id=str(NATIONAL), state=f"PUBLICITY_STATE_{state}",
            entries=[
                publicities_pb2.Entry(
                    submission_id=str(self.submission_id), unit_id=str(self.unit_id), name=self.name,
                    state=f"ENTRY_STATE_{entry}",
                )
            ],
        )  # fmt: skip

    def cancelled(self) -> Message:
        return cases_pb2.CaseClosed(
            submission_id=str(self.submission_id), round=1, outcome="CASE_OUTCOME_CANCELLED", ground="fraud",
            article="GD 第二十二条", unit_id=str(self.unit_id), reason="数据造假",
        )  # fmt: skip

    async def memberships(self) -> list[tuple[str, str, str]]:
        rows = await self.station.rows(
            "select list_id, state, ground from membership where unit_id = :u order by id", {"u": self.unit_id}
        )
        return [tuple(r) for r in rows]


def open_database(url: str, *, days: int = 0) -> Database:
    clock = FixedClock(datetime.now(UTC))
    clock.set_offset(timedelta(days=days))
    return Database(DatabaseSettings(url=url, pool_size=8), clock)
