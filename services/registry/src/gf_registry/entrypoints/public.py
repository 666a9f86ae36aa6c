"""What anyone may read: the published lists at any date, their editions, a unit's memberships, statistics."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from gf_chassis.errors import FieldError, NotFound, Rejected
from gf_chassis.http import Cursor, Limit, PathId, Router, decode_cursor, encode_cursor
from gf_chassis.json import CleanText
from gf_registry.adapters import reading, views
from gf_registry.domain.lists import ListId
from gf_registry.entrypoints.exports import Kind, Table, answer
from gf_registry.labels import heading

if TYPE_CHECKING:
    from gf_registry.bootstrap import Bootstrap

Answer = dict[str, Any]
Text = Annotated[CleanText | None, Query(max_length=100, description="名称片段或统一社会信用代码")]
Region = Annotated[str | None, Query(pattern=r"^[0-9]{2,6}$", description="行政区划代码前缀")]
Year = Annotated[int | None, Query(ge=2017, le=2100)]
KnownAt = Annotated[str | None, Query(max_length=40, description="变更序号，或时刻（含时区）")]


def router(b: Bootstrap) -> Router:
    api = Router(tags=["公开名单"])
    database = b.runtime.database

    @api.get("/lists/{list_id}")
    @api.get("/public/lists/{list_id}")
    async def one_list(
        list_id: str, on: date | None = None, known_at: KnownAt = None, q: Text = None, region: Region = None,
        year: Year = None, limit: Limit = 50, cursor: Cursor = None,
    ) -> Answer:  # fmt: skip
        """The list on a date in law (`on`), as known at a position or instant (`known_at`)."""
        name, search = ListId.parse(list_id), reading.Search(q, region, year)
        after = decode_cursor(cursor, str, str, UUID)
        async with database.reading() as session:
            at = await _as_of(b, session, name, on, known_at)
            total = await reading.count(session, name, at, search)
            items = await reading.items(session, name, at, search, limit=limit + 1, after=after) if total else []
        following = None
        if len(items) > limit:
            items = items[:limit]
            following = encode_cursor(items[-1].region, items[-1].name, str(items[-1].membership_id))
        return {
            "list_id": str(name), "on": at.on, "known_at": {"position": at.position, "recorded_at": at.recorded_at},
            "total": total, "items": items, "next": following,
        }  # fmt: skip

    @api.get("/public/lists/{list_id}/export.{kind}")
    async def export(
        list_id: str, kind: Kind, on: date | None = None, known_at: KnownAt = None, q: Text = None,
        region: Region = None, year: Year = None,
    ) -> Response:  # fmt: skip
        """The same, whole, as CSV or Excel."""
        name, search = ListId.parse(list_id), reading.Search(q, region, year)
        async with database.reading() as session:
            at = await _as_of(b, session, name, on, known_at)
        return await answer(_table(b, name, at, search), kind)

    _rest(api, b)
    return api


COLUMNS = ("序号", "名称", "统一社会信用代码", "行政区划代码", "行业代码", "年份", "列入日期", "名单日期")
#: Lines read in one transaction.
_PAGE = 2000


def _table(b: Bootstrap, name: ListId, at: reading.AsOf, search: reading.Search) -> Table:
    """Page by page, each in a transaction of its own. All are of one state of the list: what is recorded after the

    position that was asked for is not known at it, and what was recorded is never changed.
    """

    async def pages() -> AsyncIterator[list[list[object]]]:
        after, number = None, 0
        while True:
            async with b.runtime.database.reading() as session:
                items = await reading.items(session, name, at, search, limit=_PAGE, after=after)
            yield [
                [n, i.name, i.uscc, i.region, i.industry, i.year, i.since, at.on]
                for n, i in enumerate(items, number + 1)
            ]
            if len(items) < _PAGE:
                return
            number += len(items)
            after = (items[-1].region, items[-1].name, items[-1].membership_id)

    asked = {"名称或代码": search.q, "行政区划": search.region, "年份": search.year}
    filters = "，".join(f"{label}：{value}" for label, value in asked.items() if value is not None)
    title = f"{heading(b.law, name)}　名单日期 {at.on}　记录至第 {at.position} 号变更"
    return Table(f"{name}-{at.on}", title + (f"　筛选 {filters}" if filters else ""), COLUMNS, pages())


def _rest(api: Router, b: Bootstrap) -> None:
    database = b.runtime.database

    @api.get("/lists")
    @api.get("/public/lists")
    async def lists() -> Answer:
        async with database.reading() as session:
            return {"items": await views.lists(session), "next": None}

    @api.get("/public/lists/{list_id}/editions")
    async def editions(list_id: str) -> Answer:
        async with database.reading() as session:
            return {"items": await views.editions(session, ListId.parse(list_id)), "next": None}

    @api.get("/public/editions/{edition_id}")
    async def frozen(edition_id: PathId) -> Response:
        """The frozen bytes of an edition; their SHA-256 is the ETag."""
        async with database.reading() as session:
            found = await views.frozen(session, edition_id)
        if found is None:
            raise NotFound
        return Response(found[0], media_type="application/json", headers={"ETag": f'"{found[1]}"'})

    @api.get("/public/units/{unit_id}")
    async def unit(unit_id: PathId) -> Answer:
        """What was announced about a unit."""
        async with database.reading() as session:
            memberships = await views.public_unit(session, unit_id)
        if not memberships:
            raise NotFound
        return {"unit_id": unit_id, "memberships": memberships}

    @api.get("/public/statistics")
    async def statistics(
        authority: Annotated[str, Query(max_length=80)], on: date | None = None, known_at: KnownAt = None,
        by: Annotated[int, Query(description="按行政区划代码的位数：2 省、4 市、6 县")] = 4,
    ) -> Answer:  # fmt: skip
        """DM annex 1: units on the national and the provincial list, and on the provincial one only, per place."""
        if by not in (2, 4, 6):
            raise _wrong("query:/by", "by 只能是 2、4 或 6。")
        instant = parse_known_at(known_at)
        if isinstance(instant, int):
            raise _wrong("query:/known_at", "统计跨多个名单，known_at 请用时刻。")
        return await b.statistics(authority, on, instant, by)


async def _as_of(b: Bootstrap, session: Any, name: ListId, on: date | None, known_at: str | None) -> reading.AsOf:
    at = await reading.as_of(session, name, on or b.runtime.clock.today(), parse_known_at(known_at))
    if at is None:
        raise NotFound
    return at


def parse_known_at(value: str | None) -> int | datetime | None:
    """A position of the list (digits), or an instant with its offset."""
    if value is None:
        return None
    if value.isascii() and value.isdigit() and len(value) <= 9:
        return int(value)
    try:
        # A plus sign that was not escaped arrives as a blank.
        instant = datetime.fromisoformat(value.replace(" ", "+") if value.count(" ") == 1 and "T" in value else value)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise _wrong("query:/known_at", "known_at 应为变更序号，或带时区的时刻，例如 2025-12-01T08:00:00+08:00。")
    return instant


def _wrong(pointer: str, detail: str) -> Rejected:
    return Rejected("invalid_query", detail, rule="reg-lists", errors=[FieldError(pointer, "invalid", detail)])
