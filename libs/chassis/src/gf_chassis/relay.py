"""The relay 转发: copies a service's journal to Kafka, in order, skipping nothing that was committed.

One relay per service is at work, elected by an advisory lock that lives and dies with one database connection. Progress
is recorded only after the broker has acknowledged: after a crash records are sent again, and consumers skip them.
"""

from __future__ import annotations

import asyncio
import contextlib
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer

from gf_chassis import crashpoints, journal
from gf_chassis.bounded import asked_to_stop, finish
from gf_chassis.cloudevents import source, to_kafka_headers
from gf_chassis.faults import describe
from gf_chassis.journal import MAX_PAYLOAD
from gf_chassis.metrics import METRICS
from gf_chassis.pace import rest
from gf_chassis.partitioning import murmur2_many
from gf_chassis.progress import Part
from gf_chassis.readers.window import Cursor, JournalMoved, JournalWindowReader
from gf_chassis.settings import plain_url

log = structlog.get_logger(__name__)

#: Seconds between two looks at the journal, at most.
_SLOWEST: Final = 0.25
#: A leader that cannot get an answer for so long gives up its place.
_PUBLISH_TIMEOUT: Final = 45.0
_NAME: Final = "kafka"
#: Places of the columns in a row of the window reader.
_TOPIC, _KEY = 3, 4

_LOAD: Final = "select lo, hi, last_id, max_id, system_id from relay_cursor where name = $1"
_CREATE: Final = (
    "insert into relay_cursor (name, lo, hi, last_id, max_id, system_id) values ($1, 0, 0, 0, 0, $2)"
    " on conflict (name) do nothing"
)
#: Compared with what it was: a relay that lost its lock without noticing must not move it.
_MARK: Final = (
    "update relay_cursor set lo = $2, hi = $3, last_id = $4, max_id = $5, system_id = $6,"
    " updated_at = clock_timestamp()"
    " where name = $1 and lo = $7 and hi = $8 and last_id = $9 and max_id = $10"
)


class LostLeadership(Exception):
    """Somebody else has moved the progress."""


