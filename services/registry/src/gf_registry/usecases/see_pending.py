"""See what the next edition will announce (待公布内容), what is still to be decided, and the position to publish at."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gf_chassis.database import UnitOfWork
from gf_chassis.identity import Principal
from gf_registry.adapters import reading, views
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.domain.lists import ListId
from gf_registry.domain.memberships import ChangeKind

from . import answers
from .parts import ALL, Part
from .scope import keeper_of
from .steps import today


async def see_pending(
    uow: UnitOfWork, law: Law, principal: Principal, list_id: ListId, *, page: Part = ALL
) -> dict[str, Any]:
    """The changes page by page; all are counted.

    `seen` is the position at which reading began, on every page the same: what is published must have been seen from
    the first page to the last. `following` holds the last change shown and `seen`, after which the next page begins.
    """
    keeper_of(law, principal, list_id)
    repo = Repository(uow)
    # Locked for the moment of reading: position and content belong together. Nothing is committed.
    green = (await repo.lock_lists([list_id]))[list_id]
    draft = await repo.draft(list_id)
    counts = await repo.pending_counts(list_id)
    day = draft.effective if draft and draft.effective else today(await uow.now())
    at = reading.AsOf(day, green.position, green.recorded_at)
    standing = await reading.count(repo.session, list_id, at, reading.Search())
    listed = standing + counts.get((ChangeKind.LISTED, True), 0) - counts.get((ChangeKind.REMOVED, True), 0)
    last, seen = page.after or (0, green.position)
    items, more = page.cut(await repo.pending_shown(list_id, limit=page.fetched, after=last))
    numbers: Counter[str] = Counter()
    for (kind, _), changes in counts.items():
        numbers[kind.value] += changes
    return {
        "list_id": str(list_id),
        "position": green.position,
        "seen": seen,
        "draft": answers.edition(draft) if draft else None,
        "effective": day,
        "listed": listed,
        "lapsed": await views.lapsed(repo.session, list_id),
        "proposals": await views.proposals(repo.session, list_id),
        "numbers": dict(numbers),
        "items": items,
        "following": more and (more["position"], seen),
    }
