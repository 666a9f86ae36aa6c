"""Held events 搁置事件: kept in the consumer's database until somebody settles them. Their bytes are never edited.

A key is redriven in order, or its first held event is skipped on the record by two different people. Used by the
command line and by the operations page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gf_chassis import positions
from gf_chassis.database import Database
from gf_chassis.errors import Conflict, NotFound
from gf_chassis.events import Subscription
from gf_chassis.journal import Actor, Entry
from gf_chassis.readers.port import Record


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key that stands still: its first held event and how many wait."""

    group: str
    topic: str
    key: str
    number: int
    type: str
    reason: str
    error: str
    first_seen: datetime
    waiting: int
    first_person: str


@dataclass(frozen=True, slots=True)
class HeldEvent:
    """One held event, as it came."""

    group: str
    topic: str
    key: str
    number: int
    type: str
    headers: dict[str, Any]
    payload: bytes
    reason: str
    error: str
    first_seen: datetime
    state: str
    first_person: str
    second_person: str
    note: str
    settled_at: datetime | None


# --- rows -----------------------------------------------------------------------------------------------------

_STORE = text(
    "insert into held_event (grp, topic, key, number, type, headers, payload, reason, error)"
    " values (:grp, :topic, :key, :number, :type, cast(:headers as jsonb), :payload, :reason, :error)"
    " on conflict (grp, topic, key, number) do nothing"
)


async def store(session: AsyncSession, group: str, record: Record, reason: str, error: str = "") -> None:
    """Keep a record. The caller holds the lock of the key's position."""
    headers = {"time": record.time.isoformat(), "traceparent": record.traceparent, "problem": record.problem}
    await session.execute(
        _STORE,
        {
            "grp": group,
            "topic": record.topic,
            "key": record.key,
            "number": record.number,
            "type": record.type,
            "headers": orjson.dumps(headers).decode(),
            "payload": record.payload,
            "reason": reason,
            "error": error,
        },
    )


_GET = text(
    "select type, headers, payload from held_event"
    " where grp = :grp and topic = :topic and key = :key and number = :number and state = 'held'"
)


async def get(session: AsyncSession, group: str, topic: str, key: str, number: int) -> Record | None:
    found = (await session.execute(_GET, {"grp": group, "topic": topic, "key": key, "number": number})).one_or_none()
    if found is None:
        return None
    headers = _json(found[1])
    return Record(
        topic=topic,
        key=key,
        number=number,
        type=found[0],
        time=datetime.fromisoformat(headers["time"]),
        payload=bytes(found[2]),
        traceparent=headers.get("traceparent"),
        problem=headers.get("problem") or "",
    )


_COUNT = text(
    "select count(*) from held_event"
    " where grp = :grp and topic = :topic and key = :key and number > :number and state = 'held'"
)


async def count(session: AsyncSession, group: str, topic: str, key: str, number: int) -> int:
    """How many events of the key wait after ``number``."""
    found = await session.execute(_COUNT, {"grp": group, "topic": topic, "key": key, "number": number})
    return int(found.scalar_one())


_SETTLE = text(
    "update held_event set state = 'redriven', settled_at = clock_timestamp(), error = '',"
    " first_person = case when first_person = '' then :person else first_person end"
    " where grp = :grp and topic = :topic and key = :key and number = :number"
)
_BLAME = text(
    "update held_event set reason = 'poison', error = :error"
    " where grp = :grp and topic = :topic and key = :key and number = :number and state = 'held'"
)


async def settle(session: AsyncSession, group: str, topic: str, key: str, number: int, person: str) -> None:
    """The event took effect now."""
    name = {"grp": group, "topic": topic, "key": key, "number": number}
    await session.execute(_SETTLE, {**name, "person": person})


async def blame(session: AsyncSession, group: str, topic: str, key: str, number: int, error: str) -> None:
    """This is the event that stops the key."""
    await session.execute(_BLAME, {"grp": group, "topic": topic, "key": key, "number": number, "error": error})


# --- what people do -------------------------------------------------------------------------------------------

_LIST = text(
    "select grp, topic, key, number, type, reason, error, first_seen, waiting, first_person from ("
    " select distinct on (grp, topic, key) grp, topic, key, number, type, reason, error, first_seen, first_person,"
    " count(*) over (partition by grp, topic, key) as waiting"
    " from held_event where state = 'held' order by grp, topic, key, number) k"
    " where (grp, topic, key) > (:grp, :topic, :key) order by grp, topic, key limit :limit"
)


async def list_held(
    session: AsyncSession, limit: int = 100, after: tuple[str, str, str] = ("", "", "")
) -> list[HeldKey]:
    """Keys that stand still, in order of group, topic and key; ``after`` is the last one of the page before."""
    group, topic, key = after
    found = await session.execute(_LIST, {"grp": group, "topic": topic, "key": key, "limit": limit})
    return [HeldKey(*row) for row in found]


