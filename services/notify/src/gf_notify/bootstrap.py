"""The table of contents of notify: every use case, built with its adapters."""

from __future__ import annotations

from dataclasses import dataclass

import gf_policy
from gf_chassis.clock import Clock
from gf_chassis.database import Database
from gf_chassis.runtime import ServiceRuntime
from gf_notify.adapters.names import Names
from gf_notify.adapters.wording import Wording
from gf_notify.entrypoints.consumers import subscriptions
from gf_notify.settings import Settings
from gf_notify.usecases.raise_notices import RaiseNotices
from gf_notify.usecases.tell_progress import TellProgress
from gf_notify.usecases.tell_publicity import TellPublicity
from gf_notify.usecases.tell_standing import TellStanding


@dataclass
class Bootstrap:
    runtime: ServiceRuntime
    raise_notices: RaiseNotices
    tell_progress: TellProgress
    tell_publicity: TellPublicity
    tell_standing: TellStanding
    names: Names


def bootstrap(settings: Settings, *, clock: Clock | None = None, book: gf_policy.Book | None = None) -> Bootstrap:
    clock = clock or Clock()
    names = Names(book or gf_policy.load(settings.policies_dir))
    database = Database(settings.database, clock)
    raise_notices = RaiseNotices(Wording.load())
    progress = TellProgress(raise_notices, names.authority)
    publicity = TellPublicity(raise_notices, names.green_list)
    standing = TellStanding(raise_notices, names.green_list, names.ground, names.chain)
    runtime = ServiceRuntime(
        "notify",
        settings,
        database,
        clock,
        subscriptions=subscriptions(raise_notices, progress, publicity, standing, names),
    )
    runtime.on_stop.append(database.close)
    return Bootstrap(runtime, raise_notices, progress, publicity, standing, names)
