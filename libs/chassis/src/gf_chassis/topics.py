"""Topics in Kafka 主题: made from the topic files, and compared with them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

_CONFIG: Final = {
    # Kept without end: domain topics are the history that new consumers begin with.
    "retention.ms": "-1",
    "cleanup.policy": "delete",
    "max.message.bytes": str(1024 * 1024),
    # A broker refuses records more than an hour ahead of its own clock: a database server whose clock runs ahead would
    # stop its relay. Nothing here is ordered or deleted by time.
    "message.timestamp.after.max.ms": str(2**63 - 1),
}
_PATIENCE: Final = 90.0


@dataclass(frozen=True, slots=True)
class TopicPlan:
    name: str
    partitions: int


def planned() -> list[TopicPlan]:
    """What the topic files say."""
    from gf_proto import TOPICS

    return [TopicPlan(name, topic.partitions) for name, topic in sorted(TOPICS.items())]


async def ensure(
    bootstrap: str,
    topics: Iterable[TopicPlan],
    *,
    replication: int = 1,
    security: Mapping[str, Any] | None = None,
) -> list[str]:
    """Create the topics that are missing; returns their names. Partition counts are never changed: keys would move."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=30_000, **(security or {}))
    # Its own time-out does not hold when the broker goes away in the middle.
    async with asyncio.timeout(_PATIENCE):
        return await _ensure(admin, topics, replication)


async def _ensure(admin: AIOKafkaAdminClient, topics: Iterable[TopicPlan], replication: int) -> list[str]:
    await admin.start()
    try:
        wanted = {topic.name: topic for topic in topics}
        existing = set(await admin.list_topics())
        config = dict(_CONFIG)
        if replication >= 3:
            config["min.insync.replicas"] = str(replication - 1)
        missing = [
            NewTopic(name, topic.partitions, replication, topic_configs=config)
            for name, topic in wanted.items()
            if name not in existing
        ]
        if not missing:
            return []
        answer = await admin.create_topics(missing)
        created = []
        for name, code, *message in answer.topic_errors:
            if code == 0:
                created.append(name)
            elif for_code(code) is not TopicAlreadyExistsError:
                raise for_code(code)(f"{name}: {message}")
        return created
    finally:
        await admin.close()
