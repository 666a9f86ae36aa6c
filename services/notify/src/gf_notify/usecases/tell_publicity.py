"""A publicity has changed: remember how it stands, tell the units on it."""

from __future__ import annotations

from collections.abc import Callable

from gf_chassis.database import UnitOfWork
from gf_chassis.events import Event
from gf_notify.adapters.contracts import Publicity
from gf_notify.adapters.tables import SeenPublicityRow
from gf_notify.domain.publicities import tell_publicity
from gf_notify.usecases.raise_notices import RaiseNotices


class TellPublicity:
    def __init__(self, raise_notices: RaiseNotices, list_name: Callable[[str], str]) -> None:
        self.raise_notices = raise_notices
        self.list_name = list_name

    async def __call__(self, uow: UnitOfWork, event: Event, publicity: Publicity) -> None:
        row = await uow.session.get(SeenPublicityRow, publicity.publicity_id, with_for_update=True)
        tellings = tell_publicity(
            row.state if row else "",
            row.entries if row else {},
            publicity.state,
            publicity.entries,
            until=publicity.until,
            list_name=self.list_name(publicity.list_id),
        )
        entries = {submission: state for submission, (_, state) in publicity.entries.items()}
        if row is None:
            uow.session.add(
                SeenPublicityRow(publicity_id=publicity.publicity_id, state=publicity.state, entries=entries)
            )
        else:
            row.state, row.entries = publicity.state, entries
        await self.raise_notices(uow, event, tellings)
