"""Steps that several use cases share: each appends a change to a list and says so under the unit's lock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from gf_chassis.clock import SHANGHAI
from gf_chassis.database import UnitOfWork
from gf_chassis.ids import new_id
from gf_chassis.journal import Entry
from gf_registry.adapters import contracts
from gf_registry.adapters.repository import Repository
from gf_registry.domain.bars import Bar
from gf_registry.domain.lists import GreenList, ListId
from gf_registry.domain.memberships import Change, ChangeKind, Membership
from gf_registry.domain.standings import Standing


def today(now: datetime) -> date:
    """The date in Asia/Shanghai, in which the law counts."""
    return now.astimezone(SHANGHAI).date()


def append_change(
    repo: Repository, green: GreenList, membership: Membership, kind: ChangeKind, now: datetime, *,
    ground: str = "", article: str = "", effective: date | None = None, adjustment_id: UUID | None = None,
) -> Change:  # fmt: skip
    """One more change of the list, at its next position."""
    change = Change(
        id=new_id(), list_id=green.id, recorded=green.record(now), membership_id=membership.id,
        unit_id=membership.unit_id, kind=kind, entry=membership.entry, ground=ground, article=article,
        effective=effective,
    )  # fmt: skip
    repo.append([change], adjustment_id=adjustment_id)
    return change


def tell_membership(
    uow: UnitOfWork, standing: Standing, membership: Membership, *,
    draft: UUID | None = None, basis: str = "", reason: str = "",
) -> None:  # fmt: skip
    """History line and event of a membership, with the next number of the standing."""
    data = {
        "membership_id": membership.id, "list_id": str(membership.list_id), "state": membership.state.value,
        "ground": membership.ground, "effective": membership.effective, "ended": membership.ended,
    }  # fmt: skip
    uow.journal(
        Entry(
            "standing", str(standing.unit_id), "membership_changed", data, basis=basis, reason=reason,
            published=contracts.membership_changed(standing, membership, draft=draft),
        )
    )  # fmt: skip


def tell_bar(uow: UnitOfWork, standing: Standing, bar: Bar, *, reason: str = "") -> None:
    data = {"bar_id": bar.id, "ground": bar.ground, "state": bar.state.value, "from": bar.from_, "until": bar.until}
    uow.journal(
        Entry(
            "standing", str(standing.unit_id), "bar_changed", data, basis=bar.article, reason=reason or bar.reason,
            published=contracts.bar_changed(standing, bar),
        )
    )  # fmt: skip


async def put_bar_in_force(uow: UnitOfWork, repo: Repository, standing: Standing, bar: Bar, now: datetime) -> None:
    """Impose the bar; listings still waiting for an edition are refused with it (unit row held, lists locked here)."""
    refused = standing.impose(bar, today(now))
    greens = await repo.lock_lists(m.list_id for m in refused)
    tell_bar(uow, standing, bar)
    for membership in refused:
        append_change(
            repo, greens[membership.list_id], membership, ChangeKind.REFUSED, now, ground=bar.ground,
            article=bar.article,
        )  # fmt: skip
        tell_membership(uow, standing, membership, basis=bar.article, reason=bar.reason)
    await repo.save_standings([standing])
    await repo.save_lists(greens.values())


def unit_ids(memberships: Iterable[Membership]) -> set[UUID]:
    return {m.unit_id for m in memberships}


def by_membership(standings: Mapping[UUID, Standing]) -> dict[UUID, tuple[Standing, Membership]]:
    return {m.id: (s, m) for s in standings.values() for m in s.memberships}


async def drafts(repo: Repository, lists: Iterable[ListId]) -> dict[ListId, UUID]:
    """The draft editions that are open, so that a listing can name the one it will stand in."""
    found = {}
    for list_id in set(lists):
        edition = await repo.draft(list_id)
        if edition:
            found[list_id] = edition.id
    return found
