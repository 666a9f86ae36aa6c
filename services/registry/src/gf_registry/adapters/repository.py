"""Loads and saves aggregates. Order of locks everywhere: rows of units (by id), then rows of lists (by id)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.database import UnitOfWork
from gf_registry.adapters.tables import (
    AdjustmentRow,
    BarRow,
    ChangeRow,
    EditionRow,
    ListingRow,
    ListRow,
)
from gf_registry.domain.adjustments import Adjustment, AdjustmentKind, AdjustmentState, Timing
from gf_registry.domain.bars import Bar, BarState
from gf_registry.domain.editions import Counts, Edition, EditionState
from gf_registry.domain.listings import Listing, ListingState
from gf_registry.domain.lists import GreenList, ListId, Recorded
from gf_registry.domain.memberships import Change, ChangeKind, Membership, MembershipState, NameOnList
from gf_registry.domain.standings import Standing, in_lock_order

_MAKE_STANDINGS = text(
    "insert into standing (unit_id, event_number) select i, 0 from unnest(cast(:ids as uuid[])) i order by i"
    " on conflict do nothing"
)
_LOCK_STANDINGS = text(
    "select unit_id, event_number from standing where unit_id = any(:ids) order by unit_id for update"
)
_SAVE_STANDINGS = text(
    "update standing s set event_number = n.number"
    " from unnest(cast(:ids as uuid[]), cast(:numbers as int[])) n(id, number) where s.unit_id = n.id"
)
#: All that changed in one statement: two thousand by themselves hold their list for seconds.
_SAVE_MEMBERSHIPS = text(
    "insert into membership (id, unit_id, list_id, state, name, uscc, region, industry, submission_id, year, effective,"
    " edition_id, ended, ground) select * from unnest(cast(:id as uuid[]), cast(:unit_id as uuid[]),"
    " cast(:list_id as text[]), cast(:state as text[]), cast(:name as text[]), cast(:uscc as text[]),"
    " cast(:region as text[]), cast(:industry as text[]), cast(:submission_id as uuid[]), cast(:year as int[]),"
    " cast(:effective as date[]), cast(:edition_id as uuid[]), cast(:ended as date[]), cast(:ground as text[]))"
    " on conflict (id) do update set unit_id = excluded.unit_id, state = excluded.state, name = excluded.name,"
    " uscc = excluded.uscc, region = excluded.region, industry = excluded.industry,"
    " submission_id = excluded.submission_id, year = excluded.year, effective = excluded.effective,"
    " edition_id = excluded.edition_id, ended = excluded.ended, ground = excluded.ground"
)
_MEMBERSHIPS = text("select * from membership where unit_id = any(:ids) order by id")
_ANNOUNCE = text(
    "insert into edition_change (edition_id, change_id) select :edition, i from unnest(cast(:changes as uuid[])) i"
)
_MAKE_LIST = text(
    "insert into list (list_id, level, authority, category, position, editions, event_number)"
    " values (:id, :level, :authority, :category, 0, 0, 0) on conflict do nothing"
)
#: Announced by no edition yet: waiting for one, or in effect at once and still to be announced. An edition announces
#: all that waits when it is published, so nothing before the last one is looked through again.
_WAITING = (
    " from membership_change c join membership m on m.id = c.membership_id"
    " left join adjustment a on a.id = c.adjustment_id"
    " where c.list_id = :id and c.position > coalesce((select e.position from edition e where e.list_id = :id"
    "     and e.state = 'published' order by e.number desc limit 1), 0)"
    "   and (select ec.edition_id from edition_change ec where ec.change_id = c.id) is null"
    "   and c.kind <> 'refused' and a.state is distinct from 'dropped'"
    "   and (c.effective is not null or m.state = 'listed')"
    "   and not (c.kind = 'listed' and m.state = 'refused')"
)
_PENDING = text(f"select c.*{_WAITING} order by c.position")
_PENDING_SHOWN = text(
    "select c.position, c.kind as change, c.unit_id, c.name, c.uscc, c.region, c.ground, c.effective, c.recorded_at"
    f"{_WAITING} and c.position > :after order by c.position limit :limit"
)
_IS_PENDING = text(f"select exists (select 1{_WAITING} and c.membership_id = :membership and c.kind = :kind)")
_PENDING_COUNT = text(
    f"select c.kind, c.effective is null as waits, count(*) as changes{_WAITING} group by c.kind, c.effective is null"
)


class Repository:
    """Bound to one unit of work."""

    def __init__(self, uow: UnitOfWork) -> None:
        self.uow = uow
        #: As they are stored.
        self._memberships: dict[UUID, Membership] = {}
        # The session holds its rows weakly; these must live until they are saved.
        self._bars: dict[UUID, BarRow] = {}
        self._adjustments: dict[UUID, AdjustmentRow] = {}

    @property
    def session(self) -> AsyncSession:
        return self.uow.session

    # --- standings --------------------------------------------------------------------------------------------

    async def lock_standing(self, unit_id: UUID) -> Standing:
        return (await self.lock_standings([unit_id]))[unit_id]

    async def lock_standings(self, unit_ids: Iterable[UUID]) -> dict[UUID, Standing]:
        """Lock the units' rows in order of their ids, making those that are not there yet."""
        ids = sorted(set(unit_ids))
        if not ids:
            return {}
        await self.session.execute(_MAKE_STANDINGS, {"ids": ids})
        locked = await self.session.execute(_LOCK_STANDINGS, {"ids": ids})
        standings = {row.unit_id: Standing(row.unit_id, event_number=row.event_number) for row in locked}
        for row in await self.session.execute(_MEMBERSHIPS, {"ids": ids}):
            membership = _membership(row)
            self._memberships[row.id] = replace(membership)
            standings[row.unit_id].memberships.append(membership)
        bars = await self.session.exec(
            select(BarRow).where(col(BarRow.unit_id).in_(ids)).execution_options(populate_existing=True)
        )
        for b in bars:
            self._bars[b.id] = b
            standings[b.unit_id].bars.append(_bar(b))
        return standings

    async def save_standings(self, standings: Iterable[Standing]) -> None:
        """Write what changed; call it once, at the end of the use case."""
        changed = list(standings)
        await self._save_memberships([m for s in changed for m in s.memberships])
        for standing in changed:
            for bar in standing.bars:
                self._save_bar(bar)
        await self.session.flush()
        numbers = {s.unit_id: s.event_number for s in changed}
        await self.session.execute(_SAVE_STANDINGS, {"ids": list(numbers), "numbers": list(numbers.values())})

    async def _save_memberships(self, memberships: Iterable[Membership]) -> None:
        """What is new or other than it is stored."""
        changed = [m for m in memberships if self._memberships.get(m.id) != m]
        if not changed:
            return
        rows = [
            {
                "id": m.id, "unit_id": m.unit_id, "list_id": str(m.list_id), "state": m.state.value,
                "name": m.entry.name, "uscc": m.entry.uscc, "region": m.entry.region, "industry": m.entry.industry,
                "submission_id": m.submission_id, "year": m.year, "effective": m.effective,
                "edition_id": m.edition_id, "ended": m.ended, "ground": m.ground,
            }
            for m in changed
        ]  # fmt: skip
        await self.session.execute(_SAVE_MEMBERSHIPS, {name: [row[name] for row in rows] for name in rows[0]})
        self._memberships |= {m.id: replace(m) for m in changed}

    def _save_bar(self, b: Bar) -> None:
        row = self._bars.get(b.id)
        if row is None:
            actor = self.uow.actor
            row = BarRow(
                id=b.id, unit_id=b.unit_id, state="", ground=b.ground, article=b.article, source=b.source,
                source_date=b.source_date, from_=b.from_, until=b.until, reason=b.reason,
                imposed_by=actor.subject, authority=actor.authority,
            )  # fmt: skip
            self.session.add(row)
        row.unit_id, row.state = b.unit_id, b.state.value

    # --- lists ------------------------------------------------------------------------------------------------

    async def lock_lists(self, list_ids: Iterable[ListId]) -> dict[ListId, GreenList]:
        """After the units' rows. Sorted, so that two transactions never wait for each other."""
        found: dict[ListId, GreenList] = {}
        for list_id in in_lock_order(list_ids):
            found[list_id] = await self._lock_list(list_id)
        return found

    async def _lock_list(self, list_id: ListId) -> GreenList:
        await self.session.execute(
            _MAKE_LIST,
            {"id": str(list_id), "level": list_id.level, "authority": list_id.authority, "category": list_id.category},
        )
        row = (
            await self.session.exec(
                select(ListRow)
                .where(ListRow.list_id == str(list_id))
                .with_for_update()
                .execution_options(populate_existing=True)
            )
        ).one()
        return GreenList(list_id, row.position, row.recorded_at, row.editions, row.event_number)

    async def save_lists(self, lists: Iterable[GreenList]) -> None:
        for green in lists:
            row = await self.session.get_one(ListRow, str(green.id))
            row.position, row.recorded_at = green.position, green.recorded_at
            row.editions, row.event_number = green.editions, green.event_number

    def append(self, changes: Sequence[Change], *, adjustment_id: UUID | None = None) -> None:
        """Changes are only ever appended."""
        for c in changes:
            self.session.add(
                ChangeRow(
                    id=c.id,
                    list_id=str(c.list_id),
                    position=c.recorded.position,
                    recorded_at=c.recorded.at,
                    membership_id=c.membership_id,
                    unit_id=c.unit_id,
                    kind=c.kind.value,
                    name=c.entry.name,
                    uscc=c.entry.uscc,
                    region=c.entry.region,
                    industry=c.entry.industry,
                    ground=c.ground,
                    article=c.article,
                    adjustment_id=adjustment_id,
                    effective=c.effective,
                )
            )

    async def pending(self, list_id: ListId) -> list[tuple[Change, UUID | None]]:
        """Changes that no edition has announced yet, each with the adjustment it carries out."""
        rows = await self.session.execute(_PENDING, {"id": str(list_id)})
        return [(change_of(row), row.adjustment_id) for row in rows]

    async def pending_shown(self, list_id: ListId, *, limit: int | None, after: int) -> list[dict[str, Any]]:
        """The same for reading: those recorded after a position, in the order of their positions."""
        rows = await self.session.execute(_PENDING_SHOWN, {"id": str(list_id), "limit": limit, "after": after})
        return [dict(row._mapping) for row in rows]

    async def is_pending(self, membership: Membership, kind: ChangeKind) -> bool:
        """Whether such a change of the membership waits for the next edition."""
        values = {"id": str(membership.list_id), "membership": membership.id, "kind": kind.value}
        return bool((await self.session.execute(_IS_PENDING, values)).scalar_one())

    async def pending_counts(self, list_id: ListId) -> dict[tuple[ChangeKind, bool], int]:
        """How many of a kind, and whether they wait for the edition (or are in effect already)."""
        rows = await self.session.execute(_PENDING_COUNT, {"id": str(list_id)})
        return {(ChangeKind(row.kind), row.waits): row.changes for row in rows}

    async def owners(self, changes: Iterable[Change]) -> set[UUID]:
        """The units that the changes' memberships belong to now (an imported entry may have been linked since)."""
        ids = {c.membership_id for c in changes}
        if not ids:
            return set()
        found = await self.session.execute(
            text("select distinct unit_id from membership where id = any(:ids)"), {"ids": list(ids)}
        )
        return set(found.scalars())

    # --- editions ---------------------------------------------------------------------------------------------

    async def draft(self, list_id: ListId) -> Edition | None:
        row = (
            await self.session.exec(
                select(EditionRow).where(EditionRow.list_id == str(list_id), EditionRow.state == "draft")
            )
        ).one_or_none()
        return edition_of(row) if row else None

    async def edition(self, edition_id: UUID) -> Edition | None:
        row = await self.session.get(EditionRow, edition_id, populate_existing=True)
        return edition_of(row) if row else None

    async def save_edition(self, e: Edition, recorded: Recorded | None, announced: Iterable[UUID] = ()) -> None:
        row = await self.session.get(EditionRow, e.id)
        if row is None:
            row = EditionRow(id=e.id, list_id=str(e.list_id), year=e.year, state="", document=e.document)
            self.session.add(row)
        row.state, row.number, row.effective = e.state.value, e.number, e.effective
        row.year, row.document = e.year, e.document
        row.content, row.digest = e.content, e.digest
        if recorded:
            row.position, row.recorded_at = recorded.position, recorded.at
        if e.counts:
            row.listed, row.added = e.counts.listed, e.counts.added
            row.removed, row.renamed = e.counts.removed, e.counts.renamed
        if changes := list(announced):
            await self.session.flush()
            await self.session.execute(_ANNOUNCE, {"edition": e.id, "changes": changes})

    # --- adjustments and listings -----------------------------------------------------------------------------

    async def adjustment(self, adjustment_id: UUID) -> Adjustment | None:
        row = await self.session.get(AdjustmentRow, adjustment_id, with_for_update=True, populate_existing=True)
        return adjustment_of(row) if row else None

    async def adjustments(self, ids: Iterable[UUID]) -> list[Adjustment]:
        """Locked in order of their ids."""
        rows = await self.session.exec(
            select(AdjustmentRow)
            .where(col(AdjustmentRow.id).in_(list(ids)))
            .order_by(col(AdjustmentRow.id))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found = {row.id: row for row in rows}
        self._adjustments |= found
        return [adjustment_of(row) for row in found.values()]

    async def save_adjustment(self, a: Adjustment) -> None:
        row = await self.session.get(AdjustmentRow, a.id)
        if row is None:
            row = AdjustmentRow(
                id=a.id, unit_id=a.unit_id, list_id=str(a.list_id) if a.list_id else None, kind=a.kind.value,
                state="", ground=a.ground, article=a.article, timing=a.timing.value, reason=a.reason,
                new_name=a.new_name, proposed_by=a.proposed_by, authority=self.uow.actor.authority, version=0,
            )  # fmt: skip
            self.session.add(row)
        if a.state is AdjustmentState.DECIDED and row.state != a.state.value:
            row.decided_by = self.uow.actor.subject
        row.state, row.version, row.document = a.state.value, a.version, a.document

    async def waiting(self, *, submission_id: UUID | None = None, publicity_id: UUID | None = None) -> list[Listing]:
        """Listings still to be settled, of one submission or of one publicity."""
        query = select(ListingRow).where(ListingRow.state == ListingState.WAITING.value)
        if submission_id is not None:
            query = query.where(ListingRow.submission_id == submission_id)
        if publicity_id is not None:
            query = query.where(ListingRow.publicity_id == publicity_id)
        rows = await self.session.exec(query.execution_options(populate_existing=True))
        return [_listing(r) for r in rows]

    async def listings(self, submission_id: UUID, list_id: ListId) -> list[Listing]:
        rows = await self.session.exec(
            select(ListingRow).where(ListingRow.submission_id == submission_id, ListingRow.list_id == str(list_id))
        )
        return [_listing(r) for r in rows]

    async def save_listing(self, x: Listing) -> None:
        row = await self.session.get(ListingRow, (x.submission_id, str(x.list_id), x.round))
        if row is None:
            row = ListingRow(
                submission_id=x.submission_id, list_id=str(x.list_id), round=x.round, unit_id=x.unit_id,
                wanted=x.wanted, publicity_id=x.publicity_id, year=x.year, state="",
            )  # fmt: skip
            self.session.add(row)
        row.wanted, row.publicity_id = x.wanted, x.publicity_id
        row.state, row.ground = x.state.value, x.ground


def _entry(row: Any) -> NameOnList:
    return NameOnList(row.name, row.uscc, row.region, row.industry)


def _membership(row: Any) -> Membership:
    return Membership(
        id=row.id, unit_id=row.unit_id, list_id=ListId.parse(row.list_id), state=MembershipState(row.state),
        entry=_entry(row), submission_id=row.submission_id, year=row.year, effective=row.effective,
        edition_id=row.edition_id, ended=row.ended, ground=row.ground,
    )  # fmt: skip


def _bar(row: BarRow) -> Bar:
    return Bar(
        id=row.id, unit_id=row.unit_id, ground=row.ground, article=row.article, source=row.source,
        source_date=row.source_date, from_=row.from_, until=row.until, reason=row.reason, state=BarState(row.state),
    )  # fmt: skip


def change_of(row: Any) -> Change:
    """From a row of `membership_change`, mapped or read by SQL."""
    return Change(
        id=row.id, list_id=ListId.parse(row.list_id), recorded=Recorded(row.position, row.recorded_at),
        membership_id=row.membership_id, unit_id=row.unit_id, kind=ChangeKind(row.kind), entry=_entry(row),
        ground=row.ground, article=row.article, effective=row.effective,
    )  # fmt: skip


def edition_of(row: EditionRow) -> Edition:
    counts = None
    if row.listed is not None:
        counts = Counts(row.listed, row.added or 0, row.removed or 0, row.renamed or 0)
    return Edition(
        id=row.id, list_id=ListId.parse(row.list_id), year=row.year, document=row.document, effective=row.effective,
        number=row.number, state=EditionState(row.state), published_at=row.recorded_at, content=row.content,
        digest=row.digest, counts=counts,
    )  # fmt: skip


def adjustment_of(row: AdjustmentRow) -> Adjustment:
    return Adjustment(
        id=row.id, unit_id=row.unit_id, list_id=ListId.parse(row.list_id) if row.list_id else None,
        kind=AdjustmentKind(row.kind), ground=row.ground, article=row.article, timing=Timing(row.timing),
        reason=row.reason, proposed_by=row.proposed_by, new_name=row.new_name, document=row.document,
        state=AdjustmentState(row.state), version=row.version,
    )  # fmt: skip


def _listing(row: ListingRow) -> Listing:
    return Listing(
        submission_id=row.submission_id, round=row.round, list_id=ListId.parse(row.list_id), unit_id=row.unit_id,
        wanted=row.wanted, publicity_id=row.publicity_id, year=row.year, state=ListingState(row.state),
        ground=row.ground,
    )  # fmt: skip
