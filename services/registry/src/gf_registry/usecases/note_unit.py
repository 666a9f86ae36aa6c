"""Take note of a unit's profile; entries imported under its code before it was known become its own."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from gf_chassis.database import UnitOfWork
from gf_chassis.journal import Entry
from gf_registry.adapters import projection
from gf_registry.adapters.contracts import Unit
from gf_registry.adapters.repository import Repository

from .steps import tell_bar, tell_membership

_MOVE = text("update imported_unit set linked_to = :to where unit_id = :id")


async def note_unit(uow: UnitOfWork, unit: Unit) -> None:
    repo = Repository(uow)
    await projection.lock_linking(repo.session, importing=False)
    await projection.store_unit(repo.session, unit)
    if unit.uscc is None:
        return
    imported = (await projection.imported_by_code(repo.session, [unit.uscc], unit.category)).get(unit.uscc)
    if imported is not None:
        await _link(uow, repo, imported.unit_id, unit.unit_id)


async def _link(uow: UnitOfWork, repo: Repository, old: UUID, new: UUID) -> None:
    """The memberships and bars of the imported entry belong to the unit from now on; the changes stay as recorded."""
    standings = await repo.lock_standings([old, new])
    source, target = standings[old], standings[new]
    if (await repo.session.execute(text("select linked_to from imported_unit where unit_id = :id"), {"id": old})).one()[
        0
    ] is not None:
        return  # another profile with the same code was quicker
    for membership in source.memberships:
        membership.unit_id = new
        target.memberships.append(membership)
        tell_membership(uow, target, membership, reason="名单导入记录与单位关联")
    for bar in source.bars:
        bar.unit_id = new
        target.bars.append(bar)
        tell_bar(uow, target, bar)
    source.memberships, source.bars = [], []
    await repo.session.execute(_MOVE, {"to": new, "id": old})
    uow.journal(Entry("standing", str(old), "linked", {"unit_id": new}))
    await repo.save_standings([target])
