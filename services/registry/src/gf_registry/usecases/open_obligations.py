"""Open the yearly obligation (年度填报义务, GD art. 18) of every unit on a list, some hundred at a time."""

from __future__ import annotations

from datetime import date

from sqlalchemy import text

from gf_chassis.clock import SHANGHAI
from gf_chassis.database import Database
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_chassis.journal import Entry
from gf_registry.adapters import contracts
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.adapters.tables import ObligationRow
from gf_registry.domain.lists import ListId
from gf_registry.domain.obligations import Obligation

from .scope import keeper_of

CHUNK = 500
_WITHOUT = text(
    "select m.unit_id from membership m where m.list_id = :list and m.state = 'listed' and m.effective <= :today"
    " and not exists (select 1 from obligation o where o.unit_id = m.unit_id and o.year = :year and o.kind = :kind)"
    " order by m.unit_id limit :chunk"
)


async def open_obligations(
    database: Database, law: Law, principal: Principal, list_id: ListId, *, year: int, kind: str, due: date
) -> int:
    """How many were opened. Calling it again opens what is missing only."""
    keeper_of(law, principal, list_id)
    opened = 0
    while True:
        count = await _open_chunk(database, principal, list_id, year, kind, due)
        opened += count
        if count < CHUNK:
            return opened


async def _open_chunk(
    database: Database, principal: Principal, list_id: ListId, year: int, kind: str, due: date
) -> int:
    async with database.unit_of_work(principal.actor()) as uow:
        repo = Repository(uow)
        values = {
            "list": str(list_id), "year": year, "kind": kind, "chunk": CHUNK,
            "today": (await uow.now()).astimezone(SHANGHAI).date(),
        }  # fmt: skip
        units = list((await repo.session.execute(_WITHOUT, values)).scalars())
        standings = await repo.lock_standings(units)
        # Again under the locks: somebody else may have opened them meanwhile.
        still = set((await repo.session.execute(_WITHOUT, values)).scalars())
        for unit_id, standing in standings.items():
            if unit_id not in still:
                continue
            o = Obligation(id=new_id(), unit_id=unit_id, year=year, kind=kind, due=due)
            repo.session.add(
                ObligationRow(id=o.id, unit_id=unit_id, year=year, kind=kind, due=due, state=o.state.value)
            )
            uow.journal(
                Entry(
                    "standing", str(unit_id), "obligation_opened", {"year": year, "kind": kind, "due": due},
                    basis="GD 第十八条", published=contracts.obligation_changed(standing, o),
                )
            )  # fmt: skip
        await repo.save_standings(standings.values())
        await uow.commit()
        return len(units)
