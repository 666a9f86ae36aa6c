"""The journal 流水: one append-only table that is history, audit and outbox at once.

An :class:`Entry` says who did what to which aggregate and why; with a :class:`Published` it is an event too. Entries
are checked when they are handed over and written by ``UnitOfWork.commit()`` after everything else was flushed, so the
row of the aggregate is locked before the journal row exists: numbers of a key then follow the order of the ids.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final

import orjson
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from opentelemetry import trace
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from gf_chassis.errors import Rejected

#: What a broker and every consumer are sure to take (256 KiB).
MAX_PAYLOAD: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts (操作人); ``authority`` is the authority he or she acts for."""

    subject: str
    name: str = ""
    authority: str = ""
    roles: frozenset[str] = frozenset()


#: The system itself: deadlines, consumers of events.
SYSTEM: Final = Actor("system")


@dataclass(frozen=True, slots=True)
class Published:
    """An event to be published. ``number`` counts 1, 2, 3 … per key, kept in the aggregate's row under its lock."""

    topic: str
    key: str
    number: int
    message: Message


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of history (流水记录). ``basis`` is the article or document, ``reason`` what the person wrote."""

    aggregate: str
    aggregate_id: str
    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    basis: str = ""
    reason: str = ""
    published: Published | None = None


@dataclass(frozen=True, slots=True)
class EventPosition:
    """Where an event stands; the ``Event-Position`` and ``Wait-For`` headers spell it ``topic/key/number``."""

    topic: str
    key: str
    number: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.key}/{self.number}"

    @classmethod
    def parse(cls, value: str) -> EventPosition | None:
        """The position, or None where the text is not one."""
        topic, _, rest = value.strip().partition("/")
        key, _, number = rest.rpartition("/")
        if not topic or not key or not number.isascii() or not number.isdigit() or len(number) > 9:
            return None
        return cls(topic, key, int(number))


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A line as it stands in the journal."""

    id: int
    recorded_at: datetime
    aggregate: str
    aggregate_id: str
    type: str
    actor: str
    authority: str
    basis: str
    reason: str
    trace: str
    data: Mapping[str, Any]
    topic: str | None
    key: str | None
    number: int | None
    message_type: str | None


class InvalidEvent(ValueError):
    """A programming error of the producer: the event must not be sent like this."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An entry checked and serialised, ready for the insert."""

    entry: Entry
    data: str
    message_type: str | None
    payload: bytes | None


def prepare(entry: Entry) -> Prepared:
    """Check and serialise an entry. Too large an event is refused here, before anything was accepted."""
    data = orjson.dumps(entry.data, default=_plain).decode()
    published = entry.published
    if published is None:
        return Prepared(entry, data, None, None)
    if published.number < 1:
        raise InvalidEvent(f"{published.topic}/{published.key}: numbers start at 1, not {published.number}")
    if not published.topic or not published.key:
        raise InvalidEvent("an event needs a topic and a key")
    descriptor = published.message.DESCRIPTOR
    unspecified = first_unspecified(published.message)
    if unspecified:
        raise InvalidEvent(f"{descriptor.full_name}.{unspecified} is UNSPECIFIED")
    payload = published.message.SerializeToString(deterministic=True)
    require_size(payload)
    return Prepared(entry, data, descriptor.full_name, payload)


def require_size(payload: bytes) -> None:
    """Refuse an event that brokers and consumers may not take."""
    if len(payload) > MAX_PAYLOAD:
        raise Rejected(
            "event_too_large",
            f"本次提交的内容过大（{len(payload) // 1024} KiB），超过每次 {MAX_PAYLOAD // 1024} KiB 的上限，"
            "请精简填报内容（长文字、产品行）后重新提交。",
            status=413,
        )


def _plain(value: Any) -> Any:
    """What JSON does not know: exact numbers as text, sets as sorted lists, everything else by its own spelling."""
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


#: What orders the journal: the writer's transaction id, or that of the last transaction completed when the row was
#: written, whichever is later. The own id alone would not do: a writer that took its id early and its lock late could
#: be decided while its predecessor on the same key still lies beyond a third, running transaction. This value never
#: falls along a key, because each writer sees its predecessor completed; so the journal row must be written by a
#: statement after the one that took the lock.
HORIZON: Final = (
    "greatest(pg_current_xact_id(), (pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)::text::xid8)"
)

#: The horizon is the same for all rows of a statement; to ask for it row by row, as the column's default does, costs
#: more than an index. The offset of the clock follows.
_INTO: Final = (
    "insert into journal (xid, recorded_at, aggregate, aggregate_id, type, actor, authority, basis, reason, trace,"
    f" data, topic, key, number, message_type, payload) select (select {HORIZON}), clock_timestamp() + "
)

