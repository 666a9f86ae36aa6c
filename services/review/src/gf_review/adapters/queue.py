"""The queue (待办): pages, counts and rows for export, each limited to the caller's authority.

Every statement names the authority first and walks one index of `queue_entry`. A page is cut out of a few *slots*
(view and window, or view and support): each slot is read in order up to the length of the page, and the slots are
merged. So a page costs the same at a hundred cases and at a hundred thousand, and a cursor names the keys of the last
row, not a number of rows: what moves meanwhile neither repeats nor skips the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.database import Database
from gf_review.adapters.policy import Policies
from gf_review.adapters.queue_index import pairs_of
from gf_review.adapters.queue_rows import queue_rows
from gf_review.domain import deadlines
from gf_review.domain.route import WindowPlan

VIEWS = ("to_do", "waiting", "passed", "returned", "closed", "other")
#: Only these wait for a decision of the level, and so have days left.
UNDECIDED = ("to_do", "waiting")
NEVER = datetime(9999, 1, 1, tzinfo=UTC)
#: More cases than this are read along the order of the queue up to the length of the page; as many are gathered first
#: and sorted then.
MANY = 2000
#: Counts of a view end here, so that they stay cheap however many years lie in it; those of a frequent text, which no
#: index of counts holds, end earlier.
COUNTED, COUNTED_OFTEN = 5000, 1000

#: Words of a sort: what the address says → columns and direction.
SORTS = ("due", "admitted", "newest", "score", "support")
#: `queue_entry.support`, a ground for support each: 1 重点行业, 2 优先推荐, 3 both; and how high it ranks.
SUPPORTS = {3: 2, 2: 1, 1: 1, 0: 0}
KEY, PREFERRED = frozenset({1, 3}), frozenset({2, 3})
DUES = ("overdue", "days3", "days7", "days30", "none")


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Filters of the queue; empty ones do not filter."""

    view: str = "to_do"
    campaign_id: str = ""
    category: str = ""
    kind: str = ""
    #: 行业大类, two digits of GB/T 4754.
    division: str = ""
    #: "yes", "no", or the code of one of the 53 key industries.
    key_industry: str = ""
    #: 优先推荐: "yes" or "no".
    preferred: str = ""
    #: overdue, days3, days7, days30 (at most so many days left), none (no date).
    due: str = ""
    #: Subject of a person; "nobody" for what nobody has.
    assignee: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    key: str
    closes_at: datetime | None


#: Rank, key of the order, id: where a page ends.
Key = tuple[Any, Any, str]


@dataclass(frozen=True, slots=True)
class Counts:
    """Cases per view under the same filters; `capped` where a view has more than are counted (`counted`)."""

    views: Mapping[str, int]
    overdue: int
    near: int
    capped: bool = False
    counted: int = COUNTED

    def of(self, view: str) -> int:
        return sum(self.views.values()) if view == "all" else self.views[view]


@dataclass(frozen=True, slots=True)
class Shown:
    """A page of the queue with the counts beside it, of one moment."""

    items: list[dict[str, Any]]
    #: Where more follow: the keys of the last item.
    following: Key | None
    counts: Counts


@dataclass(frozen=True, slots=True)
class _Slot:
    view: str
    #: Window key or support; what the slot has in common besides the view.
    part: str
    rank: Any


@dataclass(frozen=True, slots=True)
class _Sort:
    """`rank` orders slots; `column` and the id order the cases in one, in the same direction."""

    column: str
    column_type: str
    rank_type: str
    descending: bool
    #: The column of the slot's part, if slots are finer than views.
    part: str = ""


_SORTS = {
    "due": _Sort("admitted_at", "timestamptz", "timestamptz", False, "window_key"),
    "admitted": _Sort("admitted_at", "timestamptz", "int", False),
    "newest": _Sort("admitted_at", "timestamptz", "int", True),
    "score": _Sort("score", "numeric", "int", True, "support"),
    "support": _Sort("score", "numeric", "int", True, "support"),
}


def cursor_types(sort: str) -> tuple[type, type, type]:
    """What a cursor of that sort holds."""
    found = _SORTS[sort]
    rank: type = datetime if found.rank_type == "timestamptz" else int
    return rank, datetime if found.column == "admitted_at" else Decimal, str


