"""The worker of a service 后台进程: relay, every subscription, and the work that deadlines start.

SIGTERM: stop reading, finish the batch in hand, commit, leave the groups, then end.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import time
import zlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import partial
from logging import ERROR, WARNING
from typing import Any, Final

import structlog
import uvicorn
from sqlalchemy import text

from gf_chassis import gauges, idempotency, logging, projections, seals, tracing
from gf_chassis.consumer import Consumer
from gf_chassis.events import Subscription
from gf_chassis.faults import describe, family
from gf_chassis.health import health_app
from gf_chassis.progress import ProgressWatch, watch
from gf_chassis.projections import Projection
from gf_chassis.readers.port import Reader
from gf_chassis.relay import Relay
from gf_chassis.runtime import ServiceRuntime
from gf_chassis.serve import config

log = structlog.get_logger(__name__)

_TICK_SECONDS: Final = 1.0
#: A laptop is left in peace: five services tick in one process there.
_TICK_SECONDS_STANDALONE: Final = 2.0
#: How soon a rebuild that was begun or switched is noticed.
_SWITCH_SECONDS: Final = 2.0
#: How often old idempotency keys are forgotten.
_PURGE_SECONDS: Final = 3600.0
#: How often the journal is sealed.
_SEAL_SECONDS: Final = 60.0


def serve_worker(runtime: ServiceRuntime) -> None:
    """A worker as a process of its own; with ``worker_port`` set it answers /healthz, /readyz and /metrics there."""
    settings = runtime.settings
    logging.configure(runtime.name, settings.log_level, console=settings.mode == "standalone", for_good=True)
    tracing.configure(runtime.name)
    logging.log_settings(settings)
    asyncio.run(_serve_worker(runtime))


async def _serve_worker(runtime: ServiceRuntime) -> None:
    try:
        async with _health(runtime):
            await run_worker(runtime)
    finally:
        await runtime.database.close()


class _HealthServer(uvicorn.Server):
    """Signals are the worker's: it drains first, and is asked how it does until then."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def _health(runtime: ServiceRuntime) -> AsyncIterator[None]:
    port = runtime.settings.worker_port
    if not port:
        yield
        return
    server = _HealthServer(config(health_app(runtime.name, runtime), host="0.0.0.0", port=port, drain_seconds=1))
    serving = asyncio.create_task(server.serve(), name="health")
    try:
        yield
    finally:
        server.should_exit = True
        await serving


async def run_worker(
    runtime: ServiceRuntime, *, stop: asyncio.Event | None = None, handle_signals: bool = True
) -> None:
    """Run until ``stop`` is set or a signal comes; returns after everything in hand was finished."""
    stopping = stop or asyncio.Event()
    with _signals(stopping) if handle_signals else contextlib.nullcontext():
        if handle_signals:
            # A process of our own: the start-up's objects need no more looks by the collector.
            gc.collect()
            gc.freeze()
            gc.set_threshold(50_000, 20, 50)
        chosen = _chosen(runtime)
        parts = [(name, part) for name, part in _parts(runtime, stopping) if name in chosen]
        log.info("worker runs", service=runtime.name, parts=[name for name, _ in parts])
        tasks = [asyncio.create_task(part(), name=f"{runtime.name}:{name}") for name, part in parts]
        try:
            await _until_stopped(stopping, tasks)
        finally:
            stopping.set()
            if handle_signals:
                # Probes are answered until the end: not ready any more, but alive.
                runtime.draining = True
            await _drain(tasks, runtime.settings.drain_seconds)
            log.info("worker ends", service=runtime.name)


def _parts(
    runtime: ServiceRuntime, stop: asyncio.Event
) -> Iterator[tuple[str, Callable[[], Coroutine[Any, Any, None]]]]:
    progress = watch(runtime.name)
    if runtime.settings.events == "kafka":
        yield "relay", partial(_relay, runtime, progress, stop)
    for subscription in runtime.subscriptions:
        yield f"consumer:{subscription.group}", partial(_consume, runtime, subscription, progress, stop)
    for projection in getattr(runtime, "projections", ()):
        yield f"projection:{projection.name}", partial(_project, runtime, projection, progress, stop)
    if runtime.ticks:
        yield "ticks", partial(_tick, runtime, progress, stop)
    yield "housekeeping", partial(_forget_old_keys, runtime, stop)
    yield "seals", partial(_seal, runtime, stop)
    yield "gauges", partial(gauges.keep, runtime, stop)


def part_names(runtime: ServiceRuntime) -> tuple[str, ...]:
    """What a worker of this service consists of; ``worker_parts`` chooses among these."""
    return tuple(name for name, _ in _parts(runtime, asyncio.Event()))


def _chosen(runtime: ServiceRuntime) -> frozenset[str]:
    """The parts that the settings ask for. A name that nothing answers to is refused, or it would run nothing."""
    known = part_names(runtime)
    asked = frozenset(name.strip() for name in runtime.settings.worker_parts.split(",") if name.strip())
    if unknown := asked - set(known):
        raise ValueError(f"worker_parts: no {', '.join(sorted(unknown))}; there are: {', '.join(known)}")
    return asked or frozenset(known)


async def _relay(runtime: ServiceRuntime, progress: ProgressWatch, stop: asyncio.Event) -> None:
    settings = runtime.settings
    relay = Relay(
        runtime.name,
        settings.database_url,
        settings.kafka_bootstrap,
        progress.part("relay"),
        security=settings.kafka_security,
    )
    await relay.run(stop)


async def _consume(
    runtime: ServiceRuntime, subscription: Subscription, progress: ProgressWatch, stop: asyncio.Event
) -> None:
    await make_consumer(runtime, subscription, progress).run(stop)


