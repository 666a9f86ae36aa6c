"""Scoring by hand: getmany 500, decode, score, one statement for sheets and journal, send_batch, commit offsets.

Straight-line integer code for exactly one table, no positions per key, no held events, no election, no scope. It keeps
what a result needs to be explained later: the values it was computed from and the event with every line.
"""

from __future__ import annotations

import time
from decimal import Decimal
from hashlib import sha256
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from gf_chassis.partitioning import partition_of
from greenladder.intake.v1.submissions_pb2 import SubmissionAdmitted
from greenladder.scoring.v1.sheets_pb2 import (
    BASIS_CLAIMED,
    LINE_STATE_AWAITS_MARK,
    LINE_STATE_SCORED,
    OUTCOME_SCORED,
    Line,
    SubmissionScored,
)

SCHEMA = """
create table if not exists sheet (
  submission_id uuid primary key, total numeric, outcome text not null, unit_id uuid not null, uscc text not null,
  campaign_id uuid not null, superior text not null, facts bytea not null, published bytea not null
) with (toast_tuple_target = 8160);
create table if not exists journal (
  id bigint generated always as identity primary key, topic text not null, key text not null, number int not null,
  payload bytea not null
) with (toast_tuple_target = 8160);
"""
_STATEMENT = """
with added as (
  insert into sheet select * from unnest($1::uuid[], $2::numeric[], $3::text[], $4::uuid[], $5::text[], $6::uuid[],
    $7::text[], $8::bytea[], $9::bytea[])
  on conflict do nothing returning submission_id, published
)
insert into journal (topic, key, number, payload) select 'scoring.sheets', submission_id::text, 1, published from added
"""
_ONE = 10**12
_HALF = 2 * _ONE
_POWERS = [10 ** (12 - n) for n in range(13)]
_FUNCTIONS = frozenset(
    [
        "query",
        "intensity",
        "analysis",
        "benchmarking",
        "flow",
        "balance",
        "budget",
        "carbon_accounting",
        "footprint",
        "supply_chain",
        "verification",
        "assets",
    ]
)


def _int(text: str) -> int:
    front, point, back = text.partition(".")
    return int(front + back) * _POWERS[len(back)] if point else int(front) * _ONE


def _text(number: int) -> str:
    front, back = divmod(number, _ONE)
    return f"{front}.{back:012d}".rstrip("0") if back else str(front)