class Queue:
    """Reads; writes nothing."""

    def __init__(self, database: Database, policies: Policies) -> None:
        self.database = database
        self.policies = policies

    async def shown(
        self, authority: str, wanted: QueueFilter, sort: str = "due", *, after: Key | None = None, limit: int = 50
    ) -> Shown:
        """A page and the counts of all views under the same filters."""
        async with self.database.reading() as session:
            look = await self._look(session, authority, wanted)
            counts = await _counts(session, look)
            views = look.views_of(wanted.view)
            few = sum(counts.views[view] for view in views) <= MANY
            items, following = await self._page(session, look, views, sort, after, limit, few=few)
            return Shown(items, following, counts)

    async def page(
        self, authority: str, wanted: QueueFilter, sort: str = "due", *, after: Key | None = None, limit: int = 50
    ) -> tuple[list[dict[str, Any]], Key | None]:
        """Cases of one's authority in the order asked for; and the keys of the last one where more follow."""
        async with self.database.reading() as session:
            look = await self._look(session, authority, wanted)
            views, few = look.views_of(wanted.view), look.ids is not None
            return await self._page(session, look, views, sort, after, limit, few=few)

    async def counts(self, authority: str, wanted: QueueFilter) -> Counts:
        """How many cases are in each view under the other filters, and how many of them are late."""
        async with self.database.reading() as session:
            return await _counts(session, await self._look(session, authority, wanted))

    async def officials(self, authority: str) -> list[dict[str, Any]]:
        """Colleagues: who has signed in at the desk for this authority."""
        async with self.database.reading() as session:
            rows = (await session.execute(_OFFICIALS, {"authority": authority})).all()
        return [{"subject": one.subject, "name": one.name or one.subject, "roles": list(one.roles)} for one in rows]

    # --- how it is asked --------------------------------------------------------------------------------------

    async def _look(self, session: AsyncSession, authority: str, wanted: QueueFilter) -> _Look:
        await session.execute(_OWN_PLAN)
        now = await self.database.now(session)
        look = _Look(authority, wanted, await self._windows(session, authority), now)
        if wanted.text:
            like = f"%{_escaped(wanted.text.lower())}%"
            found = await session.execute(
                text(_FIND), {"pairs": pairs_of(wanted.text.lower()), "like": like, "most": MANY + 1}
            )
            look.found_text(like, [str(one) for one in found.scalars()])
        await session.execute(_IN_ORDER)
        return look

    async def _windows(self, session: AsyncSession, authority: str) -> list[Window]:
        """The dates that hold for the authority now, extensions included (decided by the domain, as for one case)."""
        chain = self.policies.chain(authority)
        windows = []
        for row in await session.execute(text(_WINDOWS), {"authority": authority}):
            dates = [
                (str(one["authority"]), datetime.fromisoformat(one["closes_at"]))
                for one in row.extensions or ()
                if one["act"] == row.act
            ]
            plan = WindowPlan(None, row.closes_at, authority=row.setter)
            windows.append(Window(row.key, plan.closing(dates, chain)))
        return windows

    async def _page(
        self, session: AsyncSession, look: _Look, views: Sequence[str], sort: str, after: Key | None, limit: int, *,
        few: bool,
    ) -> tuple[list[dict[str, Any]], Key | None]:  # fmt: skip
        """`few`: no more than MANY cases are in question."""
        how, asked = _SORTS[sort], _gathered if few else _merged
        statement, values = asked(look, views, sort, how, after)
        found = (await session.execute(text(statement), look.values | values | {"limit": limit + 1})).all()
        ids = [str(row.submission_id) for row in found[:limit]]
        dues = {str(row.submission_id): look.closing(str(row.window_key)) for row in found}
        items = await queue_rows(session, self.policies, look.authority, ids)
        for item in items:
            item.update(_due(dues[item["submission_id"]], look.now))
        last = found[limit - 1] if len(found) > limit else None
        return items, (last.rank, last.key, last.submission_id) if last is not None else None


async def _counts(session: AsyncSession, look: _Look) -> Counts:
    counted = COUNTED_OFTEN if look.often else COUNTED
    values = look.values | {"views": look.views_of("all")}
    if look.ids is None:
        # A frequent text is met soonest in the order in which the rows lie.
        statement = _COUNT.format(filters=look.filters, order=" order by e.admitted_at" if look.often else "")
        values["counted"] = counted + 1
    else:
        statement = _COUNT_OF.format(filters=look.filters)
    views: Counter[str] = Counter()
    marks: Counter[str] = Counter()
    for row in await session.execute(text(statement), values):
        views[row.view] += row.cases
        if row.view == "to_do":
            marks[deadlines.mark(look.closing(row.window_key), look.now)] += row.cases
    capped = any(count > counted for count in views.values())
    return Counts({view: views[view] for view in VIEWS}, marks["overdue"], marks["near"], capped, counted)


