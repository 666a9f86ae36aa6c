"""What a worker tells about itself 运行指标: read off its parts when asked, and off the database every few seconds.

The relay's lag is taken from the journal itself, so that it grows also while the relay is stuck, cannot reach the
broker, or does not run at all.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Final

import structlog
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import text

from gf_chassis import metrics
from gf_chassis.faults import describe
from gf_chassis.metrics import METRICS
from gf_chassis.progress import Part, watches
from gf_chassis.runtime import ServiceRuntime

log = structlog.get_logger(__name__)

_SECONDS: Final = 15.0
_CONSUMER: Final = "consumer:"

_HELD: Final = text(
    "select grp, count(*) from (select distinct grp, topic, key from held_event where state = 'held') k group by grp"
)
#: Age of the first row behind the relay's cursor: in its open window, else in the transactions beyond it.
_BEHIND: Final = text(
    "with c as (select coalesce(max(lo), 0) as lo, coalesce(max(hi), 0) as hi, coalesce(max(last_id), 0) as last_id,"
    " coalesce(max(max_id), 0) as max_id from relay_cursor where name = 'kafka')"
    " select coalesce(max(extract(epoch from clock_timestamp() - recorded_at)), 0) from ("
    " (select j.recorded_at from journal j, c where j.xid >= c.lo::text::xid8 and j.xid < c.hi::text::xid8"
    " and j.id > c.last_id and j.id <= c.max_id and j.topic is not null order by j.xid, j.id limit 1)"
    " union all"
    " (select j.recorded_at from journal j, c where j.xid >= c.hi::text::xid8 and j.topic is not null"
    " order by j.xid, j.id limit 1)) waiting"
)


async def keep(runtime: ServiceRuntime, stop: asyncio.Event) -> None:
    """Look at the database every few seconds until told to stop."""
    while not stop.is_set():
        try:
            await look(runtime)
        except Exception as error:
            # The next look comes soon; readiness says what is wrong with the database.
            log.info("gauges not read", service=runtime.name, error=describe(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _SECONDS)


async def look(runtime: ServiceRuntime) -> None:
    """Held keys of every group, also where there are none, and how far the relay is behind."""
    async with runtime.database.reading() as session:
        held = {row[0]: int(row[1]) for row in await session.execute(_HELD)}
        behind = (await session.execute(_BEHIND)).scalar_one() if runtime.settings.events == "kafka" else 0
    for group in {subscription.group for subscription in runtime.subscriptions} | held.keys():
        METRICS.held_keys.labels(runtime.name, group).set(held.get(group, 0))
    METRICS.relay_lag_seconds.labels(runtime.name).set(max(0.0, float(behind)))


class PartsCollector(Collector):
    """The parts of every worker in this process, as they stand when they are asked for."""

    def describe(self) -> Iterator[Metric]:
        return iter(())

    def collect(self) -> Iterator[Metric]:
        consumed = CounterMetricFamily(
            metrics.EVENTS_CONSUMED.name, metrics.EVENTS_CONSUMED.help, labels=metrics.EVENTS_CONSUMED.labels
        )
        lag, age, silent, stopped = (
            GaugeMetricFamily(one.name, one.help, labels=one.labels) for one in metrics.DESCRIBED[1:]
        )
        for service, progress in watches().items():
            for part in progress.parts:
                silent.add_metric((service, part.name), time.monotonic() - part.last_step)
                stopped.add_metric((service, part.name), 1.0 if part.stopped else 0.0)
                if part.name.startswith(_CONSUMER):
                    _consumer((service, part.name.removeprefix(_CONSUMER)), part, consumed, lag, age)
        yield from (consumed, lag, age, silent, stopped)


def _consumer(
    labels: tuple[str, str], part: Part, consumed: CounterMetricFamily, lag: GaugeMetricFamily, age: GaugeMetricFamily
) -> None:
    for result, count in list(part.counts.items()):
        consumed.add_metric((*labels, result), count)
    if part.lag is not None:
        lag.add_metric(labels, part.lag)
    if part.last_age is not None:
        age.add_metric(labels, part.last_age)


metrics.REGISTRY.register(PartsCollector())
