"""What every act on a case shares: lock, scope, freshness, then write and answer in one transaction."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ParamSpec

from gf_chassis.database import Database, UnitOfWork
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import EventPosition
from gf_review.adapters import dossiers
from gf_review.adapters.batches import Recommendations
from gf_review.adapters.policy import Policies
from gf_review.adapters.repository import Cases
from gf_review.adapters.scope import require_visible
from gf_review.domain.case import Case, Official
from gf_review.domain.decisions import Seen, require_fresh
from gf_review.domain.dossier import Dossier


class Replayed(Exception):
    """The idempotency key was used before: this was the first answer."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__("replayed")
        self.result = result


@dataclass(frozen=True, slots=True)
class Done:
    """What an act answers with."""

    result: dict[str, Any]
    positions: list[EventPosition] = field(default_factory=list)


P = ParamSpec("P")


def repeatable(act: Callable[P, Awaitable[Done]]) -> Callable[P, Awaitable[Done]]:
    """An act that answers a repeated idempotency key with its first answer, and does nothing."""

    @functools.wraps(act)
    async def once_only(*args: P.args, **kwargs: P.kwargs) -> Done:
        try:
            return await act(*args, **kwargs)
        except Replayed as again:
            return Done(again.result)

    return once_only


async def first_time(uow: UnitOfWork, once: Once | None) -> None:
    """Goes on only where the key is new; the loser of a race waits here for the winner."""
    if once is not None and (result := await once.first(uow)) is not None:
        raise Replayed(result)


def official(principal: Principal) -> Official:
    return Official(principal.subject, principal.name, principal.authority, principal.roles)


@dataclass
class Act:
    """One act on one locked case."""

    uow: UnitOfWork
    case: Case
    dossier: Dossier
    by: Official
    at: datetime
    once: Once | None
    seen: Seen

    @property
    def session(self) -> Any:
        return self.uow.session

    async def done(self) -> Done:
        """Write the case with its events, remember the answer, commit. Only then may anyone be told."""
        case = self.case
        await Cases(self.uow).save(case, self.at)
        if case.current is None or str(case.state) != "open":
            await Recommendations(self.uow).release(case.id)
        result = {
            "submission_id": case.id,
            "round": case.round,
            "state": str(case.state),
            "outcome": str(case.outcome or ""),
            "version": case.version,
            "sheet_revision": self.dossier.revision,
            # Of the sheet only what was seen: a decision under this tag must not rest on one that nobody looked at.
            "etag": etag_of(case.version, self.seen.revision),
        }
        return await finish(self.uow, self.once, result)


async def finish(uow: UnitOfWork, once: Once | None, result: dict[str, Any]) -> Done:
    if once is not None:
        await once.keep(uow, result)
    await uow.commit()
    return Done(result, uow.positions)


def etag_of(version: int, revision: int) -> str:
    """What `If-Match` names: case version and sheet revision."""
    return f"{version}-{revision}"


@dataclass(frozen=True)
class OnCase:
    """Base of the use cases that act on a case."""

    database: Database
    policies: Policies

    @asynccontextmanager
    async def _act(
        self, principal: Principal, submission_id: str, seen: Seen, once: Once | None, *, on_sheet: bool = True
    ) -> AsyncIterator[Act]:
        """``on_sheet``: whether the act rests on the points that were seen."""
        by = official(principal)
        async with self.database.unit_of_work(principal.actor()) as uow:
            await first_time(uow, once)
            await require_visible(uow.session, by.authority, submission_id)
            case = await Cases(uow).require(submission_id)
            # Again, now that the row is ours: the route may have been replaced while we waited for the lock.
            await require_visible(uow.session, by.authority, submission_id)
            dossier = await dossiers.read(uow.session, case)
            require_fresh(case, dossier, seen, on_sheet=on_sheet)
            yield Act(uow, case, dossier, by, await uow.now(), once, seen)