class _Look:
    """One question: the filters, all but the view, as fixed pieces of SQL with bound values."""

    def __init__(self, authority: str, wanted: QueueFilter, windows: Sequence[Window], now: datetime) -> None:
        self.authority, self.now = authority, now
        self._closing = {one.key: one.closes_at for one in windows}
        self._views: Sequence[str] = VIEWS
        self.values: dict[str, Any] = {"authority": authority}
        self.ids: list[str] | None = None
        self.often = False
        self.filters = ""
        self.supports = list(SUPPORTS)
        for name, value in (
            ("campaign_id", wanted.campaign_id),
            ("category", wanted.category),
            ("kind", wanted.kind),
            ("division", wanted.division),
        ):
            if value:
                self._add(f"e.{name} = :{name}", **{name: value})
        if wanted.key_industry in ("yes", "no"):
            self._support(KEY, wanted.key_industry == "yes")
        elif wanted.key_industry:
            self._support(KEY, True)
            self._add("e.key_industry = :key_industry", key_industry=wanted.key_industry)
        if wanted.preferred:
            self._support(PREFERRED, wanted.preferred == "yes")
        if wanted.assignee:
            self._add("e.assignee = :assignee", assignee="" if wanted.assignee == "nobody" else wanted.assignee)
        self.keys = ["", *self._closing]
        if wanted.due:
            self._views = UNDECIDED
            self.keys = [one for one in self.keys if _falls(self._closing.get(one), wanted.due, now)]
            self._add(
                "e.window_key = any(cast(:keys as text[])) and e.view = any(cast(:undecided as text[]))",
                keys=self.keys,
                undecided=list(UNDECIDED),
            )

    def _support(self, ground: frozenset[int], wanted: bool) -> None:
        self.supports = [one for one in self.supports if (one in ground) is wanted]
        self.values["supports"] = self.supports
        if "e.support" not in self.filters:
            self._add("e.support = any(cast(:supports as int[]))")

    def _add(self, condition: str, **values: Any) -> None:
        self.filters += " and " + condition
        self.values |= values

    def found_text(self, like: str, ids: list[str]) -> None:
        """A rare text is a list of cases; a frequent one is met soon enough on the way."""
        if len(ids) > MANY:
            self.often = True
            self._add("e.search_text like :like", like=like)
        else:
            self.ids = ids
            self._add("e.submission_id = any(cast(:ids as text[]))", ids=ids)

    def closing(self, key: str) -> datetime | None:
        return self._closing.get(key)

    def views_of(self, view: str) -> list[str]:
        return [one for one in self._views if view in ("all", one)]

    def slots(self, sort: str, views: Sequence[str]) -> list[_Slot]:
        if sort == "due":
            slots = [
                _Slot(view, key, self.closing(key) or NEVER)
                for view in views
                for key in (self.keys if view in UNDECIDED else [""])
            ]
            return sorted(slots, key=lambda one: (one.rank, one.view, one.part))
        if sort in ("score", "support"):
            ranked = sort == "support"
            return [
                _Slot(view, str(support), SUPPORTS[support] if ranked else 0)
                for support in self.supports
                for view in views
            ]
        return [_Slot(view, "", 0) for view in views]


# --- statements -------------------------------------------------------------------------------------------------------

#: One plan per question: what suits a county does not suit the ministry.
_OWN_PLAN = text("select set_config('plan_cache_mode', 'force_custom_plan', true)")
#: Along the order asked for, always: how many cases a slot has the planner cannot know, and where it guesses few it
#: would gather and sort them all.
_IN_ORDER = text("select set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true)")
_WINDOWS = (
    "select w.key, w.act, w.closes_at, w.setter, c.extensions from queue_window w"
    " left join campaign c on c.campaign_id = w.campaign_id where w.authority = :authority order by w.key"
)
_FIND = (
    "select s.submission_id from case_search s"
    " where s.pairs @> cast(:pairs as text[]) and s.search_text like :like limit :most"
)
#: Each view up to the cap; the windows matter of what waits for the level alone.
_COUNT = (
    "select v.view, n.window_key, n.cases from unnest(cast(:views as text[])) as v(view) cross join lateral"
    " (select w.window_key, count(*) as cases from"
    "   (select case when v.view = 'to_do' then e.window_key else '' end as window_key from queue_entry e"
    "     where e.authority = :authority and e.view = v.view{filters}{order} limit :counted) w"
    "   group by w.window_key) n"
)
#: Of cases that are known by their ids already, fewer than the cap.
_COUNT_OF = (
    "select e.view, e.window_key, count(*) as cases from queue_entry e"
    " where e.authority = :authority and e.view = any(cast(:views as text[])){filters} group by 1, 2"
)
_OFFICIALS = text(
    "select subject, name, roles from official where authority = :authority order by name, subject limit 500"
)


