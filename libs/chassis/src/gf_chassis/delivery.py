"""Delivery of single events to a group 逐条投递: compare with the position, apply, hold, and drain what waited.

Used record by record by the runner when a batch fails, and by redriving: both must obey the same rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gf_chassis import crashpoints, held, positions
from gf_chassis.database import Database, UnitOfWork
from gf_chassis.events import Subscription, to_event
from gf_chassis.faults import describe, family
from gf_chassis.journal import Actor
from gf_chassis.readers.port import Record

Outcome = Literal["applied", "skipped", "duplicate", "poison", "waiting"]


@dataclass(frozen=True, slots=True)
class Drained:
    """How far a key's held events went: ``left`` still wait, ``error`` says why."""

    applied: int
    left: int
    error: str = ""


def group_actor(group: str) -> Actor:
    return Actor(f"consumer:{group}")


async def deliver(database: Database, subscription: Subscription, record: Record, *, hold_unknown: bool) -> Outcome:
    """Bring one record into effect, or put it where it belongs.

    Transient errors are raised. An unknown error is raised too, until the caller says that it has tried enough.
    """
    try:
        outcome, waiting = await _try(database, subscription, record)
    except Exception as error:
        kind = family(error)
        if kind == "transient" or (kind == "unknown" and not hold_unknown):
            raise
        return await _hold(database, subscription.group, record, describe(error))
    if waiting:
        await drain(database, subscription, record.topic, record.key, "consumer")
    return outcome


async def _try(database: Database, subscription: Subscription, record: Record) -> tuple[Outcome, bool]:
    """One transaction. The second answer says that later events of the key wait and may go now."""
    group = subscription.group
    async with database.unit_of_work(group_actor(group)) as uow:
        at = await positions.lock(uow.session, group, record.topic, record.key)
        if record.number <= at.number:
            return "duplicate", at.state == positions.GAP
        if at.state == positions.HELD or record.number > at.number + 1:
            blocked = at.state == positions.HELD
            await held.store(uow.session, group, record, "behind" if blocked else "gap")
            if not blocked:
                await positions.move(uow.session, group, record.topic, record.key, at.number, positions.GAP)
            await _commit(uow)
            return "waiting", False
        applied = await _apply(uow, subscription, record)
        if at.state == positions.GAP:
            # It may lie among the waiting ones too, when a drain was cut short.
            await held.settle(uow.session, group, record.topic, record.key, record.number, "consumer")
        await positions.move(uow.session, group, record.topic, record.key, record.number, at.state)
        await _commit(uow)
        return ("applied" if applied else "skipped"), at.state == positions.GAP


async def _apply(uow: UnitOfWork, subscription: Subscription, record: Record) -> bool:
    message = subscription.decode(record)
    if message is None:
        return False
    with uow.lent():
        await subscription.apply(uow, [to_event(record, message)])
    return True


async def _commit(uow: UnitOfWork) -> None:
    await uow.flush()
    crashpoints.reach("consumer.before_commit")
    await uow.commit()
    crashpoints.reach("consumer.after_commit")


async def _hold(database: Database, group: str, record: Record, error: str) -> Outcome:
    """Keep the record with its reason; everything that follows on its key waits behind it."""
    async with database.unit_of_work(group_actor(group)) as uow:
        at = await positions.lock(uow.session, group, record.topic, record.key)
        if record.number <= at.number:
            return "duplicate"
        await held.store(uow.session, group, record, "poison", error)
        await held.blame(uow.session, group, record.topic, record.key, record.number, error)
        await positions.move(uow.session, group, record.topic, record.key, at.number, positions.HELD)
        await _commit(uow)
        return "poison"


async def drain(database: Database, subscription: Subscription, topic: str, key: str, person: str) -> Drained:
    """Apply the key's held events in order, one transaction each, until one fails or is missing."""
    applied = 0
    while True:
        try:
            went = await _next_held(database, subscription, topic, key, person)
        except Exception as error:
            if family(error) == "transient":
                raise
            left = await _stop_at(database, subscription.group, topic, key, describe(error))
            return Drained(applied, left, describe(error))
        if isinstance(went, Drained):
            return Drained(applied, went.left, went.error)
        applied += 1


async def _next_held(
    database: Database, subscription: Subscription, topic: str, key: str, person: str
) -> Drained | None:
    group = subscription.group
    async with database.unit_of_work(group_actor(group)) as uow:
        at = await positions.lock(uow.session, group, topic, key)
        record = await held.get(uow.session, group, topic, key, at.number + 1)
        if record is None:
            left = await held.count(uow.session, group, topic, key, at.number)
            state = positions.GAP if left else positions.OPEN
            await positions.move(uow.session, group, topic, key, at.number, state)
            await uow.commit()
            return Drained(0, left, f"event {at.number + 1} has not come yet" if left else "")
        await _apply(uow, subscription, record)
        await held.settle(uow.session, group, topic, key, record.number, person)
        await positions.move(uow.session, group, topic, key, record.number, at.state)
        await _commit(uow)
        return None


async def _stop_at(database: Database, group: str, topic: str, key: str, error: str) -> int:
    async with database.unit_of_work(group_actor(group)) as uow:
        at = await positions.lock(uow.session, group, topic, key)
        await held.blame(uow.session, group, topic, key, at.number + 1, error)
        await positions.move(uow.session, group, topic, key, at.number, positions.HELD)
        left = await held.count(uow.session, group, topic, key, at.number)
        await uow.commit()
        return left
