"""A world of two services, maker and taker, with a real database each, and either transport between them."""

from __future__ import annotations

import asyncio
import contextlib
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from google.protobuf.message import Message
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from gf_chassis import migrate, positions
from gf_chassis.clock import Clock
from gf_chassis.consumer import BatchHandler, Consumer, Event, Handler, Limits, Subscription
from gf_chassis.database import Database, UnitOfWork
from gf_chassis.journal import EventPosition
from gf_chassis.progress import Part, ProgressWatch
from gf_chassis.readers.journal import JournalReader
from gf_chassis.readers.kafka import KafkaReader
from gf_chassis.relay import Relay
from gf_chassis.settings import DatabaseSettings, async_url, plain_url
from gf_chassis.tables import service_base
from gf_chassis.topics import TopicPlan, ensure
from gf_chassis.worker import owner_of
from greenladder.intake.v1 import submissions_pb2 as submissions

EFFECTS = "create table effect (id bigint generated always as identity, grp text, key text, number int, note text)"


async def spine(database: Any) -> None:
    """The tables of the chassis and one table of effects, with the rights a migration gives."""
    engine = create_async_engine(async_url(database.owner_url))
    async with engine.begin() as connection:
        await connection.run_sync(service_base(database.service).metadata.create_all)
        await connection.execute(text("create table alembic_version (version_num text)"))
        await connection.execute(text(EFFECTS))
        await migrate.grant(connection, f"gf_{database.service}_app")
    await engine.dispose()


def asked(key: str, reason: str = "") -> submissions.WithdrawalRequested:
    return submissions.WithdrawalRequested(submission_id=key, round=1, reason=reason)


async def note(uow: UnitOfWork, event: Event, text_: str = "") -> None:
    """The effect of an event: a row, which nothing makes unique."""
    await uow.session.execute(
        text("insert into effect (grp, key, number, note) values (:grp, :key, :number, :note)"),
        {"grp": uow.actor.subject, "key": event.key, "number": event.number, "note": text_},
    )


@dataclass
class Running:
    """A consumer at work."""

    subscription: Subscription
    part: Part
    stop: asyncio.Event
    task: asyncio.Task[None]

    async def end(self) -> None:
        self.stop.set()
        await asyncio.wait_for(self.task, 40)


