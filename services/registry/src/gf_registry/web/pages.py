"""Public pages of the lists (公开名单): read without signing in."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from gf_chassis.errors import NotFound
from gf_chassis.http import Cursor, PathId, decode_cursor, encode_cursor
from gf_chassis.web import Link, Pages, render
from gf_policy.words import CATEGORIES, LIST_LEVELS
from gf_registry.adapters import reading, views
from gf_registry.adapters.law import Law
from gf_registry.domain.lists import ListId
from gf_registry.entrypoints.public import Text
from gf_registry.labels import heading
from gf_registry.usecases.scope import OFFICIALS

if TYPE_CHECKING:
    from gf_registry.bootstrap import Bootstrap

PAGE = 50


def pages(law: Law) -> Pages:
    return Pages(
        "registry",
        title="绿色制造名单",
        templates=Path(__file__).parent / "templates",
        nav=[
            Link("公开名单", "/registry/ui/"),
            Link("动态管理", "/registry/ui/dynamic", OFFICIALS),
            Link("名单公布", "/registry/ui/desk", ("registrar",)),
            Link("本单位", "/registry/ui/mine", ("applicant",)),
        ],
        place=lambda person: law.name(person.authority) if person.authority else person.org or "",
    )


def router(b: Bootstrap) -> APIRouter:
    ui = APIRouter()
    database = b.runtime.database

    @ui.get("/")
    async def index(request: Request) -> Response:
        async with database.reading() as session:
            found = await views.lists(session)
        for item in found:
            item["authority_name"] = b.law.name(item["authority"])
        return render(request, "lists.html", lists=found, level_names=LIST_LEVELS, category_names=CATEGORIES)

    @ui.get("/lists/{list_id}")
    async def one_list(
        request: Request, list_id: str, q: Text = None, region: str = "", year: str = "", on: str = "",
        cursor: Cursor = None,
    ) -> Response:  # fmt: skip
        """A form sends empty fields: they are no condition."""
        name = ListId.parse(list_id)
        search = reading.Search(
            q or None, region[:6] or None, int(year) if year.isdecimal() and year.isascii() and len(year) == 4 else None
        )
        day = _day(on) or b.runtime.clock.today()
        after = decode_cursor(cursor, str, str, UUID)
        async with database.reading() as session:
            at = await reading.as_of(session, name, day, None)
            if at is None:
                raise NotFound
            total = await reading.count(session, name, at, search)
            items = await reading.items(session, name, at, search, limit=PAGE + 1, after=after) if total else []
            editions = await views.editions(session, name)
        query = _query(search, day)
        following = ""
        if len(items) > PAGE:
            last = items[PAGE - 1]
            following = (
                f"?{query}&{urlencode({'cursor': encode_cursor(last.region, last.name, str(last.membership_id))})}"
            )
        return render(
            request, "list.html", heading=heading(b.law, name), list_id=str(name), at=at, search=search, total=total,
            items=items[:PAGE], editions=editions, query=query, next_href=following,
            first_href=f"?{query}" if cursor else "",
        )  # fmt: skip

    @ui.get("/units/{unit_id}")
    async def unit(request: Request, unit_id: PathId) -> Response:
        async with database.reading() as session:
            memberships = await views.public_unit(session, unit_id)
        if not memberships:
            raise NotFound
        for m in memberships:
            m["heading"] = heading(b.law, ListId.parse(m["list_id"]))
        return render(request, "unit.html", name=memberships[-1]["name"], memberships=memberships)

    return ui


def _query(search: reading.Search, day: date) -> str:
    values: dict[str, Any] = {k: v for k, v in asdict(search).items() if v is not None}
    return urlencode({**values, "on": day.isoformat()})


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
