"""See who on a list is due for removal (应移出) and who is warned early (预警), as far as one's authority reaches."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.errors import NotFound
from gf_chassis.identity import Principal
from gf_registry.adapters import ranked
from gf_registry.adapters.law import Law
from gf_registry.domain.lists import ListId

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
    limit: int | None = None, after: tuple[int, UUID] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """`limit` and `after` (place, membership) are of those warned early; `following` is where the next page begins."""
    under = reach(law, principal, list_id)
    known = [run for run in await ranked.years(session) if run["list_id"] == str(list_id)]
    run = next((r for r in known if year is None or r["year"] == year), None)
    warned, count = [], 0
    if run is not None:
        more = None if limit is None else limit + 1
        warned = await ranked.warned(session, list_id, run["year"], under, limit=more, after=after)
        whole = limit is None and after is None
        count = len(warned) if whole else await ranked.count_warned(session, list_id, run["year"], under)
    following = None
    if limit is not None and len(warned) > limit:
        warned = warned[:limit]
        following = (warned[-1]["place"], warned[-1]["membership_id"])
    return {
        "list_id": str(list_id),
        "years": [r["year"] for r in known],
        "ranking": run,
        "due": await ranked.due(session, list_id, under, lapsed=lapsed),
        "warned": warned,
        "warned_count": count,
        "following": following,
    }
