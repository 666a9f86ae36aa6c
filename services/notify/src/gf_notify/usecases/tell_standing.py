"""A unit's standing has changed: listed, removed, refused, barred, a yearly form due, an incident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from gf_chassis.database import UnitOfWork
from gf_chassis.events import Event
from gf_notify.adapters import contracts
from gf_notify.adapters.tables import UnitRow
from gf_notify.domain.notices import Telling, to_authority, to_unit
from gf_notify.usecases.raise_notices import RaiseNotices


class TellStanding:
    def __init__(
        self,
        raise_notices: RaiseNotices,
        list_name: Callable[[str], str],
        ground_label: Callable[[str], str],
        chain: Callable[[str], list[tuple[str, str]]],
    ) -> None:
        self.raise_notices = raise_notices
        self.list_name = list_name
        self.ground_label = ground_label
        self.chain = chain

    async def membership(self, uow: UnitOfWork, event: Event) -> None:
        m: Any = event.message
        state = contracts.membership_state(m)
        if state == "listed" and not m.effective:
            return  # decided, but no edition has put it in force; the next event of the membership carries the date
        words = {"list": self.list_name(m.list_id), "effective": m.effective, "ground": self.ground_label(m.ground)}
        template = {"listed": "listed", "removed": "removed", "refused": "not_listed"}[state]
        told = [to_unit(template, m.unit_id, m.submission_id, **words)]
        superior = await self._superior(uow, m.unit_id)
        if state == "removed" and superior:
            told.append(to_authority("authority_removed", superior, "reviewer", m.unit_id, **words))
        await self.raise_notices(uow, event, told)

    async def bar(self, uow: UnitOfWork, event: Event) -> None:
        m: Any = event.message
        since = getattr(m, "from")
        if contracts.bar_state(m) != "in_force":
            await self.raise_notices(uow, event, [to_unit("bar_ended", m.unit_id, **{"from": since})])
            return
        words = {
            "from": since,
            "until": f"，至 {contracts.day_before(m.until)} 止" if m.until else "",
            "reason": m.reason or self.ground_label(m.ground),
            "article": m.article or "—",
        }
        told = [to_unit("barred", m.unit_id, **words)]
        superior = await self._superior(uow, m.unit_id)
        if superior:
            told.append(to_authority("authority_barred", superior, "reviewer", m.unit_id, **words))
        await self.raise_notices(uow, event, told)

    async def obligation(self, uow: UnitOfWork, event: Event) -> None:
        m: Any = event.message
        template = {"open": "obligation_open", "overdue": "obligation_overdue", "urged": "obligation_overdue"}.get(
            contracts.obligation_state(m)
        )
        if template:
            told = [to_unit(template, m.unit_id, year=str(m.year), due=m.due)]
            await self.raise_notices(uow, event, told)

    async def incident(self, uow: UnitOfWork, event: Event) -> None:
        """To the authority of the level that the report has reached (GD-19)."""
        m: Any = event.message
        superior = await self._superior(uow, m.unit_id)
        level = contracts.incident_level(m)
        told: list[Telling] = [
            to_authority(
                "incident", authority, "approver", m.unit_id, at=contracts.moment(m.occurred_at), grade=m.grade
            )
            for authority, its_level in self.chain(superior)
            if its_level == level
        ]
        await self.raise_notices(uow, event, told)

    async def _superior(self, uow: UnitOfWork, unit_id: str) -> str:
        row = await uow.session.get(UnitRow, UUID(unit_id))
        return row.superior if row else ""
