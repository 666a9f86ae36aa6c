"""The sheets of a submission, line by line with what each was computed from, for those who may see them."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.database import Database
from gf_chassis.identity import Principal
from gf_policy.authorities import AuthorityTree
from gf_policy.errors import PolicyLookupError
from gf_scoring.adapters import contracts, repository
from gf_scoring.adapters.tables import SheetRow
from gf_scoring.adapters.versions import Versions
from gf_scoring.domain.errors import NotVisible
from gf_scoring.domain.scope import Viewer, may_see


@dataclass(frozen=True, slots=True)
class FoundSheets:
    revisions: tuple[SheetRow, ...]


class FindSheets:
    def __init__(self, database: Database, authorities: AuthorityTree, versions: Versions) -> None:
        self._database = database
        self._authorities = authorities
        self._versions = versions

    async def __call__(self, principal: Principal, submission_id: UUID) -> FoundSheets:
        async with self._database.reading() as session:
            rows = await repository.revisions(session, submission_id)
            if not rows or not await visible(session, principal, rows[-1], self._authorities):
                raise NotVisible
            await self._versions.load(session)
            return FoundSheets(tuple(rows))


async def visible(session: AsyncSession, principal: Principal, newest: SheetRow, authorities: AuthorityTree) -> bool:
    """Judged by the newest round: after a change of superior the former authority no longer sees it."""
    return may_see(
        Viewer(principal.roles, principal.authority, principal.org),
        uscc=contracts.subject_of(contracts.admitted_from(newest.admitted)).uscc,
        route=await repository.route_of(session, newest.submission_id),
        superiors=superiors(authorities, newest.superior),
    )


def superiors(authorities: AuthorityTree, superior: str) -> tuple[str, ...]:
    """The unit's superior authority and all above it."""
    try:
        return tuple(authority.id for authority in authorities.chain(superior))
    except PolicyLookupError:
        return ()
