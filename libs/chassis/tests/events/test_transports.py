"""One suite for both transports: order, duplicates, gaps, poison, restart, shutdown, a slow group beside a fast one."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text

from gf_chassis import held
from gf_chassis.consumer import Event, Limits, Poison, Transient
from gf_chassis.database import UnitOfWork
from gf_chassis.errors import Rejected
from gf_chassis.partitioning import partition_of
from greenladder.intake.v1 import submissions_pb2 as submissions

from .world import World, asked, note

pytestmark = pytest.mark.db

KEYS = [f"k{n}" for n in range(7)]


async def test_every_event_once_and_in_order_per_key(world: World) -> None:
    mine = world.subscription(note)
    world.start(mine)
    for number in range(1, 21):
        for key in KEYS:
            await world.emit(key, number)
    for key in KEYS:
        await world.reached(mine, key, 20)
    effects = await world.effects(mine)
    assert len(effects) == 140
    for key in KEYS:
        assert [number for name, number in effects if name == key] == list(range(1, 21))


async def test_a_new_group_starts_at_the_beginning(world: World) -> None:
    for number in range(1, 6):
        await world.emit("a", number)
    mine = world.subscription(note)
    world.start(mine)
    await world.reached(mine, "a", 5)
    assert await world.numbers(mine, "a") == [1, 2, 3, 4, 5]


async def test_events_sent_again_have_no_second_effect(world: World) -> None:
    mine = world.subscription(note)
    first = world.start(mine)
    for number in range(1, 11):
        await world.emit("a", number)
        await world.emit("b", number)
    await world.reached(mine, "a", 10)
    await world.reached(mine, "b", 10)
    await first.end()
    await world.send_again()
    again = world.start(mine)
    await world.emit("a", 11)
    await world.reached(mine, "a", 11)
    assert await world.numbers(mine, "a") == list(range(1, 12))
    assert await world.numbers(mine, "b") == list(range(1, 11))

    async def skipped() -> bool:
        return again.part.counts.get("duplicate", 0) >= 20

    await world.until(skipped, "twenty duplicates")


async def test_a_gap_waits_and_closes_in_order(world: World) -> None:
    mine = world.subscription(note)
    world.start(mine)
    await world.emit("a", 1)
    await world.reached(mine, "a", 1)
    await world.emit("a", 3)
    await world.emit("a", 4)
    await world.emit("b", 1)
    await world.reached(mine, "b", 1)

    async def waiting() -> bool:
        return len(await world.rows("select 1 from held_event where state = 'held'")) == 2

    await world.until(waiting, "3 and 4 wait")
    assert await world.numbers(mine, "a") == [1]
    async with world.database.reading() as session:
        (key,) = await held.list_held(session)
    assert (key.key, key.number, key.reason, key.waiting) == ("a", 3, "gap", 2)
    await world.emit("a", 2)
    await world.reached(mine, "a", 4)
    assert await world.numbers(mine, "a") == [1, 2, 3, 4]
    async with world.database.reading() as session:
        assert await held.list_held(session) == []
    await world.emit("a", 5)
    await world.reached(mine, "a", 5)


async def test_a_first_event_that_is_not_number_one_waits(world: World) -> None:
    mine = world.subscription(note)
    world.start(mine)
    await world.emit("a", 2)
    await world.emit("b", 1)
    await world.reached(mine, "b", 1)

    async def waiting() -> bool:
        return bool(await world.rows("select 1 from held_event where key = 'a' and reason = 'gap'"))

    await world.until(waiting, "2 waits")
    assert await world.numbers(mine, "a") == []
    await world.emit("a", 1)
    await world.reached(mine, "a", 2)
    assert await world.numbers(mine, "a") == [1, 2]


@pytest.mark.parametrize(
    ("payload", "message_type", "reason"),
    [
        (b"", None, "empty payload"),
        (b"\xff\xff\xff", None, "not a greenladder"),
        (
            submissions.SubmissionDropped(submission_id="a", round=1, reason=7).SerializeToString(),  # type: ignore[arg-type]
            "greenladder.intake.v1.SubmissionDropped",
            "does not know",
        ),
    ],
    ids=["empty", "junk", "unknown enum"],
)
async def test_poison_holds_its_key_and_nothing_else(
    world: World, payload: bytes, message_type: str | None, reason: str
) -> None:
    async def dropped(uow: UnitOfWork, event: Event) -> None:
        await note(uow, event)

    mine = world.subscription(handlers={submissions.WithdrawalRequested: note, submissions.SubmissionDropped: dropped})
    world.start(mine)
    await world.emit("a", 1)
    await world.emit("a", 2, payload=payload, type=message_type)
    await world.emit("a", 3)
    for number in range(1, 6):
        await world.emit("b", number)
    await world.reached(mine, "b", 5)

    async def behind() -> bool:
        return len(await world.rows("select 1 from held_event where key = 'a'")) == 2

    await world.until(behind, "2 and 3 are held")
    assert await world.numbers(mine, "a") == [1]
    async with world.database.reading() as session:
        (key,) = await held.list_held(session)
        events = await held.show(session, key.group, key.topic, key.key)
    assert (key.number, key.reason, key.waiting) == (2, "poison", 2)
    assert reason in key.error
    assert [event.reason for event in events] == ["poison", "behind"]
    assert events[0].payload == payload


async def test_a_record_that_fails_in_a_batch_holds_only_its_key(world: World) -> None:
    async def refuse_c(uow: UnitOfWork, events: Sequence[Event]) -> None:
        for event in events:
            if event.key == "c" and event.number == 2:
                raise Rejected("refused", "never")
            await note(uow, event)

    mine = world.subscription(batch=refuse_c)
    for number in range(1, 5):
        for key in "abcd":
            await world.emit(key, number)
    world.start(mine)
    for key in "abd":
        await world.reached(mine, key, 4)

    async def held_three() -> bool:
        return len(await world.rows("select 1 from held_event where state = 'held'")) == 3

    await world.until(held_three, "2, 3 and 4 of c")
    for key in "abd":
        assert await world.numbers(mine, key) == [1, 2, 3, 4]
    assert await world.numbers(mine, "c") == [1]


async def test_an_unknown_error_gets_a_few_tries_then_the_key_is_held(world: World) -> None:
    tries = 0

    async def stumble(uow: UnitOfWork, event: Event) -> None:
        nonlocal tries
        if event.key == "a":
            tries += 1
            raise ZeroDivisionError("a bug")
        await note(uow, event)

    mine = world.subscription(stumble)
    world.start(mine, Limits(backoff=0.01))
    await world.emit("a", 1)
    await world.emit("b", 1)
    await world.reached(mine, "b", 1)

    async def is_held() -> bool:
        return bool(await world.rows("select 1 from held_event where error like 'ZeroDivisionError%'"))

    await world.until(is_held, "a is held")
    assert tries >= 3


async def test_a_transient_error_is_retried_until_it_heals(world: World) -> None:
    healed = asyncio.Event()
    tries = 0

    async def wait_for_it(uow: UnitOfWork, event: Event) -> None:
        nonlocal tries
        if event.key == "a" and not healed.is_set():
            tries += 1
            raise Transient("not yet")
        await note(uow, event)

    mine = world.subscription(wait_for_it)
    running = world.start(mine, Limits(backoff=0.02, backoff_max=0.1))
    await world.emit("a", 1)
    await world.emit("a", 2)

    async def many() -> bool:
        return tries > 5

    await world.until(many, "several tries")
    assert await world.numbers(mine, "a") == []
    assert running.part.trouble
    healed.set()
    await world.reached(mine, "a", 2)
    assert await world.numbers(mine, "a") == [1, 2]
    assert await world.rows("select 1 from held_event") == []


async def test_other_lanes_go_on_while_one_waits(world: World) -> None:
    """Two topics are two lanes in both transports."""
    healed = asyncio.Event()
    _, other = await two_topics(world)

    async def slow_topic(uow: UnitOfWork, event: Event) -> None:
        if event.topic == world.topic and not healed.is_set():
            raise Transient("not yet")
        await note(uow, event)

    mine = world.subscription(slow_topic, topics=(world.topic, other))
    world.start(mine, Limits(backoff=0.02, backoff_max=0.2))
    await world.emit("a", 1)
    for number in range(1, 4):
        await world.emit("z", number, topic=other)

    async def z_done() -> bool:
        return await world.numbers(mine, "z") == [1, 2, 3]

    await world.until(z_done, "the other topic")
    assert await world.numbers(mine, "a") == []
    healed.set()
    await world.reached(mine, "a", 1)


async def test_too_many_poison_records_in_a_row_stop_the_consumer(world: World) -> None:
    async def refuse(uow: UnitOfWork, event: Event) -> None:
        raise Poison("nothing suits me")

    mine = world.subscription(refuse)
    running = world.start(mine, Limits(poison_brake=4))
    for n in range(10):
        await world.emit(f"k{n}", 1)

    async def stopped() -> bool:
        return bool(running.part.stopped)

    await world.until(stopped, "the brake")
    assert "in a row" in world.progress.problems()[running.part.name]
    assert len(await world.rows("select 1 from held_event where reason = 'poison'")) == 4


async def test_held_events_are_redriven_in_order(world: World) -> None:
    broken = True

    async def fussy(uow: UnitOfWork, event: Event) -> None:
        if broken and event.number == 2:
            raise Poison("not in this version")
        await note(uow, event)

    mine = world.subscription(fussy)
    world.start(mine)
    for number in range(1, 5):
        await world.emit("a", number)

    async def held_three() -> bool:
        return len(await world.rows("select 1 from held_event where state = 'held'")) == 3

    await world.until(held_three, "three held")
    still = await held.redrive(world.database, [mine], mine.group, world.topic, "a", "ops-1")
    assert (still.applied, still.left) == (0, 3)
    assert "not in this version" in still.error
    broken = False
    done = await held.redrive(world.database, [mine], mine.group, world.topic, "a", "ops-1")
    assert (done.applied, done.left, done.error) == (3, 0, "")
    await world.emit("a", 5)
    await world.reached(mine, "a", 5)
    assert await world.numbers(mine, "a") == [1, 2, 3, 4, 5]


async def test_a_held_event_is_skipped_by_two_people(world: World) -> None:
    async def fussy(uow: UnitOfWork, event: Event) -> None:
        if event.number == 2:
            raise Poison("never")
        await note(uow, event)

    mine = world.subscription(fussy)
    world.start(mine)
    for number in range(1, 5):
        await world.emit("a", number)

    async def held_three() -> bool:
        return len(await world.rows("select 1 from held_event where state = 'held'")) == 3

    await world.until(held_three, "three held")

    async def skip(number: int, person: str) -> str:
        return await held.skip(world.database, [mine], mine.group, world.topic, "a", number, person, "agreed")

    with pytest.raises(Rejected, match="not_first"):
        await skip(3, "ops-1")
    assert await skip(2, "ops-1") == "asked"
    assert await world.numbers(mine, "a") == [1]
    with pytest.raises(Rejected, match="second_person_needed"):
        await skip(2, "ops-1")
    assert await skip(2, "ops-2") == "skipped"
    await world.reached(mine, "a", 4)
    assert await world.numbers(mine, "a") == [1, 3, 4]
    (row,) = await world.rows("select first_person, second_person from held_event where state = 'skipped'")
    assert tuple(row) == ("ops-1", "ops-2")
    kinds = [row["type"] for row in await world.rows("select type from journal order by id")]
    assert kinds == ["skip_asked", "skipped"]


async def test_types_a_group_does_not_use_advance_its_position(world: World) -> None:
    mine = world.subscription(note)
    running = world.start(mine)
    dropped = submissions.SubmissionDropped(submission_id="a", round=1, reason=submissions.DROP_REASON_GIVEN_UP)
    await world.emit("a", 1)
    await world.emit("a", 2, dropped)
    await world.emit("a", 3, type="greenladder.intake.v1.NotYetInvented")
    await world.emit("a", 4)
    await world.reached(mine, "a", 4)
    assert await world.numbers(mine, "a") == [1, 4]
    assert running.part.counts["skipped"] == 2


async def test_restart_goes_on_where_it_stopped(world: World) -> None:
    mine = world.subscription(note)
    for round_ in range(3):
        running = world.start(mine)
        for number in range(round_ * 5 + 1, round_ * 5 + 6):
            await world.emit("a", number)
            await world.emit("b", number)
        await world.reached(mine, "a", round_ * 5 + 5)
        await world.reached(mine, "b", round_ * 5 + 5)
        await running.end()
    assert await world.numbers(mine, "a") == list(range(1, 16))
    assert await world.numbers(mine, "b") == list(range(1, 16))


async def test_shutdown_finishes_the_batch_in_hand(world: World) -> None:
    entered = asyncio.Event()
    go = asyncio.Event()

    async def slow(uow: UnitOfWork, event: Event) -> None:
        await note(uow, event)
        entered.set()
        await go.wait()

    mine = world.subscription(slow)
    running = world.start(mine)
    await world.emit("a", 1)
    await asyncio.wait_for(entered.wait(), 30)
    running.stop.set()
    await asyncio.sleep(0.05)
    assert not running.task.done()
    go.set()
    await asyncio.wait_for(running.task, 20)
    assert await world.numbers(mine, "a") == [1]
    table = "journal_cursor" if world.transport == "journal" else "position"
    assert await world.rows(f"select 1 from {table}")


async def crowd(world: World, *topics: str, keys: int = 700) -> None:
    """One event of each of many keys, in every topic."""
    for topic in topics:
        await world.owner.execute(
            "insert into journal (aggregate, aggregate_id, type, actor, authority, basis, reason, trace, data, topic,"
            " key, number, message_type, payload) select 'thing', 'k' || k, 'made', '', '', '', '', '', '{}', $1,"
            " 'k' || k, 1, $2, $3 from generate_series(1, $4) k",
            topic,
            "greenladder.intake.v1.WithdrawalRequested",
            asked("x").SerializeToString(),
            keys,
        )


async def two_topics(world: World) -> dict[str, int]:
    """Two topics and their partitions; the journal has none."""
    other = world.topic + "b"
    if world.transport == "journal":
        return {world.topic: 1, other: 1}
    from gf_chassis.topics import TopicPlan, ensure

    await ensure(world.bootstrap, [TopicPlan(other, 2)])
    return {world.topic: world.partitions, other: 2}


@dataclass
class Gate:
    """A batch handler whose batches all wait, once they have noted their effects, until ``go``."""

    partitions: Mapping[str, int]
    #: The lanes of each batch.
    entered: list[set[tuple[str, int]]] = field(default_factory=list)
    count: int = 0
    go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, uow: UnitOfWork, events: Sequence[Event]) -> None:
        self.entered.append({(event.topic, partition_of(event.key, self.partitions[event.topic])) for event in events})
        self.count += len(events)
        for event in events:
            await note(uow, event)
        await self.go.wait()

    async def two(self) -> bool:
        return len(self.entered) == 2


async def test_while_a_crowd_waits_two_batches_are_in_work_and_no_third(world: World) -> None:
    topics = await two_topics(world)
    gate = Gate(topics)
    mine = world.subscription(batch=gate, topics=list(topics))
    await crowd(world, *topics)
    world.start(mine, Limits(crowd=50))
    await world.until(gate.two, "a second batch beside the first")
    await asyncio.sleep(0.3)
    assert len(gate.entered) == 2
    assert not gate.entered[0] & gate.entered[1]
    gate.go.set()

    async def all_done() -> bool:
        return len(await world.effects(mine)) >= 1400

    await world.until(all_done, "all of both topics")
    assert len(set(await world.rows("select topic, key from position where grp = $1", mine.group))) == 1400
    assert len(await world.effects(mine)) == 1400


async def test_without_a_crowd_one_batch_is_in_work(world: World) -> None:
    topics = await two_topics(world)
    gate = Gate(topics)
    mine = world.subscription(batch=gate, topics=list(topics))
    await crowd(world, *topics)
    world.start(mine, Limits(crowd=10_000))

    async def one() -> bool:
        return len(gate.entered) == 1

    await world.until(one, "the first batch")
    await asyncio.sleep(0.5)
    assert await one()
    gate.go.set()


async def test_events_handled_one_by_one_hold_no_rows_for_long(world: World) -> None:
    """A transaction takes so many of them; what came before a failure stays, and nothing takes effect twice."""
    seen: Counter[UnitOfWork] = Counter()
    struck = False

    async def handle(uow: UnitOfWork, event: Event) -> None:
        nonlocal struck
        seen[uow] += 1
        if not struck and seen.total() == 60:
            struck = True
            raise Transient("once")
        await note(uow, event)

    mine = world.subscription(handle)
    await crowd(world, world.topic, keys=200)
    running = world.start(mine, Limits(stretch=25, backoff=0.05))

    async def all_done() -> bool:
        return len(await world.effects(mine)) >= 200

    await world.until(all_done, "all events")
    assert struck
    assert len(await world.effects(mine)) == 200
    assert max(seen.values()) == 25
    assert running.part.counts["applied"] == 200


async def test_what_comes_before_a_failure_does_not_hide_how_long_it_lasts(world: World) -> None:
    """Each try passes the stretches before it; readiness must still see since when the lane waits."""
    tries = 0

    async def handle(uow: UnitOfWork, event: Event) -> None:
        nonlocal tries
        if event.number == 40:
            tries += 1
            raise Transient("away")
        await note(uow, event)

    mine = world.subscription(handle)
    for number in range(1, 41):
        await world.emit("a", number)
    part = world.start(mine, Limits(stretch=25, backoff=0.02, backoff_max=0.05)).part

    async def waits() -> bool:
        return bool(part.trouble)

    await world.until(waits, "the failure")
    since, before = part.trouble_since, tries

    async def tried_again() -> bool:
        return tries >= before + 6

    await world.until(tried_again, "more tries")
    assert (part.trouble, part.trouble_since) == ("Transient: away", since)


async def test_shutdown_finishes_both_batches_in_work(world: World) -> None:
    topics = await two_topics(world)
    gate = Gate(topics)
    mine = world.subscription(batch=gate, topics=list(topics))
    await crowd(world, *topics)
    running = world.start(mine, Limits(crowd=50))
    await world.until(gate.two, "a second batch beside the first")
    running.stop.set()
    await asyncio.sleep(0.1)
    assert not running.task.done()
    gate.go.set()
    await asyncio.wait_for(running.task, 30)
    assert len(await world.effects(mine)) == gate.count


async def test_what_ends_one_hand_ends_the_other_and_all_is_read_again(world: World) -> None:
    topics = await two_topics(world)
    gate, failed = Gate(topics), asyncio.Event()

    async def fails_once(uow: UnitOfWork, events: Sequence[Event]) -> None:
        if gate.entered and not failed.is_set():
            failed.set()
            raise asyncio.CancelledError
        if failed.is_set():
            gate.go.set()
        await gate(uow, events)

    mine = world.subscription(batch=fails_once, topics=list(topics))
    await crowd(world, *topics)
    world.start(mine, Limits(crowd=50, backoff=0.05))

    async def all_done() -> bool:
        return len(await world.effects(mine)) >= 1400

    await world.until(all_done, "all of both topics", timeout=60)
    assert failed.is_set()
    assert len(await world.effects(mine)) == 1400


async def test_a_slow_group_does_not_hold_back_a_fast_one(world: World) -> None:
    go = asyncio.Event()

    async def slow(uow: UnitOfWork, event: Event) -> None:
        await go.wait()
        await note(uow, event)

    tortoise, hare = world.subscription(slow), world.subscription(note)
    world.start(tortoise)
    world.start(hare)
    for number in range(1, 31):
        await world.emit("a", number)
    await world.reached(hare, "a", 30)
    assert await world.numbers(tortoise, "a") == []
    go.set()
    await world.reached(tortoise, "a", 30)
    assert await world.numbers(tortoise, "a") == list(range(1, 31))


async def test_a_second_consumer_of_the_same_events_applies_nothing(world: World) -> None:
    """A zombie: it still holds a batch that its successor works on as well."""
    both = asyncio.Barrier(2)

    async def together(uow: UnitOfWork, event: Event) -> None:
        await note(uow, event)

    mine = world.subscription(together)
    for number in range(1, 4):
        await world.emit("a", number)
    from gf_chassis.progress import Part
    from gf_chassis.readers.port import Batch, Lane, Record

    rows = await world.owner.fetch("select * from journal order by id")
    from gf_chassis.consumer import Consumer

    async def one() -> None:
        records = [
            Record(r["topic"], r["key"], r["number"], r["message_type"], r["recorded_at"], r["payload"]) for r in rows
        ]
        consumer = Consumer(mine, world.database, world.reader(mine), Part("zombie"))
        await both.wait()
        await consumer._settle([Batch(Lane(world.topic), records, 0)])

    await asyncio.gather(one(), one())
    assert await world.numbers(mine, "a") == [1, 2, 3]


async def test_a_handler_may_not_commit(world: World) -> None:
    async def forward(uow: UnitOfWork, event: Event) -> None:
        await uow.session.execute(text("insert into effect (grp, key, number) values ('x', 'x', 1)"))
        await uow.commit()

    mine = world.subscription(forward)
    world.start(mine, Limits(backoff=0.01))
    await world.emit("a", 1)

    async def is_held() -> bool:
        return bool(await world.rows("select 1 from held_event where error like '%the runner commits%'"))

    await world.until(is_held, "held")
    assert await world.rows("select 1 from effect") == []


async def test_many_keys_in_one_go(world: World) -> None:
    """A backlog of several reads, through a batch handler; every key sees all its events."""
    seen: list[int] = []

    async def run(uow: UnitOfWork, events: Sequence[Event]) -> None:
        seen.append(len(events))
        await uow.session.execute(
            text(
                "insert into effect (grp, key, number)"
                " select :grp, k, n from unnest(cast(:keys as text[]), cast(:numbers as int[])) as r(k, n)"
            ),
            {"grp": uow.actor.subject, "keys": [e.key for e in events], "numbers": [e.number for e in events]},
        )

    mine = world.subscription(batch=run)
    async with world.owner.transaction():
        await world.owner.execute(
            "insert into journal (aggregate, aggregate_id, type, actor, authority, basis, reason, trace, data, topic,"
            " key, number, message_type, payload) select 'thing', 'k' || k, 'made', '', '', '', '', '', '{}', $1,"
            " 'k' || k, n, $2, $3 from generate_series(1, 5) n, generate_series(1, 400) k",
            world.topic,
            "greenladder.intake.v1.WithdrawalRequested",
            asked("x").SerializeToString(),
        )
    world.start(mine)

    async def all_there() -> bool:
        (row,) = await world.rows("select count(*) n from effect")
        return bool(row["n"] == 2000)

    await world.until(all_there, "2000 effects")
    assert await world.rows("select 1 from effect group by key, number having count(*) > 1") == []
    assert max(seen) > 50
