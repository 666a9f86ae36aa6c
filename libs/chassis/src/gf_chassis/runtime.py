"""What a running service consists of; built by the service's ``bootstrap()``, used by HTTP, worker and standalone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from gf_chassis.clock import Clock
from gf_chassis.settings import ServiceSettings

if TYPE_CHECKING:
    from fastapi import FastAPI

    from gf_chassis.consumer import Subscription
    from gf_chassis.database import Database
    from gf_chassis.projections import Projection

#: Work that a deadline starts; called by the worker every second or so with the present instant.
Tick = Callable[[datetime], Awaitable[None]]
#: Start-up or shutdown step.
Step = Callable[[], Awaitable[None]]


@dataclass
class ServiceRuntime:
    """One service in one process."""

    name: str
    settings: ServiceSettings
    database: Database
    clock: Clock
    subscriptions: Sequence[Subscription] = ()
    ticks: list[Tick] = field(default_factory=list)
    #: Projections that can be rebuilt beside themselves and switched.
    projections: Sequence[Projection] = ()
    #: The service's package: its migrations are looked up beside it.
    package: str = ""
    app: FastAPI | None = None
    #: Run when the HTTP application starts and stops (batchers, caches).
    on_start: list[Step] = field(default_factory=list)
    on_stop: list[Step] = field(default_factory=list)

    #: Set on SIGTERM: readiness says no, requests in flight are finished.
    draining: bool = False

    def __post_init__(self) -> None:
        if not self.package:
            self.package = f"gf_{self.name}"
