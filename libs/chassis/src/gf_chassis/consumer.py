"""The consumer runner 消费者: reads lanes, applies batches, and keeps the promises when something fails.

One event takes effect once, in order per key: position and effect are one transaction, offsets follow it. A batch is
first applied in one transaction; when that fails each lane is tried alone, then each record, so that one bad record
holds one key. Transient errors are retried in place with the lane paused; poison is held with what follows on its key;
an unknown error gets a few tries, then it is held too; too many held in a row stop the consumer.

While much waits, two batches of different lanes are in work: one computes while the database writes the other.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from gf_chassis import crashpoints, positions
from gf_chassis.bounded import asked_to_stop
from gf_chassis.database import Database
from gf_chassis.delivery import deliver, group_actor
from gf_chassis.errors import Poison, Transient
from gf_chassis.events import BatchHandler, Event, Handler, Subscription, to_event
from gf_chassis.faults import describe, family
from gf_chassis.lanes import WaitingLanes
from gf_chassis.pace import rest
from gf_chassis.positions import Claim, Position
from gf_chassis.progress import Part
from gf_chassis.readers.port import Batch, Reader, Record

__all__ = ["BatchHandler", "Consumer", "Event", "Handler", "Limits", "Poison", "Subscription", "Transient"]

log = structlog.get_logger(__name__)

#: Seconds until lanes that are not in work are looked at again.
_LOOK_AGAIN: Final = 0.01

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Limits:
    """How patient a consumer is."""

    #: Tries of a record whose error nobody knows.
    unknown_tries: int = 3
    #: Poison records in a row, with nothing applied between them, after which the consumer stops.
    poison_brake: int = 25
    #: Seconds between retries of a lane: first, and at most.
    backoff: float = 0.1
    backoff_max: float = 10.0
    #: Seconds one read may wait.
    read_timeout: float = 1.0
    #: Seconds without an answer of the transport after which the reader is built anew.
    stale_after: float = 60.0
    #: After a batch of fewer records the consumer rests (`pace`). An event that comes to one at rest does not wait.
    gather: int = 100
    #: Records in a batch from which on more is believed to wait: the next batch is begun beside it, of other lanes.
    crowd: int = 200
    #: Batches in work at a time.
    hands: int = 2
    #: Events in a transaction where they are handled one by one: people wait for the rows that it holds.
    stretch: int = 50


class Braked(Exception):
    """Too many poison records in a row: something is wrong with more than a record."""


@dataclass(slots=True)
class _Plan:
    """What a batch asks for: keys to move, events to apply, records that need a look one by one."""

    claims: dict[Key, Claim] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    slow: list[Record] = field(default_factory=list)
    duplicates: int = 0
    skipped: int = 0


class Consumer:
    """One group in one process. ``run`` returns when ``stop`` is set, after the batch in work is done."""

    def __init__(
        self, subscription: Subscription, database: Database, reader: Reader, part: Part, limits: Limits | None = None
    ) -> None:
        self.subscription = subscription
        self._database = database
        self._reader = reader
        self._part = part
        self._limits = limits or Limits()
        #: Batches in work. A lane is in one of them at most: the reader gives none of it until it is committed.
        self._hands: set[asyncio.Task[None]] = set()
        self._poison_in_row = 0
        self._log = log.bind(group=subscription.group)
        self._waiting = WaitingLanes(reader, self._backoff, self._log)

    async def run(self, stop: asyncio.Event) -> None:
        """Read until told to stop; trouble with the transport is waited out, the reader built anew."""
        attempt = 0
        while not stop.is_set():
            try:
                await self._reader.start()
                self._part.reader = self._reader.state
                attempt = 0
                await self._loop(stop)
            except Braked as error:
                self._part.stopped = str(error)
                self._log.error("consumer stopped by the poison brake", error=str(error))
                return
            except (Exception, asyncio.CancelledError) as error:
                if asked_to_stop():
                    raise
                self._part.struggle(describe(error))
                self._log.warning("reader failed, starting again", error=describe(error))
                attempt += 1
                await _pause(stop, self._backoff(attempt))
            finally:
                await self._let_go()
                self._waiting.clear()
                await self._reader.stop()

    async def _loop(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            batches = self._waiting.due() or await self._reader.read(self._patience())
            if batches:
                await self._begin(batches, stop)
            elif self._hands:
                await self._join(asyncio.FIRST_COMPLETED, _LOOK_AGAIN)
            else:
                self._idle()
        if self._hands:
            await self._join(asyncio.ALL_COMPLETED)

    async def _begin(self, batches: Sequence[Batch], stop: asyncio.Event) -> None:
        """Put the batches to work; come back when the next may be read."""
        count = sum(len(batch.records) for batch in batches)
        hand = asyncio.create_task(self._work(batches))
        self._hands.add(hand)
        hand.add_done_callback(self._ended)
        if count < self._limits.crowd:
            await self._join(asyncio.ALL_COMPLETED)
        elif len(self._hands) >= self._limits.hands:
            await self._join(asyncio.FIRST_COMPLETED)
        if count < self._limits.gather:
            await _pause(stop, rest(count))

    async def _join(self, when: str, seconds: float | None = None) -> None:
        """Wait for batches in work, and raise what one of them ended with."""
        ended, self._hands = await asyncio.wait(self._hands, timeout=seconds, return_when=when)
        failed = [hand for hand in ended if hand.cancelled() or hand.exception()]
        for hand in failed:
            hand.result()

    def _ended(self, _: asyncio.Task[None]) -> None:
        # Not left to the loop: it may be waiting for a rebalance, and that for this.
        if all(hand.done() for hand in self._hands):
            self._reader.release()

    async def _let_go(self) -> None:
        """Nothing stays in work: what had not been committed is read again."""
        hands, self._hands = self._hands, set()
        for hand in hands:
            hand.cancel()
        await asyncio.gather(*hands, return_exceptions=True)

    def _idle(self) -> None:
        if not self._waiting:
            self._part.step()
        stale = self._reader.stale(self._limits.stale_after)
        if stale:
            raise Transient(stale)

    async def _work(self, batches: Sequence[Batch]) -> None:
        """Bring the batches into effect, then record the progress of those that succeeded."""
        done = await self._settle(batches)
        for batch in done:
            self._waiting.settled(batch.lane)
        if done:
            self._part.step()
            await self._reader.commit(done)
            crashpoints.reach("consumer.after_offsets")

    async def _settle(self, batches: Sequence[Batch]) -> list[Batch]:
        try:
            await self._through(batches)
        except Braked:
            raise
        except Exception as error:
            # The database itself is away: no use in asking for each lane.
            if family(error) == "transient" and not isinstance(error, Transient):
                self._postpone(batches, error)
                return []
        else:
            return list(batches)
        done = []
        for batch in batches:
            try:
                await self._alone(batch)
                done.append(batch)
            except Exception as error:
                if family(error) != "transient":
                    raise
                self._postpone([batch], error)
        return done

    async def _alone(self, batch: Batch) -> None:
        try:
            await self._through([batch])
        except Braked:
            raise
        except Exception as error:
            if family(error) == "transient":
                raise
            self._log.warning("batch failed, going record by record", lane=str(batch.lane), error=describe(error))
            for record in batch.records:
                await self._one(record)

    # --- many records, one transaction ---------------------------------------------------------------------------

    async def _through(self, batches: Sequence[Batch]) -> None:
        """Stretch by stretch. What fails in a later one does not undo the earlier: then those are duplicates."""
        for stretch in self._stretches(batches):
            await self._together(stretch)
            self._part.sign()

    def _stretches(self, batches: Sequence[Batch]) -> Iterator[Sequence[Batch]]:
        if self.subscription.batch_handlers:
            yield batches
            return
        taken: list[Batch] = []
        room = self._limits.stretch
        for batch in batches:
            rest = batch.records
            while rest:
                taken.append(replace(batch, records=rest[:room]))
                rest, room = rest[room:], room - len(taken[-1].records)
                if not room:
                    yield taken
                    taken, room = [], self._limits.stretch
        if taken:
            yield taken

    async def _together(self, batches: Sequence[Batch]) -> None:
        """Apply what is plainly next, all in one transaction; what is not goes one by one after it."""
        plan = self._plan(batches, None)
        if plan.claims and not await self._apply(plan):
            async with self._database.reading() as session:
                known = await positions.load(session, self.subscription.group, list(plan.claims))
            plan = self._plan(batches, known)
            if plan.claims and not await self._apply(plan):
                raise Transient("positions moved under us: another consumer of the group is at work")
        self._part.count("duplicate", plan.duplicates)
        for record in plan.slow:
            await self._one(record)

    def _plan(self, batches: Sequence[Batch], known: dict[Key, Position] | None) -> _Plan:
        """Without ``known`` positions the first record of a key is believed to be the next one: it nearly always is."""
        plan = _Plan()
        slow: set[Key] = set()
        for batch in batches:
            for record in batch.records:
                key = (record.topic, record.key)
                if key in slow:
                    plan.slow.append(record)
                elif not self._plan_one(plan, key, record, known):
                    slow.add(key)
                    plan.slow.append(record)
        return plan

    def _plan_one(self, plan: _Plan, key: Key, record: Record, known: dict[Key, Position] | None) -> bool:
        """Put the record into the plan; False when it needs a look of its own."""
        number = record.number
        claim = plan.claims.get(key)
        if claim is not None:
            last = claim.number
        elif known is None:
            last = number - 1
        else:
            at = known.get(key, _NOWHERE)
            if at.state:
                return False
            last = at.number
        if number <= last:
            plan.duplicates += 1
            return True
        if number != last + 1:
            return False
        try:
            message = record.message or self.subscription.decode(record)
        except Poison:
            return False
        record.message = message
        plan.claims[key] = Claim(*key, claim.previous if claim else last, number)
        if message is None:
            plan.skipped += 1
        else:
            plan.events.append(to_event(record, message))
        return True

    async def _apply(self, plan: _Plan) -> bool:
        group = self.subscription.group
        async with self._database.unit_of_work(group_actor(group)) as uow:
            if not await positions.claim(uow.session, group, plan.claims.values()):
                return False
            if plan.events:
                with uow.lent():
                    await self.subscription.apply(uow, plan.events)
                await uow.flush()
            crashpoints.reach("consumer.before_commit")
            await uow.commit()
            crashpoints.reach("consumer.after_commit")
        if plan.events:
            self._part.last_age = max(0.0, time.time() - plan.events[-1].time.timestamp())
        self._applied(len(plan.events), plan.skipped)
        return True

    # --- one record ----------------------------------------------------------------------------------------------

    async def _one(self, record: Record) -> None:
        for attempt in range(1, self._limits.unknown_tries + 1):
            last = attempt == self._limits.unknown_tries
            try:
                outcome = await deliver(self._database, self.subscription, record, hold_unknown=last)
                break
            except Exception as error:
                if last or family(error) == "transient":
                    raise
                await asyncio.sleep(self._backoff(attempt))
        if outcome == "poison":
            self._poisoned(record)
        elif outcome == "applied":
            self._applied(1, 0)
        else:
            self._part.count(outcome)

    def _applied(self, events: int, skipped: int) -> None:
        self._part.count("applied", events)
        self._part.count("skipped", skipped)
        self._poison_in_row = 0

    def _poisoned(self, record: Record) -> None:
        self._part.count("held")
        self._poison_in_row += 1
        self._log.error("event held", topic=record.topic, key=record.key, number=record.number, type=record.type)
        if self._poison_in_row >= self._limits.poison_brake:
            raise Braked(f"{self._poison_in_row} events in a row were held, the last of topic {record.topic}")

    def _postpone(self, batches: Sequence[Batch], error: Exception) -> None:
        self._part.struggle(describe(error))
        self._waiting.postpone(batches, error)

    def _patience(self) -> float:
        """Seconds the next read may wait."""
        return 0.0 if self._hands else self._waiting.patience(self._limits.read_timeout)

    def _backoff(self, attempt: int) -> float:
        longest = min(self._limits.backoff_max, self._limits.backoff * 2 ** min(attempt - 1, 20))
        return float(longest * random.uniform(0.7, 1.0))


_NOWHERE = Position(0, positions.OPEN)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
