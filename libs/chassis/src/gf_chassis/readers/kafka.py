"""The Kafka adapter: aiokafka's consumer with manual commits.

What its threads and our measurements say (each line is a trap that was met):
offsets are committed explicitly, filtered by the assignment, because a bare ``commit()`` after a rebalance commits
nothing and one lost partition makes the whole commit fail; ``getmany`` is never cancelled; a consumer can stay alive
and read nothing, so staleness is watched and the consumer built anew; ``stop()`` may hang, so it is bounded.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from gf_chassis.bounded import finish
from gf_chassis.cloudevents import from_kafka_headers
from gf_chassis.errors import Poison, Transient
from gf_chassis.faults import describe
from gf_chassis.readers.port import Batch, Lane, LaneState, ReaderState, Record

log = structlog.get_logger(__name__)

#: Thrice the largest batch the relay writes: a batch larger than the fetch would be stepped over in silence. Not more,
#: for so much is kept of every partition, and the first pod of a group has them all.
_FETCH_BYTES: Final = 1024 * 1024
#: A member without partitions leaves the group after the poll interval and never comes back (aiokafka #1187).
_POLL_INTERVAL: Final = 300.0


class KafkaReader:
    """Reader port over Kafka. Partitions are lanes."""

    def __init__(
        self,
        group: str,
        topics: Sequence[str],
        bootstrap: str,
        *,
        max_records: int = 500,
        group_instance_id: str | None = None,
        session_timeout: float = 30.0,
        drain_timeout: float = 20.0,
        security: Mapping[str, Any] | None = None,
    ) -> None:
        self.state = ReaderState()
        self._group = group
        self._topics = tuple(topics)
        self._bootstrap = bootstrap
        self._max_records = max_records
        self._instance = group_instance_id
        self._session_timeout = session_timeout
        self._drain_timeout = drain_timeout
        self._security = dict(security or {})
        self._consumer: Any = None
        self._epochs: dict[Lane, int] = {}
        self._epoch = 0
        self._expected: dict[Lane, int] = {}
        #: A batch was handed out and is not yet committed.
        self._out: set[Lane] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._unassigned_since = time.monotonic()
        self._log = log.bind(group=group)

    async def start(self) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self._group,
            group_instance_id=self._instance,
            client_id=f"greenladder-{self._group}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_poll_records=self._max_records,
            max_poll_interval_ms=int(_POLL_INTERVAL * 1000),
            max_partition_fetch_bytes=_FETCH_BYTES,
            fetch_max_wait_ms=100,
            session_timeout_ms=int(self._session_timeout * 1000),
            heartbeat_interval_ms=1000,
            rebalance_timeout_ms=int((self._drain_timeout + 10) * 1000),
            request_timeout_ms=15_000,
            metadata_max_age_ms=30_000,
            retry_backoff_ms=200,
            **self._security,
        )
        self._consumer = consumer
        consumer.subscribe(topics=list(self._topics), listener=_Listener(self))
        self._unassigned_since = time.monotonic()
        try:
            await asyncio.wait_for(consumer.start(), 60)
        except (KafkaError, OSError, TimeoutError) as error:
            raise Transient(f"Kafka does not answer: {describe(error)}") from error

    async def read(self, timeout: float) -> list[Batch]:
        free = self._free()
        if self._out and not free:
            return []
        found = await self._consumer.getmany(*free, timeout_ms=int(timeout * 1000), max_records=self._max_records)
        batches = []
        for partition, records in found.items():
            lane = Lane(partition.topic, partition.partition)
            if lane not in self._epochs:
                continue
            self._out.add(lane)
            self._notice_gap(lane, records[0].offset)
            self._expected[lane] = records[-1].offset + 1
            batches.append(
                Batch(lane, [_record(record) for record in records], self._epochs[lane], records[-1].offset + 1)
            )
        if batches:
            self._idle.clear()
        self._observe()
        return batches

    def _free(self) -> list[Any]:
        """The partitions that may give records; none: all of them, whatever they will be."""
        if not self._out:
            return []
        return [TopicPartition(*lane) for lane in self._epochs if lane not in self._out]

    def _notice_gap(self, lane: Lane, offset: int) -> None:
        """Offsets of our topics have no holes: one means that records were stepped over."""
        expected = self._expected.get(lane)
        if expected is not None and offset > expected:
            self._log.error("offsets are missing", lane=str(lane), expected=expected, found=offset)

    def _observe(self) -> None:
        now = time.monotonic()
        wall = time.time()
        if self._epochs:
            self._unassigned_since = now
        for lane in self._epochs:
            state = self.state.lanes.get(lane)
            if state is None:
                continue
            partition = TopicPartition(lane.topic, lane.partition)
            try:
                polled = self._consumer.last_poll_timestamp(partition)
                high = self._consumer.highwater(partition)
            except (IllegalStateError, AttributeError):
                continue  # lost between two lines; the listener forgets the lane
            if polled:
                state.answered_at = max(state.answered_at, now - max(0.0, wall - polled / 1000))
            if high is not None:
                state.lag = max(0, high - self._expected.get(lane, 0)) if lane in self._expected else None
            if not state.lag:
                state.advanced_at = now

    def current(self, batch: Batch) -> bool:
        return self._epochs.get(batch.lane) == batch.epoch

    async def commit(self, batches: Sequence[Batch]) -> None:
        now = time.monotonic()
        assigned = self._consumer.assignment()
        offsets: dict[Any, int] = {}
        for batch in batches:
            partition = TopicPartition(batch.lane.topic, batch.lane.partition)
            if not self.current(batch):
                continue
            self._out.discard(batch.lane)
            if partition in assigned and isinstance(batch.mark, int):
                offsets[partition] = batch.mark
                self.state.lanes[batch.lane].advanced_at = now
        if not offsets:
            return
        try:
            await asyncio.wait_for(self._consumer.commit(offsets), 15)
        except (CommitFailedError, IllegalStateError) as error:
            # The lane went to another member, which will find the effects done and skip them.
            self._log.info("offsets not committed, lanes moved", error=describe(error))
        except (KafkaError, TimeoutError) as error:
            # The next commit of the lane covers this one; until then a restart reads duplicates.
            self._log.warning("offsets not committed", error=describe(error))

    def hold(self) -> None:
        self._idle.clear()

    def release(self) -> None:
        self._idle.set()

    def pause(self, lane: Lane) -> None:
        partition = TopicPartition(lane.topic, lane.partition)
        if partition in self._consumer.assignment():
            self._consumer.pause(partition)

    def resume(self, lane: Lane) -> None:
        partition = TopicPartition(lane.topic, lane.partition)
        if partition in self._consumer.assignment():
            self._consumer.resume(partition)

    def stale(self, after: float) -> str:
        now = time.monotonic()
        for lane, state in self.state.lanes.items():
            if now - state.answered_at > after and lane in self._epochs and not self._is_paused(lane):
                return f"no answer for {lane} in {now - state.answered_at:.0f} s"
        if not self._epochs and now - self._unassigned_since > _POLL_INTERVAL * 0.8:
            return "no partition for too long: joining the group again before it forgets us"
        return ""

    def _is_paused(self, lane: Lane) -> bool:
        return TopicPartition(lane.topic, lane.partition) in self._consumer.paused()

    async def stop(self) -> None:
        self._idle.set()
        consumer, self._consumer = self._consumer, None
        self._forget()
        if consumer is None:
            return
        wrong = await finish(consumer.stop(), 10)
        if wrong is not None:
            self._log.warning("consumer did not stop cleanly", error=describe(wrong))

    # --- the rebalance listener calls these ----------------------------------------------------------------------

    async def revoked(self) -> None:
        """Let the batch in work finish and commit, then forget the lanes."""
        try:
            await asyncio.wait_for(self._idle.wait(), self._drain_timeout)
        except TimeoutError:
            self._log.warning("lanes given away with a batch in work; its offsets stay uncommitted")
        self._forget()

    def assigned(self, partitions: Sequence[Any]) -> None:
        self._epoch += 1
        now = time.monotonic()
        self._unassigned_since = now
        for partition in partitions:
            lane = Lane(partition.topic, partition.partition)
            self._epochs[lane] = self._epoch
            self.state.lanes[lane] = LaneState(now, now)

    def _forget(self) -> None:
        self._epochs.clear()
        self._expected.clear()
        self._out.clear()
        self.state.lanes.clear()
        self._unassigned_since = time.monotonic()


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, reader: KafkaReader) -> None:
        self._reader = reader

    async def on_partitions_revoked(self, revoked: Sequence[Any]) -> None:
        if revoked:
            await self._reader.revoked()

    async def on_partitions_assigned(self, assigned: Sequence[Any]) -> None:
        self._reader.assigned(assigned)


def _record(found: Any) -> Record:
    try:
        envelope = from_kafka_headers(found.headers)
        if found.key is None or found.key.decode() != envelope.key:
            raise Poison("record key and ce_subject do not agree")
    except (Poison, UnicodeDecodeError) as error:
        return _unreadable(found, describe(error))
    return Record(
        topic=found.topic,
        key=envelope.key,
        number=envelope.number,
        type=envelope.type,
        time=envelope.time,
        payload=found.value or b"",
        traceparent=envelope.traceparent,
    )


def _unreadable(found: Any, problem: str) -> Record:
    """A record without a readable envelope has no key: it is held under its place in the topic."""
    return Record(
        topic=found.topic,
        key=f"?{found.partition}:{found.offset}",
        number=1,
        type="",
        time=datetime.fromtimestamp(found.timestamp / 1000, UTC),
        payload=found.value or b"",
        problem=problem,
    )