def _merged(look: _Look, views: Sequence[str], sort: str, how: _Sort, after: Key | None) -> tuple[str, dict[str, Any]]:
    """Each slot in order up to the limit, merged."""
    slots = look.slots(sort, views)
    if after is not None:
        slots = [one for one in slots if not _before(one.rank, after[0], how.descending)]
    first: Any = _end(how)
    starts = [after[1:] if after is not None and one.rank == after[0] else first for one in slots]
    sign, order = ("<", "desc") if how.descending else (">", "asc")
    part = f" and e.{how.part} = s.part" if how.part == "window_key" else ""
    if how.part == "support":
        part = " and e.support = cast(s.part as int)"
    statement = (
        f"select s.rank, e.{how.column} as key, e.submission_id, e.window_key"
        f" from unnest(cast(:views as text[]), cast(:parts as text[]), cast(:ranks as {how.rank_type}[]),"
        f" cast(:starts as {how.column_type}[]), cast(:start_ids as text[])) as s(view, part, rank, start, start_id)"
        f" cross join lateral (select e.{how.column}, e.submission_id, e.window_key from queue_entry e"
        f" where e.authority = :authority and e.view = s.view{part}"
        f" and (e.{how.column}, e.submission_id) {sign} (s.start, s.start_id){look.filters}"
        f" order by e.{how.column} {order}, e.submission_id {order} limit :limit) e"
        f" order by s.rank {order}, e.{how.column} {order}, e.submission_id {order} limit :limit"
    )
    return statement, {
        "views": [one.view for one in slots],
        "parts": [one.part for one in slots],
        "ranks": [one.rank for one in slots],
        "starts": [start[0] for start in starts],
        "start_ids": [start[1] for start in starts],
    }


def _gathered(
    look: _Look, views: Sequence[str], sort: str, how: _Sort, after: Key | None
) -> tuple[str, dict[str, Any]]:
    """Few enough to gather first and sort then."""
    values: dict[str, Any] = {"views": list(views)}
    sign, order = ("<", "desc") if how.descending else (">", "asc")
    ranks = "0"
    joined = ""
    if sort == "due":
        joined = (
            " left join unnest(cast(:window_keys as text[]), cast(:ranks as timestamptz[])) as w(key, rank)"
            " on w.key = e.window_key"
        )
        ranks = "coalesce(w.rank, cast(:never as timestamptz))"
        dated = {key: look.closing(key) or NEVER for key in look.keys}
        values |= {"window_keys": list(dated), "ranks": list(dated.values()), "never": NEVER}
    elif sort == "support":
        ranks = "case e.support when 0 then 0 when 3 then 2 else 1 end"
    statement = (
        f"select {ranks} as rank, e.{how.column} as key, e.submission_id, e.window_key from queue_entry e{joined}"
        f" where e.authority = :authority and e.view = any(cast(:views as text[])){look.filters}"
    )
    if after is not None:
        statement += (
            f" and ({ranks}, e.{how.column}, e.submission_id) {sign} (cast(:after_rank as {how.rank_type}),"
            f" cast(:after_key as {how.column_type}), :after_id)"
        )
        values |= {"after_rank": after[0], "after_key": after[1], "after_id": after[2]}
    return statement + f" order by 1 {order}, 2 {order}, 3 {order} limit :limit", values


def _end(how: _Sort) -> tuple[Any, str]:
    """Before the first case of a slot."""
    if how.column == "score":
        return Decimal(10) ** 15, ""
    return (NEVER, "") if how.descending else (datetime(1, 1, 2, tzinfo=UTC), "")


def _before(rank: Any, other: Any, descending: bool) -> bool:
    return bool(rank > other if descending else rank < other)


def _falls(closing: datetime | None, due: str, now: datetime) -> bool:
    """Whether a date is one of those asked for."""
    if due == "none":
        return closing is None
    if closing is None:
        return False
    left = deadlines.days_left(closing, now)
    if due == "overdue":
        return left < 0
    return 0 <= left <= int(due.removeprefix("days"))


def _due(closing: datetime | None, now: datetime) -> dict[str, Any]:
    if closing is None:
        return {"due_at": None, "days_left": None, "due_mark": ""}
    return {
        "due_at": closing,
        "days_left": deadlines.days_left(closing, now),
        "due_mark": deadlines.mark(closing, now),
    }


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