_SHOW = text(
    'select grp as "group", topic, key, number, type, headers, payload, reason, error, first_seen, state, first_person,'
    " second_person, note, settled_at from held_event"
    " where grp = :grp and topic = :topic and key = :key order by number limit 200"
)


async def show(session: AsyncSession, group: str, topic: str, key: str) -> list[HeldEvent]:
    """The key's held events, also those that were settled, as they came."""
    found = await session.execute(_SHOW, {"grp": group, "topic": topic, "key": key})
    return [
        HeldEvent(**{**row._mapping, "headers": _json(row.headers), "payload": bytes(row.payload)}) for row in found
    ]


@dataclass(frozen=True, slots=True)
class Redriven:
    """``applied`` events took effect; ``left`` still wait, ``error`` says why."""

    applied: int
    left: int
    error: str = ""


async def redrive(
    database: Database, subscriptions: Sequence[Subscription], group: str, topic: str, key: str, person: str
) -> Redriven:
    """Try the key's held events again, in order (重新投递)."""
    from gf_chassis.delivery import drain

    subscription = _subscription(subscriptions, group)
    async with database.unit_of_work(Actor(person)) as uow:
        at = await positions.lock(uow.session, group, topic, key)
        if not await count(uow.session, group, topic, key, at.number):
            raise NotFound("该键没有被搁置的事件。", code="nothing_held")
        uow.journal(_entry("redrive_asked", group, topic, key, {"from": at.number + 1}))
        await uow.commit()
    done = await drain(database, subscription, topic, key, person)
    return Redriven(done.applied, done.left, done.error)


async def skip(
    database: Database,
    subscriptions: Sequence[Subscription],
    group: str,
    topic: str,
    key: str,
    number: int,
    person: str,
    note: str,
) -> Literal["asked", "skipped"]:
    """Leave out the first held event of the key (跳过). The first person asks, another one does it."""
    subscription = _subscription(subscriptions, group)
    async with database.unit_of_work(Actor(person)) as uow:
        at = await positions.lock(uow.session, group, topic, key)
        first = await _first_person(uow.session, group, topic, key, number)
        if number != at.number + 1:
            raise Conflict("not_first", f"只能跳过该键最先被搁置的事件（第 {at.number + 1} 号）。")
        if first == person:
            raise Conflict("second_person_needed", "跳过事件须由另一人确认，申请人不能自行确认。")
        data = {"number": number, "note": note}
        if not first:
            await _note_first(uow.session, group, topic, key, number, person, note)
            uow.journal(_entry("skip_asked", group, topic, key, data))
            await uow.commit()
            return "asked"
        await _mark_skipped(uow.session, group, topic, key, number, person, note)
        await positions.move(uow.session, group, topic, key, number, positions.GAP)
        uow.journal(_entry("skipped", group, topic, key, {**data, "asked_by": first}))
        await uow.commit()
    from gf_chassis.delivery import drain

    await drain(database, subscription, topic, key, person)
    return "skipped"


async def _first_person(session: AsyncSession, group: str, topic: str, key: str, number: int) -> str:
    found = await session.execute(
        text(
            "select first_person from held_event where grp = :grp and topic = :topic and key = :key"
            " and number = :number and state = 'held'"
        ),
        {"grp": group, "topic": topic, "key": key, "number": number},
    )
    person = found.scalar_one_or_none()
    if person is None:
        raise NotFound("没有这个被搁置的事件，或它已处理完毕。", code="nothing_held")
    return str(person)


async def _note_first(
    session: AsyncSession, group: str, topic: str, key: str, number: int, person: str, note: str
) -> None:
    await session.execute(
        text(
            "update held_event set first_person = :person, note = :note"
            " where grp = :grp and topic = :topic and key = :key and number = :number"
        ),
        {"grp": group, "topic": topic, "key": key, "number": number, "person": person, "note": note},
    )


async def _mark_skipped(
    session: AsyncSession, group: str, topic: str, key: str, number: int, person: str, note: str
) -> None:
    await session.execute(
        text(
            "update held_event set state = 'skipped', second_person = :person, settled_at = clock_timestamp(),"
            " note = case when note = '' then :note else note || ' / ' || :note end"
            " where grp = :grp and topic = :topic and key = :key and number = :number"
        ),
        {"grp": group, "topic": topic, "key": key, "number": number, "person": person, "note": note},
    )


def _subscription(subscriptions: Sequence[Subscription], group: str) -> Subscription:
    for subscription in subscriptions:
        if subscription.group == group:
            return subscription
    raise NotFound(f"没有消费组 {group}。", code="unknown_group")


def _entry(kind: str, group: str, topic: str, key: str, data: dict[str, Any]) -> Entry:
    return Entry("held_event", f"{group}/{topic}/{key}", kind, {**data, "at": datetime.now(UTC).isoformat()})


def _json(value: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = orjson.loads(value) if isinstance(value, (str, bytes)) else value
    return loaded
