"""See who on a list is due for removal (应移出) and who is warned early (预警), as far as one's authority reaches."""

from __future__ import annotations

from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.errors import NotFound
from gf_chassis.identity import Principal
from gf_registry.adapters import ranked
from gf_registry.adapters.law import Law
from gf_registry.domain.lists import ListId

from .parts import ALL, Part
from .scope import OFFICIALS


def reach(law: Law, principal: Principal, list_id: ListId) -> list[str] | None:
    """The authorities whose units of the list one may see; None: all of them (the list is kept here or below)."""
    if not principal.authority or not law.chain(principal.authority) or not law.chain(list_id.authority):
        raise NotFound
    principal.require(*OFFICIALS)
    if principal.authority in law.chain(list_id.authority):
        return None
    return sorted(law.under(principal.authority))


async def see_attention(
    session: AsyncSession, law: Law, principal: Principal, list_id: ListId, *, year: int | None, lapsed: bool = False,
    due: Part = ALL, warned: Part = ALL,
) -> dict[str, Any]:  # fmt: skip
    """`due_following` and `warned_following` are the keys after which the next page begins."""
    under = reach(law, principal, list_id)
    known = [run for run in await ranked.years(session) if run["list_id"] == str(list_id)]
    run = next((r for r in known if year is None or r["year"] == year), None)
    dues, more_due = due.cut(
        await ranked.due(session, list_id, under, lapsed=lapsed, limit=due.fetched, after=due.after)
    )
    warnings: list[dict[str, Any]] = []
    more_warned, count = None, 0
    if run is not None:
        found = await ranked.warned(
            session, list_id, run["year"], under, limit=warned.fetched, after=warned.after
        )  # fmt: skip
        warnings, more_warned = warned.cut(found)
        count = await ranked.count_warned(session, list_id, run["year"], under)
    return {
        "list_id": str(list_id),
        "years": [r["year"] for r in known],
        "ranking": run,
        "due": dues,
        "due_count": await ranked.count_due(session, list_id, under, lapsed=lapsed),
        "due_following": more_due and tuple(more_due[name] for name in ("year", "region", "name", "membership_id")),
        "warned": warnings,
        "warned_count": count,
        "warned_following": more_warned and tuple(more_warned[name] for name in ("place", "membership_id")),
    }