_INSERT: Final[TextClause] = text(
    f"{_INTO}cast(:offset as interval),"
    " aggregate, aggregate_id, type, actor, authority, basis, reason, trace, data::jsonb,"
    " topic, key, number, message_type, payload"
    " from unnest(cast(:aggregate as text[]), cast(:aggregate_id as text[]), cast(:type as text[]),"
    " cast(:actor as text[]), cast(:authority as text[]), cast(:basis as text[]), cast(:reason as text[]),"
    " cast(:trace as text[]), cast(:data as text[]), cast(:topic as text[]), cast(:key as text[]),"
    " cast(:number as int[]), cast(:message_type as text[]), cast(:payload as bytea[]))"
    " with ordinality as r(aggregate, aggregate_id, type, actor, authority, basis, reason, trace, data,"
    " topic, key, number, message_type, payload, position)"
    " order by position"
)


async def append(session: AsyncSession, rows: Sequence[tuple[Prepared, Actor]], traceparent: str = "") -> None:
    """Write the lines in the given order, in one statement. The caller holds the locks of the aggregates.

    They are recorded at the database clock, moved as ``uow.now()`` is: a unit of work leaves its clock in the session.
    """
    if not rows:
        return
    clock = session.info.get("clock")
    offset = clock.offset if clock is not None else timedelta(0)
    entries = [row.entry for row, _ in rows]
    published = [entry.published for entry in entries]
    alike = {_common(row, actor) for row, actor in rows} if len(rows) > 1 else set()
    if len(alike) == 1:
        await _append_alike(
            session, rows, {**dict(zip(_COMMON, alike.pop(), strict=True)), "offset": offset}, traceparent
        )
        return
    await session.execute(
        _INSERT,
        {
            "offset": offset,
            "aggregate": [e.aggregate for e in entries],
            "aggregate_id": [e.aggregate_id for e in entries],
            "type": [e.type for e in entries],
            "actor": [actor.subject for _, actor in rows],
            "authority": [actor.authority for _, actor in rows],
            "basis": [e.basis for e in entries],
            "reason": [e.reason for e in entries],
            "trace": [traceparent] * len(rows),
            "data": [row.data for row, _ in rows],
            "topic": [p.topic if p else None for p in published],
            "key": [p.key if p else None for p in published],
            "number": [p.number if p else None for p in published],
            "message_type": [row.message_type for row, _ in rows],
            "payload": [row.payload for row, _ in rows],
        },
    )


#: What the lines of a batch nearly always have in common. Binding an array costs per element, so these go as one value.
_COMMON: Final = ("aggregate", "type", "actor", "authority", "basis", "reason", "topic", "message_type")
_INSERT_ALIKE: Final[TextClause] = text(
    f"{_INTO}cast(:offset as interval),"
    " :aggregate, aggregate_id, :type, :actor, :authority, :basis, :reason, :trace, data::jsonb,"
    " :topic, key, number, :message_type, payload"
    " from unnest(cast(:aggregate_id as text[]), cast(:data as text[]), cast(:key as text[]), cast(:number as int[]),"
    " cast(:payload as bytea[])) with ordinality as r(aggregate_id, data, key, number, payload, position)"
    " order by position"
)


def _common(row: Prepared, actor: Actor) -> tuple[str | None, ...]:
    entry, published = row.entry, row.entry.published
    topic = None if published is None else published.topic
    common = (entry.aggregate, entry.type, actor.subject, actor.authority, entry.basis, entry.reason)
    return (*common, topic, row.message_type)


async def _append_alike(
    session: AsyncSession, rows: Sequence[tuple[Prepared, Actor]], common: Mapping[str, Any], traceparent: str
) -> None:
    published = [row.entry.published for row, _ in rows]
    await session.execute(
        _INSERT_ALIKE,
        {
            **common,
            "trace": traceparent,
            "aggregate_id": [row.entry.aggregate_id for row, _ in rows],
            "data": [row.data for row, _ in rows],
            "key": [one.key if one else None for one in published],
            "number": [one.number if one else None for one in published],
            "payload": [row.payload for row, _ in rows],
        },
    )


#: Lines that publish, as part of the statement that writes their rows (hot paths): follow it with a relation of
#: ``key, number, actor, authority, data, payload``. The numbers of a key follow the order of the ids only if its lock
#: was taken by an earlier statement, or the key is new (docs/adr/0002). An aggregate's id is its key.
LINES_SQL: Final = (
    f"{_INTO}cast(:line_offset as interval), :line_aggregate, key, :line_type, actor, authority, :line_basis,"
    " :line_reason, :line_trace, data, :line_topic, key, number, :line_message_type, payload from "
)


_HISTORY: Final[TextClause] = text(
    "select id, recorded_at, aggregate, aggregate_id, type, actor, authority, basis, reason, trace, data,"
    " topic, key, number, message_type from journal"
    " where aggregate_id = :aggregate_id and aggregate = :aggregate order by id"
)


async def history(session: AsyncSession, aggregate: str, aggregate_id: str) -> list[JournalRow]:
    """All lines of one aggregate (办理记录), oldest first."""
    found = await session.execute(_HISTORY, {"aggregate": aggregate, "aggregate_id": aggregate_id})
    return [JournalRow(**{**row._mapping, "data": _json(row.data)}) for row in found]


def _json(value: Any) -> Mapping[str, Any]:
    """A text() query gives jsonb as text or as a value, by the codec of the connection."""
    loaded: Mapping[str, Any] = orjson.loads(value) if isinstance(value, (str, bytes)) else value
    return loaded