class Scorer:
    def __init__(self, levels: dict[str, tuple[str, str]]) -> None:
        self.levels = {code: (_int(lead), _int(base)) for code, (lead, base) in levels.items()}
        self.text = levels

    def line(
        self, code: str, name: str, dimension: str, unit: str, weight: int, up: int, down: int
    ) -> tuple[Line, int]:
        """Inverse where the lead is below the baseline."""
        lead, base = self.levels[code]
        sign = 1 if lead >= base else -1
        exact = up * _ONE * sign
        if exact >= lead * sign * down:
            points, branch = weight * _ONE, "at_or_better_than_lead"
        elif exact < base * sign * down:
            points, branch = 0, "worse_than_baseline"
        else:
            over = down * (lead - base) * sign
            points = (2 * weight * _ONE * (exact - base * sign * down) + over) // (2 * over)
            branch = "between"
        shown = self.text[code]
        line = Line(
            indicator=code,
            state=LINE_STATE_SCORED,
            points=_text(points),
            weight=str(weight),
            value=_text((2 * up * _ONE + down) // (2 * down)),
            unit=unit,
            lead=shown[0],
            baseline=shown[1],
            branch=branch,
            dimension=dimension,
            name=name,
        )
        return line, points

    def score(self, message: SubmissionAdmitted) -> tuple[SubmissionScored, str]:
        f: dict[tuple[str, int], str] = {}
        functions: list[str] = []
        for fact in message.facts:
            if decimal := fact.decimal:
                f[fact.code, fact.year] = decimal
            elif fact.code == "ecms_functions":
                functions = list(fact.codes.codes)
        n = {key: _int(value) for key, value in f.items()}
        output = n["output_value", 2024]
        energy = n["energy_total", 2024] - n["energy_feedstock", 2024]
        renewable = (
            n["renewable_self", 2024]
            + n["renewable_market", 2024]
            + n["renewable_line", 2024]
            + n["renewable_gec", 2024]
        )
        water, reuse = n["water_intake", 2024], n["water_reuse", 2024]
        pollutants = (
            n["ammonia_discharged", 2024]
            + n["cod_discharged", 2024]
            + n["so2_discharged", 2024]
            + n["nox_discharged", 2024]
            + n["pm_discharged", 2024]
            + n["vocs_discharged", 2024]
        )
        invested = n["retrofit_investment", 2022] + n["retrofit_investment", 2023] + n["retrofit_investment", 2024]
        three = n["output_value", 2022] + n["output_value", 2023] + output
        waste = n["solid_waste_generated", 2024] + n["solid_waste_prior", 2024]
        line = self.line
        pairs = (
            line("energy_intensity", "能源消耗强度", "energy_carbon", "tce/万元", 8, energy, output),
            line("carbon_intensity", "碳排放强度", "energy_carbon", "tCO2/万元", 8, n["carbon_total", 2024], output),
            line("renewable_share", "可再生能源利用率", "energy_carbon", "%", 8, 100 * renewable, energy),
            line(
                "ecms_count",
                "能碳管理系统平台功能符合数量",
                "energy_carbon",
                "项",
                6,
                len(_FUNCTIONS & set(functions)),
                1,
            ),
            line("material_intensity", "原材料消耗强度", "resources", "t/万元", 8, n["material_total", 2024], output),
            line("water_intensity", "取水强度", "resources", "m3/万元", 8, water, output),
            line("water_reuse_rate", "工业用水重复利用率", "resources", "%", 8, 100 * reuse, water + reuse),
            line(
                "solid_waste_rate",
                "一般工业固体废物综合利用率",
                "resources",
                "%",
                6,
                100 * n["solid_waste_used", 2024],
                waste,
            ),
            line("retrofit_share", "绿色低碳改造升级项目投资额占比", "clean_production", "%", 4, 100 * invested, three),
            line(
                "pollutant_intensity",
                "主要污染物产生或排放强度",
                "clean_production",
                "kg/万元",
                6,
                1000 * pollutants,
                output,
            ),
            line("land_output", "土地产出率", "land_use", "万元/m2", 8, output, n["land_area", 0]),
        )
        total = _text(sum(points for _, points in pairs))
        scored = SubmissionScored(
            submission_id=message.submission_id,
            round=message.round,
            revision=1,
            basis=BASIS_CLAIMED,
            outcome=OUTCOME_SCORED,
            total=total,
            lines=[one for one, _ in pairs] + _WAITING,
            engine_version="1",
        )
        return scored, total


_WAITING = [
    Line(
        indicator=code,
        state=LINE_STATE_AWAITS_MARK,
        weight=weight,
        branch="awaits_mark",
        dimension=dimension,
        name=name,
    )
    for code, weight, dimension, name in (
        ("advanced_process", "6", "clean_production", "生产工艺和设备先进性"),
        ("green_design", "8", "green_products", "绿色设计"),
        ("product_footprint", "8", "green_products", "产品碳足迹"),
    )
]


async def run(
    bootstrap: str,
    url: str,
    group: str,
    count: int,
    warm: int,
    levels: dict[str, tuple[str, str]],
    topics: tuple[str, str] = ("intake.submissions", "scoring.sheets"),
) -> float:
    """Sheets per second, published and committed."""
    submissions, published = topics
    scorer = Scorer(levels)
    connection = await asyncpg.connect(url)
    consumer = AIOKafkaConsumer(
        submissions,
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
        fetch_max_wait_ms=100,
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, acks="all", compression_type="lz4", linger_ms=0,
        max_batch_size=1024 * 1024,
    )  # fmt: skip
    await consumer.start()
    await producer.start()
    partitions = len(await producer.partitions_for(published))
    done, started = 0, 0.0
    try:
        while done < count:
            found = await consumer.getmany(timeout_ms=1000, max_records=500)
            rows, sheets = [], []
            for records in found.values():
                for record in records:
                    message = SubmissionAdmitted.FromString(record.value)
                    scored, total = scorer.score(message)
                    payload = scored.SerializeToString()
                    kept = SubmissionAdmitted()
                    kept.facts.extend(message.facts)
                    facts = kept.SerializeToString()
                    scored.input_hash = sha256(facts).hexdigest()
                    unit = message.unit
                    rows.append(
                        (
                            UUID(message.submission_id),
                            Decimal(total),
                            "scored",
                            UUID(unit.unit_id),
                            unit.uscc,
                            UUID(message.campaign_id),
                            unit.superior_authority,
                            facts,
                            payload,
                        )
                    )
                    sheets.append((record.key, payload))
            if not rows:
                continue
            await connection.execute(_STATEMENT, *map(list, zip(*rows, strict=True)))
            batches: dict[int, Any] = {}
            for key, payload in sheets:
                place = partition_of(key.decode(), partitions)
                batch = batches.get(place)
                if batch is None:
                    batch = batches[place] = producer.create_batch()
                batch.append(key=key, value=payload, timestamp=None)
            for future in [
                await producer.send_batch(batch, published, partition=place) for place, batch in batches.items()
            ]:
                await future
            await consumer.commit()
            done += len(rows)
            if started == 0.0 and done >= warm:
                started, warmed = time.perf_counter(), done
        return (done - warmed) / (time.perf_counter() - started)
    finally:
        await consumer.stop()
        await producer.stop()
        await connection.close()
