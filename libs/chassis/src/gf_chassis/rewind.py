"""After a database was restored from Kafka's side 回退位点: its groups read again, and what others know is compared.

A restored database is older than the offsets that its groups have committed: the events between would never come
again, and the next one of each key would wait for them as a gap. So the groups are set back to before the backup;
what had taken effect by then is skipped by its number.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from sqlalchemy import text

from gf_chassis.cloudevents import from_kafka_headers
from gf_chassis.database import Database
from gf_chassis.errors import Conflict
from gf_chassis.events import Subscription

_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Rewound:
    """A group's lane: where it stood (None: nowhere), and where it stands now."""

    group: str
    topic: str
    partition: int
    before: int | None
    after: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A key of which the topic tells more than the journal: numbers after ``known`` up to ``published``."""

    topic: str
    key: str
    known: int
    published: int


async def rewind(
    bootstrap: str,
    subscription: Subscription,
    to: datetime | None,
    *,
    security: Mapping[str, Any] | None = None,
) -> list[Rewound]:
    """Set a group back to the first record of ``to`` or later, or to the first of all; never forward.

    Its workers must be stopped: the broker refuses it otherwise (Conflict). Records carry the time at which they were
    written to their journal, not that of their publication, so leave a margin of the relay's worst lag.
    """
    async with _consumer(bootstrap, subscription.group, security) as consumer:
        places = await _partitions(consumer, subscription.topics)
        consumer.assign(places)
        starts = await consumer.beginning_offsets(places)
        wanted = dict(starts)
        if to is not None:
            found = await consumer.offsets_for_times({place: int(to.timestamp() * 1000) for place in places})
            ends = await consumer.end_offsets(places)
            wanted = {place: found[place].offset if found.get(place) else ends[place] for place in places}
        before = {place: await consumer.committed(place) for place in places}
        back = {place: offset for place, offset in wanted.items() if (at := before[place]) is not None and at > offset}
        if back:
            try:
                await asyncio.wait_for(consumer.commit(back), _SECONDS)
            except KafkaError as error:
                raise Conflict(
                    "group_at_work", f"消费组 {subscription.group} 仍有进程在读取，请先停止该服务的 worker。"
                ) from error
        return [
            Rewound(subscription.group, place.topic, place.partition, before[place], back[place])
            for place in places
            if place in back
        ]


_KNOWN: Final = text("select key, max(number) from journal where topic = :topic group by key")


async def unknown(
    bootstrap: str, database: Database, topics: Sequence[str], *, security: Mapping[str, Any] | None = None
) -> list[Unknown]:
    """Keys whose published events the journal does not have: others have seen what this database has lost.

    A service that went on like this would give their numbers a second time, and its consumers would skip the new
    events as duplicates.
    """
    found = []
    for topic in topics:
        published = await _published(bootstrap, topic, security)
        async with database.reading() as session:
            known = {row[0]: int(row[1]) for row in await session.execute(_KNOWN, {"topic": topic})}
        found += [
            Unknown(topic, key, known.get(key, 0), number)
            for key, number in sorted(published.items())
            if number > known.get(key, 0)
        ]
    return found


async def _published(bootstrap: str, topic: str, security: Mapping[str, Any] | None) -> dict[str, int]:
    """The last number of each key in a topic."""
    last: dict[str, int] = {}
    async with _consumer(bootstrap, None, security) as consumer:
        places = await _partitions(consumer, (topic,))
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    envelope = from_kafka_headers(record.headers)
                    last[envelope.key] = max(last.get(envelope.key, 0), envelope.number)
    return last


async def _partitions(consumer: Any, topics: Sequence[str]) -> list[TopicPartition]:
    places = []
    for topic in topics:
        # Asked of the broker: a consumer that is not subscribed knows no topic by itself.
        await consumer._client.add_topic(topic)
        numbers = consumer.partitions_for_topic(topic)
        if not numbers:
            raise Conflict("no_topic", f"消息系统中没有主题 {topic}。")
        places += [TopicPartition(topic, number) for number in sorted(numbers)]
    return places


@asynccontextmanager
async def _consumer(bootstrap: str, group: str | None, security: Mapping[str, Any] | None) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_partition_fetch_bytes=4 * 1024 * 1024,
        **(security or {}),
    )
    await asyncio.wait_for(consumer.start(), _SECONDS)
    try:
        yield consumer
    finally:
        await consumer.stop()