#: Called after a commit that published, in this process: a hint that saves a poll, nothing rests on it.
_LISTENERS: set[Callable[[], None]] = set()


def published() -> None:
    for listener in tuple(_LISTENERS):
        listener()


def on_published(listener: Callable[[], None]) -> Callable[[], None]:
    """Be told of commits of this process that published; returns how to end it."""
    _LISTENERS.add(listener)
    return lambda: _LISTENERS.discard(listener)


def current_traceparent() -> str:
    """W3C trace context of the running span, or nothing."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


# --- enum checks, compiled once per message type -----------------------------------------------------------------

_Check = Callable[[Any], str | None]
_MISSING: dict[str, _Check | None] = {}
_UNKNOWN: dict[str, _Check | None] = {}


def first_unspecified(message: Message) -> str | None:
    """Path of the first enum field that says UNSPECIFIED, or None. 0 is refused on the producing side."""
    check = _compiled(message.DESCRIPTOR, _MISSING, _missing_field)
    return check(message) if check else None


def first_unknown(message: Message) -> str | None:
    """Path of the first enum field whose number this build does not know, or None (a newer producer)."""
    check = _compiled(message.DESCRIPTOR, _UNKNOWN, _unknown_field)
    return check(message) if check else None


def _missing_field(descriptor: FieldDescriptor) -> Callable[[int], bool]:
    return lambda value: value == 0


def _unknown_field(descriptor: FieldDescriptor) -> Callable[[int], bool]:
    kind = descriptor.enum_type
    known = frozenset(value.number for value in kind.values) if kind is not None else frozenset()
    return lambda value: value not in known


def _repeated(descriptor: FieldDescriptor) -> bool:
    return bool(descriptor.is_repeated)


def _compiled(
    descriptor: Any,
    cache: dict[str, _Check | None],
    wrong: Callable[[FieldDescriptor], Callable[[int], bool]],
) -> _Check | None:
    """A function that walks only the fields which (transitively) hold an enum; None when there are none."""
    name = descriptor.full_name
    if name in cache:
        return cache[name]
    steps: list[_Check] = []

    def run(message: Any) -> str | None:
        for step in steps:
            found = step(message)
            if found:
                return found
        return None

    # Present before the fields are looked at, so that a message which contains itself ends.
    cache[name] = run
    for one in descriptor.fields:
        if one.enum_type is not None:
            steps.append(_enum_step(one, wrong(one)))
        elif one.message_type is not None:
            inner = _compiled(one.message_type, cache, wrong)
            if inner is not None:
                steps.append(_message_step(one, inner, wrong))
    if not steps:
        cache[name] = None
    return cache[name]


def _enum_step(descriptor: FieldDescriptor, is_wrong: Callable[[int], bool]) -> _Check:
    name = descriptor.name

    def many(message: Any) -> str | None:
        return name if any(is_wrong(value) for value in getattr(message, name)) else None

    def optional(message: Any) -> str | None:
        return name if message.HasField(name) and is_wrong(getattr(message, name)) else None

    def one(message: Any) -> str | None:
        return name if is_wrong(getattr(message, name)) else None

    if _repeated(descriptor):
        return many
    return optional if descriptor.has_presence else one


def _message_step(
    descriptor: FieldDescriptor, inner: _Check, wrong: Callable[[FieldDescriptor], Callable[[int], bool]]
) -> _Check:
    name = descriptor.name
    quick = _quick(descriptor.message_type, wrong)

    def many(message: Any) -> str | None:
        if quick is not None and quick(getattr(message, name)):
            return None
        for index, item in enumerate(getattr(message, name)):
            found = inner(item)
            if found:
                return f"{name}[{index}].{found}"
        return None

    def one(message: Any) -> str | None:
        if not message.HasField(name):
            return None
        found = inner(getattr(message, name))
        return f"{name}.{found}" if found else None

    return many if _repeated(descriptor) else one


def _quick(
    descriptor: Any, wrong: Callable[[FieldDescriptor], Callable[[int], bool]]
) -> Callable[[Iterable[Any]], bool] | None:
    """For rows with one plain enum and no other inside (facts, lines): whether all of them are in order, in one go."""
    enums = [one for one in descriptor.fields if one.enum_type is not None]
    deeper = any(one.message_type is not None and one.message_type.full_name not in _FLAT for one in descriptor.fields)
    if len(enums) != 1 or deeper or enums[0].has_presence or _repeated(enums[0]):
        return None
    value_of, is_wrong = attrgetter(enums[0].name), wrong(enums[0])
    return lambda rows: not any(is_wrong(value) for value in set(map(value_of, rows)))


#: Messages known to hold no enum, so that the look into them can be spared.
_FLAT: Final = frozenset({"greenladder.common.v1.Codes", "google.protobuf.Timestamp"})


def positions(rows: Iterable[Prepared]) -> list[EventPosition]:
    """What the lines publish."""
    return [
        EventPosition(row.entry.published.topic, row.entry.published.key, row.entry.published.number)
        for row in rows
        if row.entry.published is not None
    ]
