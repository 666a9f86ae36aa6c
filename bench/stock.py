"""Submissions as they come in: realistic forms, each with numbers of its own, as events and as records."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from uuid import UUID, uuid4

from aiokafka import AIOKafkaProducer

from gf_chassis.cloudevents import source, to_kafka_headers
from gf_chassis.partitioning import partition_of
from greenladder.common.v1.common_pb2 import Codes, Fact, PolicyRef, Presence, UnitSnapshot
from greenladder.intake.v1.submissions_pb2 import SubmissionAdmitted

CAMPAIGN = UUID("01990000-0000-7000-8000-000000000001")
TOPIC = "intake.submissions"
TYPE = SubmissionAdmitted.DESCRIPTOR.full_name
_AT = datetime(2025, 10, 20, 8, tzinfo=UTC)

_YEARLY = (
    ("output_value", "万元", 40000, 60000, 2),
    ("energy_total", "tce", 6000, 9000, 2),
    ("energy_feedstock", "tce", 100, 500, 1),
    ("carbon_total", "tCO2", 15000, 30000, 1),
    ("water_intake", "m3", 90000, 200000, 0),
    ("retrofit_investment", "万元", 100, 400, 1),
)
_ONCE = (
    ("renewable_self", "tce", 100, 900, 2),
    ("renewable_market", "tce", 100, 500, 2),
    ("renewable_line", "tce", 0, 100, 2),
    ("renewable_gec", "tce", 0, 100, 2),
    ("material_total", "t", 15000, 40000, 1),
    ("water_reuse", "m3", 800000, 1500000, 0),
    ("solid_waste_generated", "t", 700, 900, 1),
    ("solid_waste_used", "t", 500, 700, 1),
    ("solid_waste_prior", "t", 0, 20, 1),
    ("ammonia_generated", "t", 1, 3, 3),
    ("ammonia_discharged", "t", 0, 1, 3),
    ("cod_discharged", "t", 1, 4, 3),
    ("so2_discharged", "t", 0, 1, 3),
    ("nox_discharged", "t", 0, 3, 3),
    ("pm_discharged", "t", 0, 1, 3),
    ("vocs_discharged", "t", 0, 2, 3),
)


def admitted(chance: random.Random) -> SubmissionAdmitted:
    """One admitted form of a factory: 49 values, of which 26 numbers are read by the table."""
    message = SubmissionAdmitted(
        submission_id=str(uuid4()),
        round=1,
        unit=UnitSnapshot(
            unit_id=str(uuid4()),
            profile_version=1,
            category="factory",
            uscc="91500112MA5U0A0A0X",
            name="重庆绿梯机械制造有限公司",
            industries=["3411", "3463"],
            region="500112",
            superior_authority="cq.yubei",
        ),
        campaign_id=str(CAMPAIGN),
        kind="application",
        year=2025,
        form="n25-factory-application",
        policies=[PolicyRef(id="national/2025/n25", version="1", hash="0" * 64)],
        content_hash="0" * 64,
        number="A-2025-CQ-ABCDEFG7",
    )
    message.admitted_at.FromDatetime(_AT)
    facts = message.facts
    facts.append(_text("main_products", "变速箱、传动轴"))
    for flag in ("independent_legal_person", "truth_promise", "green_design"):
        facts.append(Fact(code=flag, presence=Presence.PRESENCE_GIVEN, flag=True))
    for code in ("not_operating", "accident", "removed", "inspection", "energy_supervision", "dishonest"):
        facts.append(Fact(code=f"excl_{code}", presence=Presence.PRESENCE_GIVEN, flag=False))
    facts.append(_number(chance, "land_area", "m2", 30000, 60000, 1, None))
    for code, unit, low, high, places in _YEARLY:
        for year in (2022, 2023, 2024):
            facts.append(_number(chance, code, unit, low, high, places, year))
    for code, unit, low, high, places in _ONCE:
        facts.append(_number(chance, code, unit, low, high, places, 2024))
    functions = ["query", "intensity", "analysis", "benchmarking", "flow", "balance"]
    codes = Codes(codes=chance.sample(functions, 5))
    facts.append(Fact(code="ecms_functions", presence=Presence.PRESENCE_GIVEN, codes=codes))
    facts.append(_text("advanced_technology", "采用国家鼓励的工业节水工艺、技术和装备"))
    facts.append(_number(chance, "footprint_categories_total", "个", 3, 5, 0, None))
    facts.append(_number(chance, "footprint_categories_quantified", "个", 1, 3, 0, None))
    return message


def events(count: int) -> list[tuple[str, bytes]]:
    """Keys and payloads of so many admitted forms."""
    chance = random.Random(7)
    made = (admitted(chance) for _ in range(count))
    return [(event.submission_id, event.SerializeToString()) for event in made]


def _number(chance: random.Random, code: str, unit: str, low: int, high: int, places: int, year: int | None) -> Fact:
    row = Fact(code=code, unit=unit, presence=Presence.PRESENCE_GIVEN)
    row.decimal = f"{chance.uniform(low, high):.{places}f}"
    if year is not None:
        row.year = year
    return row


def _text(code: str, text: str) -> Fact:
    return Fact(code=code, presence=Presence.PRESENCE_GIVEN, text=text)


async def fill(bootstrap: str, count: int) -> None:
    """Put `count` admitted forms on the broker as the relay would."""
    chance = random.Random(2025)
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, linger_ms=5, max_batch_size=200_000
    )
    await producer.start()
    try:
        partitions = len(await producer.partitions_for(TOPIC))
        for start in range(0, count, 1000):
            sent = []
            for _ in range(min(1000, count - start)):
                message = admitted(chance)
                key = message.submission_id
                headers = to_kafka_headers(
                    type=TYPE, source=source("intake"), key=key, number=1, time=_AT, traceparent=None
                )
                sent.append(
                    await producer.send(
                        TOPIC,
                        message.SerializeToString(),
                        key=key.encode(),
                        headers=headers,
                        partition=partition_of(key, partitions),
                    )
                )
            for one in sent:
                await one
    finally:
        await producer.stop()
