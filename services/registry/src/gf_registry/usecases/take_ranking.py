"""A ranking is complete (排名结束): whoever it says is due for removal is marked, whoever it no longer does is not.

Nobody is removed by it: a person proposes, another decides with a document (N25 二（二）).
"""

from __future__ import annotations

from uuid import UUID

from gf_chassis.database import UnitOfWork
from gf_chassis.ids import new_id
from gf_chassis.journal import Entry
from gf_registry.adapters import projection, removals
from gf_registry.adapters.contracts import ClosedRanking
from gf_registry.adapters.repository import Repository
from gf_registry.domain.lists import ListId
from gf_registry.domain.removals import ARTICLE, Ranked, RemovalDue, converge, in_force
from gf_registry.domain.standings import Standing


async def take_ranking(uow: UnitOfWork, ranking: ClosedRanking) -> None:
    repo = Repository(uow)
    # Two rankings may end at once, under keys of their own: one after the other. No unit is linked meanwhile.
    await projection.lock_linking(repo.session, importing=True)
    await removals.store_ranking(repo.session, ranking)
    run = in_force(await removals.runs(repo.session, ranking.list_id, ranking.year))
    due = await removals.due_units(repo.session, run.id) if run else {}
    concerned = await removals.marked_units(repo.session, ranking.list_id, ranking.year)
    standings = await repo.lock_standings({*due, *concerned})
    known = await removals.of_year(repo.session, ranking.list_id, ranking.year)
    owners = _live(standings, ranking.list_id, due)

    def opened(membership_id: UUID, ranked: Ranked) -> RemovalDue:
        return RemovalDue(new_id(), membership_id, owners[membership_id], ranking.year, ranked)

    ranked = {membership_id: due[unit_id] for membership_id, unit_id in owners.items()}
    changed = converge(known, ranked, opened)
    await removals.save(repo.session, ranking.list_id, [*known, *(one for one in changed if one not in known)])
    for one in changed:
        data = {
            "removal_due_id": one.id, "list_id": str(ranking.list_id), "year": one.year, "state": one.state.value,
            "run_id": one.ranked.run_id, "streak": one.ranked.streak, "told_by": ranking.run_id,
        }  # fmt: skip
        uow.journal(Entry("standing", str(one.unit_id), "removal_due_changed", data, basis=ARTICLE))


def _live(standings: dict[UUID, Standing], list_id: ListId, due: dict[UUID, Ranked]) -> dict[UUID, UUID]:
    """The memberships that stand on the list now, of units that are due: what left it meanwhile is not due any more."""
    found = {}
    for unit_id in due:
        membership = standings[unit_id].live_on(list_id)
        if membership is not None:
            found[membership.id] = unit_id
    return found
