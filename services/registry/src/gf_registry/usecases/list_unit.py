"""Enter a unit into a list (列入名单) once its halves are there: the decision, the publicity, the admitted unit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from gf_chassis.database import UnitOfWork
from gf_chassis.ids import new_id
from gf_chassis.journal import Entry
from gf_registry.adapters import projection
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.adapters.tables import SubmissionRow
from gf_registry.domain.listings import Listing, ListingState, Ready
from gf_registry.domain.memberships import ChangeKind, MembershipState, NameOnList
from gf_registry.domain.standings import Standing

from .steps import append_change, drafts, tell_membership, today


async def list_units(
    uow: UnitOfWork, repo: Repository, law: Law, standings: Mapping[UUID, Standing], listings: Iterable[Listing]
) -> None:
    """Settle what can be settled now. The units' rows are locked by the caller; the lists are locked here."""
    ready: list[tuple[Listing, SubmissionRow]] = []
    for listing in listings:
        submission = await projection.latest_submission(repo.session, listing.submission_id)
        publicity = await projection.publicity_for(repo.session, listing)
        match listing.ready(publicity, submission is not None):
            case Ready.NEVER:
                await _settle(uow, repo, listing, ListingState.NOT_LISTED)
            case Ready.YES if submission is not None:
                ready.append((listing, submission))
    if not ready:
        return
    greens = await repo.lock_lists(listing.list_id for listing, _ in ready)
    open_drafts = await drafts(repo, greens)
    now = await uow.now()
    for listing, submission in ready:
        standing = standings[listing.unit_id]
        rules = law.rules_for([p["id"] for p in submission.policies], submission.superior)
        membership = standing.list_unit(
            listing.list_id, _name(submission), on=today(now), rules=rules, new_id=new_id,
            submission_id=listing.submission_id, year=listing.year,
        )  # fmt: skip
        if membership is None:
            await _settle(uow, repo, listing, ListingState.ALREADY_LISTED)
            continue
        refused = membership.state is MembershipState.REFUSED
        article = rules.article(membership.ground)
        kind = ChangeKind.REFUSED if refused else ChangeKind.LISTED
        append_change(repo, greens[listing.list_id], membership, kind, now, ground=membership.ground, article=article)
        tell_membership(uow, standing, membership, draft=open_drafts.get(listing.list_id), basis=article)
        await _settle(uow, repo, listing, ListingState.REFUSED if refused else ListingState.LISTED, membership.ground)
    await repo.save_standings({s.unit_id: s for s in (standings[x.unit_id] for x, _ in ready)}.values())
    await repo.save_lists(greens.values())


async def _settle(uow: UnitOfWork, repo: Repository, listing: Listing, state: ListingState, ground: str = "") -> None:
    listing.settle(state, ground)
    await repo.save_listing(listing)
    data = {"list_id": str(listing.list_id), "round": listing.round, "state": state.value, "ground": ground}
    uow.journal(Entry("listing", str(listing.submission_id), "listing_settled", data))


def _name(row: SubmissionRow) -> NameOnList:
    return NameOnList(row.name, row.uscc, row.region, row.industries[0] if row.industries else "")
