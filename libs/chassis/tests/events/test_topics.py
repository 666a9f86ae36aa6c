"""What the topics of the broker take."""

import time
import uuid

import pytest
from aiokafka import AIOKafkaProducer

from gf_chassis.topics import TopicPlan, ensure
from tests.support.kafka import KafkaServer

pytestmark = pytest.mark.kafka


async def test_a_clock_that_runs_ahead_stops_nothing(kafka: KafkaServer) -> None:
    """Records carry the database server's time, which may be ahead of the broker's by any amount."""
    topic = f"ahead-{uuid.uuid4().hex[:8]}"
    assert await ensure(kafka.bootstrap, [TopicPlan(topic, 1)]) == [topic]
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    try:
        ahead = int((time.time() + 30 * 86400) * 1000)
        sent = await producer.send_and_wait(topic, b"x", timestamp_ms=ahead)
    finally:
        await producer.stop()
    assert sent.timestamp == ahead