@dataclass
class World:
    transport: str
    maker: Any
    taker: Any
    database: Database
    topic: str
    bootstrap: str
    owner: asyncpg.Connection
    progress: ProgressWatch = field(default_factory=ProgressWatch)
    running: list[Running] = field(default_factory=list)
    relay: Running | None = None
    partitions: int = 3

    async def emit(
        self,
        key: str,
        number: int,
        message: Message | None = None,
        *,
        payload: bytes | None = None,
        connection: Any = None,
        type: str | None = None,
        topic: str | None = None,
    ) -> None:
        """Write one published line, as a service's unit of work would; also such that it never would."""
        sent = message if message is not None else asked(key, str(number))
        await (connection or self.owner).execute(
            "insert into journal (aggregate, aggregate_id, type, actor, authority, basis, reason, trace, data, topic,"
            " key, number, message_type, payload) values ('thing', $1, 'made', 'test', '', '', '', '', '{}',"
            " $2, $1, $3, $4, $5)",
            key,
            topic or self.topic,
            number,
            type or sent.DESCRIPTOR.full_name,
            sent.SerializeToString() if payload is None else payload,
        )

    async def connect_maker(self) -> asyncpg.Connection:
        return await asyncpg.connect(plain_url(self.maker.owner_url))

    def subscription(
        self,
        handler: Handler | None = None,
        *,
        batch: BatchHandler | None = None,
        group: str = "",
        topics: Sequence[str] = (),
        handlers: Mapping[type[Message], Handler] | None = None,
    ) -> Subscription:
        return Subscription(
            group or f"taker.{uuid.uuid4().hex[:8]}",
            "process",
            tuple(topics) or (self.topic,),
            handlers if handlers is not None else ({submissions.WithdrawalRequested: handler} if handler else {}),
            {submissions.WithdrawalRequested: batch} if batch else {},
        )

    def start_relay(self) -> Running:
        part = self.progress.part("relay")
        stop = asyncio.Event()
        relay = Relay("maker", self.maker.app_url, self.bootstrap, part)
        running = Running(self.subscription(note), part, stop, asyncio.create_task(relay.run(stop)))
        self.running.append(running)
        return running

    def start(self, subscription: Subscription, limits: Limits | None = None) -> Running:
        if self.transport == "kafka" and self.relay is None:
            self.relay = self.start_relay()
        part = self.progress.part(f"consumer:{subscription.group}:{len(self.running)}")
        stop = asyncio.Event()
        consumer = Consumer(
            subscription, self.database, self.reader(subscription), part, limits or Limits(read_timeout=0.2)
        )
        running = Running(subscription, part, stop, asyncio.create_task(consumer.run(stop)))
        self.running.append(running)
        return running

    def reader(self, subscription: Subscription) -> Any:
        if self.transport == "kafka":
            return KafkaReader(subscription.group, subscription.topics, self.bootstrap, session_timeout=6)
        urls = {"maker": self.maker.app_url}
        return JournalReader(subscription.group, subscription.topics, self.database, urls, owner=owner_of)

    async def rows(self, sql: str, *arguments: Any) -> list[Any]:
        connection = await asyncpg.connect(plain_url(self.taker.owner_url))
        try:
            return list(await connection.fetch(sql, *arguments))
        finally:
            await connection.close()

    async def effects(self, subscription: Subscription) -> list[tuple[str, int]]:
        """What took effect, in the order in which it did."""
        found = await self.rows(
            "select key, number from effect where grp = $1 order by id", f"consumer:{subscription.group}"
        )
        return [(row["key"], row["number"]) for row in found]

    async def numbers(self, subscription: Subscription, key: str) -> list[int]:
        return [number for name, number in await self.effects(subscription) if name == key]

    async def until(self, condition: Callable[[], Awaitable[Any]], what: str, timeout: float = 30) -> None:
        end = time.monotonic() + timeout
        while not await condition():
            for running in self.running:
                if running.task.done() and not running.part.stopped:
                    running.task.result()
            assert time.monotonic() < end, f"waited {timeout:.0f} s for: {what}; {self.progress.parts}"
            await asyncio.sleep(0.03)

    async def reached(self, subscription: Subscription, key: str, number: int, timeout: float = 30) -> None:
        position = EventPosition(self.topic, key, number)

        async def there() -> bool:
            return await positions.wait_for(self.database, [subscription.group], position, timeout=0.2)

        await self.until(there, f"{subscription.group} at {position}", timeout)

    async def send_again(self) -> None:
        """Everything once more: the relay's progress is lost, or that of the standalone readers."""
        if self.transport == "kafka":
            if self.relay is not None:
                await self.relay.end()
                self.relay = None
            await self.owner.execute("delete from relay_cursor")
        else:
            await self.rows("delete from journal_cursor")

    async def close(self) -> None:
        for running in self.running:
            running.stop.set()
        for running in self.running:
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await asyncio.wait_for(running.task, 40)
        await self.database.close()
        await self.owner.close()


async def make_world(
    service_database: Callable[..., Awaitable[Any]],
    transport: str,
    bootstrap: str = "",
    *,
    partitions: int = 3,
    replication: int = 1,
) -> World:
    maker = await service_database("maker", prepare=spine)
    taker = await service_database("taker", prepare=spine)
    topic = f"maker.t{uuid.uuid4().hex[:10]}"
    if transport == "kafka":
        await ensure(bootstrap, [TopicPlan(topic, partitions)], replication=replication)
    return World(
        transport,
        maker,
        taker,
        Database(DatabaseSettings(url=taker.app_url, pool_size=10), Clock()),
        topic,
        bootstrap,
        await asyncpg.connect(plain_url(maker.owner_url)),
        partitions=partitions,
    )