async def _forget_old_keys(runtime: ServiceRuntime, stop: asyncio.Event) -> None:
    """Idempotency keys outlive every filing window, not the years."""
    while not stop.is_set():
        try:
            async with runtime.database.unit_of_work() as uow:
                await idempotency.purge(uow.session)
                await uow.commit()
        except Exception as error:
            # It comes again in an hour.
            log.warning("old idempotency keys not forgotten", service=runtime.name, error=describe(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _PURGE_SECONDS)


async def _seal(runtime: ServiceRuntime, stop: asyncio.Event) -> None:
    """Put the journal under seal, minute by minute."""
    while not stop.is_set():
        try:
            await seals.seal(runtime.database, runtime.name)
        except Exception as error:
            # What was not sealed now is sealed in a minute.
            log.warning("journal not sealed", service=runtime.name, error=describe(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _SEAL_SECONDS)


def make_consumer(runtime: ServiceRuntime, subscription: Subscription, progress: ProgressWatch) -> Consumer:
    part = progress.part(f"consumer:{subscription.group}")
    return Consumer(subscription, runtime.database, make_reader(runtime, subscription), part)


def make_reader(runtime: ServiceRuntime, subscription: Subscription) -> Reader:
    """The adapter that the settings name."""
    settings = runtime.settings
    if settings.events == "kafka":
        from gf_chassis.readers.kafka import KafkaReader

        instance = os.environ.get("GF_INSTANCE_ID")
        return KafkaReader(
            subscription.group,
            subscription.topics,
            settings.kafka_bootstrap,
            group_instance_id=f"{subscription.group}-{instance}" if instance else None,
            security=settings.kafka_security,
        )
    from gf_chassis.readers.journal import JournalReader

    return JournalReader(
        subscription.group, subscription.topics, runtime.database, settings.journal_urls, owner=owner_of
    )


def owner_of(topic: str) -> str:
    """The service whose journal holds a topic: its first word (``intake.units``)."""
    return topic.partition(".")[0]


async def _project(
    runtime: ServiceRuntime, projection: Projection, progress: ProgressWatch, stop: asyncio.Event
) -> None:
    """Run the generation that serves, and the one that is being built beside it, as the switch row says."""
    running: dict[int, tuple[asyncio.Event, asyncio.Task[None]]] = {}
    try:
        while not stop.is_set():
            try:
                async with runtime.database.reading() as session:
                    wanted = set((await projections.generations(session, projection.name)).running)
            except Exception as error:
                log.warning("projection switch unknown", projection=projection.name, error=describe(error))
                wanted = set(running)
            for generation in wanted - running.keys():
                end = asyncio.Event()
                consumer = make_consumer(runtime, projection.subscription(generation), progress)
                running[generation] = (end, asyncio.create_task(consumer.run(end)))
            for generation in running.keys() - wanted:
                await _end(*running.pop(generation))
                progress.forget(f"consumer:{projection.group(generation)}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), _SWITCH_SECONDS)
    finally:
        for end, task in running.values():
            await _end(end, task)


async def _end(end: asyncio.Event, task: asyncio.Task[None]) -> None:
    end.set()
    await task


async def _tick(runtime: ServiceRuntime, progress: ProgressWatch, stop: asyncio.Event) -> None:
    """Call what deadlines start, once a second, in one process of the service at a time."""
    part = progress.part("ticks")
    pause = _TICK_SECONDS_STANDALONE if runtime.settings.events == "journal" else _TICK_SECONDS
    while not stop.is_set():
        begun = time.monotonic()
        try:
            async with _turn(runtime) as mine:
                if mine:
                    for tick in runtime.ticks:
                        await tick(runtime.clock.now())
            part.step()
        except Exception as error:
            # Deadlines come again in a second; a bug here must not stop the events.
            part.struggle(describe(error))
            log.log(
                WARNING if family(error) == "transient" else ERROR,
                "tick failed",
                service=runtime.name,
                error=describe(error),
                exc_info=family(error) == "unknown",
            )
        wait = max(0.05, pause - (time.monotonic() - begun))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), wait)


@contextlib.asynccontextmanager
async def _turn(runtime: ServiceRuntime) -> AsyncIterator[bool]:
    """Whether this process ticks now. Ticks bear being run twice; the lock only saves the work."""
    if runtime.settings.events == "journal":
        yield True  # standalone: there is no other process
        return
    key = zlib.crc32(f"ticks:{runtime.name}".encode())
    async with runtime.database.engine.connect() as connection:
        yield bool((await connection.execute(text("select pg_try_advisory_xact_lock(:key)"), {"key": key})).scalar())


async def _until_stopped(stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """A part that ends by itself (the poison brake) leaves the others at work; a crash ends the worker."""
    waiting = asyncio.create_task(stop.wait())
    try:
        running = set(tasks)
        while not stop.is_set():
            done, _ = await asyncio.wait({waiting, *running}, return_when=asyncio.FIRST_COMPLETED)
            for task in done - {waiting}:
                running.discard(task)
                task.result()
    finally:
        waiting.cancel()


async def _drain(tasks: list[asyncio.Task[None]], seconds: float) -> None:
    if not tasks:
        return
    _, late = await asyncio.wait(tasks, timeout=max(seconds, 0.1))
    for task in late:
        log.warning("part did not end in time", part=task.get_name())
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    caught = (signal.SIGTERM, signal.SIGINT)
    for one in caught:
        loop.add_signal_handler(one, stop.set)
    try:
        yield
    finally:
        for one in caught:
            loop.remove_signal_handler(one)