class Relay:
    """One candidate. ``run`` returns when ``stop`` is set; whatever fails, it begins again with a new connection."""

    def __init__(
        self,
        service: str,
        database_url: str,
        bootstrap: str,
        part: Part,
        *,
        batch: int = 500,
        compression: str | None = "lz4",
        security: Mapping[str, Any] | None = None,
    ) -> None:
        self._service = service
        self._url = plain_url(database_url)
        self._bootstrap = bootstrap
        self._security = dict(security or {})
        self._part = part
        self._batch = batch
        self._compression = compression
        self._source = source(service)
        self._lock_key = zlib.crc32(f"relay:{service}".encode())
        self._partitions: dict[str, int] = {}
        self._wake = asyncio.Event()
        self._marked = Cursor()
        self._log = log.bind(relay=service)

    async def run(self, stop: asyncio.Event) -> None:
        forget = journal.on_published(self._poke(asyncio.get_running_loop()))
        attempt = 0
        try:
            while not stop.is_set():
                try:
                    await self._stand(stop)
                    attempt = 0
                except JournalMoved as error:
                    self._part.stopped = str(error)
                    self._log.error("relay stopped", error=str(error))
                    return
                except (Exception, asyncio.CancelledError) as error:
                    if asked_to_stop():
                        raise
                    self._part.struggle(describe(error))
                    self._log.warning("relay begins again", error=describe(error))
                    attempt += 1
                    await _wait(stop, min(5.0, 0.2 * 2 ** min(attempt, 10)))
        finally:
            forget()

    def _poke(self, loop: asyncio.AbstractEventLoop) -> Any:
        def poke() -> None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._wake.set)

        return poke

    async def _stand(self, stop: asyncio.Event) -> None:
        """Stand for election; lead while elected."""
        connection = await asyncpg.connect(
            self._url,
            timeout=10,
            command_timeout=30,
            server_settings={
                "application_name": f"greenladder-relay-{self._service}",
                "statement_timeout": "30000",
                "timezone": "UTC",
                # All it writes is its own progress: what a crash takes back of that is sent again, as after any crash.
                "synchronous_commit": "off",
            },
        )
        try:
            while not stop.is_set():
                if await connection.fetchval("select pg_try_advisory_lock($1)", self._lock_key):
                    await self._lead(connection, stop)
                    return
                self._part.step()
                await _wait(stop, 1.0)
        finally:
            # Ends the session and with it the lock.
            with contextlib.suppress(Exception):
                await connection.close(timeout=5)

    async def _lead(self, connection: Any, stop: asyncio.Event) -> None:
        self._log.info("relay leads")
        producer = await self._start_producer()
        METRICS.relay_leads.labels(self._service).set(1)
        try:
            reader = JournalWindowReader(await self._load(connection), name=f"relay of {self._service}")
            await reader.verify(connection)
            interval = rest(0)
            while not stop.is_set():
                copied = await self._copy(connection, producer, reader, stop)
                self._part.step()
                interval = rest(copied) if copied else min(interval * 2, _SLOWEST)
                if await self._nap(interval):
                    interval = rest(0)
        finally:
            METRICS.relay_leads.labels(self._service).set(0)
            await finish(producer.stop(), 10)

    async def _copy(self, connection: Any, producer: Any, reader: JournalWindowReader, stop: asyncio.Event) -> int:
        """Publish what is decided, and count it. While batches are full, the next is fetched as the broker writes the
        one before."""
        rows = await reader.next(connection, self._batch)
        copied = 0
        while rows:
            cursor = reader.cursor
            crashpoints.reach("relay.before_publish")
            # One wait for all of them: the sender then finds the batches together and needs one request a node.
            acknowledgements = await asyncio.wait_for(self._send(producer, rows), _PUBLISH_TIMEOUT)
            following: Sequence[asyncpg.Record] = ()
            try:
                # After a part of a batch there is most likely nothing yet: rows gather while the loop naps.
                if len(rows) == self._batch and not stop.is_set():
                    following = await reader.next(connection, self._batch)
            finally:
                await asyncio.wait_for(asyncio.gather(*acknowledgements), _PUBLISH_TIMEOUT)
            crashpoints.reach("relay.after_ack")
            await self._mark(connection, cursor)
            crashpoints.reach("relay.after_mark")
            self._part.count("published", len(rows))
            for topic, count in Counter(row[_TOPIC] for row in rows).items():
                METRICS.events_published.labels(self._service, topic).inc(count)
            self._part.step()
            copied += len(rows)
            rows = following
        return copied

    async def _send(self, producer: Any, rows: Sequence[asyncpg.Record]) -> list[asyncio.Future[Any]]:
        """Hand the rows to the producer, one batch or more per partition, in their order."""
        for topic in {row[_TOPIC] for row in rows} - self._partitions.keys():
            self._partitions[topic] = len(await producer.partitions_for(topic))
        keys = [row[_KEY].encode() for row in rows]
        filling: dict[tuple[str, int], Any] = {}
        batches: list[tuple[str, int, Any]] = []
        for row, key, hashed in zip(rows, keys, murmur2_many(keys), strict=True):
            _, recorded_at, trace, topic, name, number, message_type, payload = row
            place = (topic, (hashed & 0x7FFFFFFF) % self._partitions[topic])
            headers = to_kafka_headers(
                type=message_type,
                source=self._source,
                key=name,
                number=number,
                time=recorded_at,
                traceparent=trace or None,
            )
            moment = int(recorded_at.timestamp() * 1000)
            batch = filling.get(place)
            if batch is None or batch.append(timestamp=moment, key=key, value=payload, headers=headers) is None:
                batch = filling[place] = producer.create_batch()
                batches.append((*place, batch))
                if batch.append(timestamp=moment, key=key, value=payload, headers=headers) is None:
                    raise ValueError(f"{topic}/{name}/{number}: {len(payload)} bytes do not fit a batch")
        return [await producer.send_batch(batch, topic, partition=partition) for topic, partition, batch in batches]

    async def _load(self, connection: Any) -> Cursor:
        row = await connection.fetchrow(_LOAD, _NAME)
        if row is None:
            await connection.execute(_CREATE, _NAME, "")
            row = await connection.fetchrow(_LOAD, _NAME)
        self._marked = Cursor(*row)
        return self._marked

    async def _mark(self, connection: Any, cursor: Cursor) -> None:
        """Record the progress; refuse when somebody else moved it, for then we are not the leader any more."""
        was = self._marked
        done = await connection.execute(
            _MARK,
            _NAME,
            *(cursor.lo, cursor.hi, cursor.last_id, cursor.max_id, cursor.system_id),
            *(was.lo, was.hi, was.last_id, was.max_id),
        )
        if done != "UPDATE 1":
            raise LostLeadership("another relay has moved the progress")
        self._marked = cursor

    async def _start_producer(self) -> Any:
        """A producer of this leadership: an idempotent producer does not survive every error, so none is kept."""
        self._partitions.clear()
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            client_id=f"greenladder-relay-{self._service}",
            enable_idempotence=True,
            acks="all",
            compression_type=self._compression,
            linger_ms=0,
            # One event of the largest size and its headers always fit.
            max_batch_size=MAX_PAYLOAD + 64 * 1024,
            request_timeout_ms=30_000,
            retry_backoff_ms=100,
            metadata_max_age_ms=30_000,
            **self._security,
        )
        try:
            await asyncio.wait_for(producer.start(), 40)
        except BaseException:
            await finish(producer.stop(), 5)
            raise
        return producer

    async def _nap(self, seconds: float) -> bool:
        """Whether a commit of this process cut the sleep short."""
        try:
            await asyncio.wait_for(self._wake.wait(), seconds)
        except TimeoutError:
            return False
        await asyncio.sleep(0.001)
        self._wake.clear()
        return True


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
