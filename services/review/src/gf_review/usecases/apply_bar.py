"""A bar was imposed, expired or lifted: open cases of the unit are stopped and name it (GD-17-gates)."""

from __future__ import annotations

from gf_chassis.database import UnitOfWork
from gf_review.adapters import dossiers
from gf_review.adapters.repository import Cases
from gf_review.adapters.tables import BarRow
from gf_review.domain import decisions
from gf_review.usecases.unit_lock import lock_unit


class ApplyBar:
    """Use case of a consumer: the runner commits."""

    async def __call__(self, uow: UnitOfWork, bar: BarRow) -> None:
        await lock_unit(uow, bar.unit_id)
        await uow.session.merge(bar)
        await uow.session.flush()
        cases = Cases(uow)
        found = await cases.lock_open_of_unit(bar.unit_id)
        bars = (await dossiers.bars_of(uow.session, [bar.unit_id])).get(bar.unit_id, ())
        at = await uow.now()
        for case in found.values():
            if decisions.bars_changed(case, dossiers.bars_text(bars)):
                await cases.save(case, at)
