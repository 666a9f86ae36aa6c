"""A relay by hand: one table, rows in id order, send_batch per partition, one mark per batch. No election, no horizon:
it would lose the events of a transaction that commits late, which is what ours pays for."""

from __future__ import annotations

import time
from typing import Any

import asyncpg
from aiokafka import AIOKafkaProducer

from gf_chassis.partitioning import partition_of

SCHEMA = """
create table if not exists outbox (
  id bigint generated always as identity primary key, key text not null, number int not null, payload bytea not null,
  recorded_at timestamptz not null default clock_timestamp()
);
create table if not exists mark (last bigint not null);
"""


async def run(bootstrap: str, url: str, topic: str, count: int) -> float:
    """Events per second, acknowledged and marked."""
    connection = await asyncpg.connect(url)
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, enable_idempotence=True, acks="all", compression_type="lz4", linger_ms=0,
        max_batch_size=1024 * 1024,
    )  # fmt: skip
    await producer.start()
    try:
        partitions = len(await producer.partitions_for(topic))
        last, done = 0, 0
        started = time.perf_counter()
        while done < count:
            rows = await connection.fetch(
                "select id, key, number, payload, recorded_at from outbox where id > $1 order by id limit 500", last
            )
            batches: dict[int, Any] = {}
            for _, key, number, payload, at in rows:
                place = partition_of(key, partitions)
                batch = batches.get(place)
                if batch is None:
                    batch = batches[place] = producer.create_batch()
                batch.append(
                    key=key.encode(),
                    value=payload,
                    timestamp=None,
                    headers=[
                        ("ce_specversion", b"1.0"),
                        ("ce_id", f"{key}:{number}".encode()),
                        ("ce_type", b"greenladder.intake.v1.SubmissionAdmitted"),
                        ("ce_source", b"/greenladder/intake"),
                        ("ce_subject", key.encode()),
                        ("ce_time", at.isoformat().encode()),
                        ("ce_sequence", str(number).encode()),
                        ("content-type", b"application/protobuf"),
                    ],
                )
            futures = [await producer.send_batch(batch, topic, partition=place) for place, batch in batches.items()]
            for future in futures:
                await future
            last = rows[-1]["id"]
            await connection.execute("update mark set last = $1", last)
            done += len(rows)
        return done / (time.perf_counter() - started)
    finally:
        await producer.stop()
        await connection.close()
