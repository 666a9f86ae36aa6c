"""A case has moved: remember how it stands, tell those whom the step concerns."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from gf_chassis.database import UnitOfWork
from gf_chassis.events import Event
from gf_notify.adapters.tables import SeenCaseRow
from gf_notify.domain.cases import Progress, Seen, tell_progress
from gf_notify.usecases.raise_notices import RaiseNotices


class TellProgress:
    def __init__(self, raise_notices: RaiseNotices, name_of: Callable[[str], str]) -> None:
        self.raise_notices = raise_notices
        self.name_of = name_of

    async def __call__(self, uow: UnitOfWork, event: Event, progress: Progress) -> None:
        row = await uow.session.get(SeenCaseRow, UUID(progress.submission_id), with_for_update=True)
        seen = Seen(row.round, {int(number): state for number, state in row.states.items()}) if row else None
        if seen and progress.round < seen.round:
            return  # an older round is history without effect
        names = {stage.authority: self.name_of(stage.authority) for stage in progress.stages}
        states = {str(stage.number): stage.state for stage in progress.stages}
        if row is None:
            uow.session.add(
                SeenCaseRow(
                    submission_id=UUID(progress.submission_id),
                    unit_id=UUID(progress.unit_id),
                    round=progress.round,
                    states=states,
                )
            )
        else:
            row.round, row.states = progress.round, states
        await self.raise_notices(uow, event, tell_progress(seen, progress, names))
