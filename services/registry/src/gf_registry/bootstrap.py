"""The table of contents: every use case of the registry, built with its adapters."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import gf_policy
from gf_chassis.clock import Clock
from gf_chassis.database import Database
from gf_chassis.runtime import ServiceRuntime
from gf_registry.adapters.law import Law, PolicyLaw
from gf_registry.entrypoints.consumers import rankings, subscription
from gf_registry.settings import Settings
from gf_registry.usecases import (
    count_statistics,
    decide_adjustment,
    draft_edition,
    expire_bars,
    import_list,
    impose_bar,
    lift_bar,
    open_obligations,
    propose_adjustment,
    publish_edition,
    redraft_edition,
    see_adjustment,
    see_attention,
    see_pending,
    see_standing,
    take_back_adjustment,
)

#: A use case with its adapters; what it answers is JSON.
UseCase = Callable[..., Awaitable[dict[str, Any]]]
Counting = Callable[..., Awaitable[int]]


@dataclass
class Bootstrap:
    runtime: ServiceRuntime
    law: Law
    # lists
    draft_edition: UseCase
    redraft_edition: UseCase
    publish_edition: UseCase
    import_list: UseCase
    see_pending: UseCase
    see_attention: UseCase
    statistics: UseCase
    # units
    impose_bar: UseCase
    lift_bar: UseCase
    expire_bars: Counting
    propose_adjustment: UseCase
    decide_adjustment: UseCase
    take_back_adjustment: UseCase
    see_adjustment: UseCase
    open_obligations: Counting
    see_standing: UseCase


def bootstrap(settings: Settings, *, clock: Clock | None = None, law: Law | None = None) -> Bootstrap:
    clock = clock or Clock()
    law = law or PolicyLaw(gf_policy.load(settings.policies_dir))
    database = Database(settings.database, clock)
    runtime = ServiceRuntime(
        "registry", settings, database, clock, subscriptions=[subscription(law)], projections=[rankings()]
    )
    b = Bootstrap(
        runtime=runtime,
        law=law,
        draft_edition=_with_law(draft_edition.draft_edition, law),
        redraft_edition=_with_law(redraft_edition.redraft_edition, law),
        publish_edition=_with_law(publish_edition.publish_edition, law),
        import_list=_with_law(import_list.import_list, law),
        see_pending=_after_first(see_pending.see_pending, law),
        see_attention=_after_first(see_attention.see_attention, law),
        statistics=partial(count_statistics.count_statistics, database, law),
        impose_bar=_with_law(impose_bar.impose_bar, law),
        lift_bar=_with_law(lift_bar.lift_bar, law),
        expire_bars=partial(expire_bars.expire_bars, database),
        propose_adjustment=_with_law(propose_adjustment.propose_adjustment, law),
        decide_adjustment=_with_law(decide_adjustment.decide_adjustment, law),
        take_back_adjustment=_with_law(take_back_adjustment.take_back_adjustment, law),
        see_adjustment=_after_first(see_adjustment.see_adjustment, law),
        open_obligations=partial(open_obligations.open_obligations, database, law),
        see_standing=_after_first(see_standing.see_standing, law),
    )

    async def tick(now: datetime) -> None:
        await b.expire_bars(now)

    runtime.ticks.append(tick)
    runtime.on_stop.append(database.close)
    return b


def _with_law(use_case: UseCase, law: Law) -> UseCase:
    """`use_case(uow, once, law, …)` as `(uow, once, …)`."""

    async def call(uow: Any, once: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return await use_case(uow, once, law, *args, **kwargs)

    return call


def _after_first(use_case: UseCase, law: Law) -> UseCase:
    """`use_case(session_or_uow, law, …)` as `(session_or_uow, …)`."""

    async def call(first: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return await use_case(first, law, *args, **kwargs)

    return call
