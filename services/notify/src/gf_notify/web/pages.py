"""The inbox as a page (收件箱)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from gf_chassis.http import Cursor, PathId, decode_cursor, encode_cursor
from gf_chassis.web import CheckedForm, Link, PagePrincipal, Pages, redirect, render
from gf_notify.adapters.names import Names
from gf_notify.usecases.mark_read import mark_read
from gf_notify.usecases.read_inbox import COUNTED, count_inbox, read_inbox

if TYPE_CHECKING:
    from gf_notify.bootstrap import Bootstrap

PAGE = 20


def pages(names: Names) -> Pages:
    return Pages(
        "notify",
        title="收件箱",
        templates=Path(__file__).parent / "templates",
        nav=[Link("全部通知", "/notify/ui/"), Link("未读", "/notify/ui/?unread=1")],
        place=lambda person: names.authority(person.authority) if person.authority else "",
    )


def router(b: Bootstrap) -> APIRouter:
    ui = APIRouter()
    database = b.runtime.database

    @ui.get("/")
    async def inbox(request: Request, person: PagePrincipal, unread: str = "", cursor: Cursor = None) -> Response:
        after = decode_cursor(cursor, UUID)
        async with database.reading() as session:
            found = await read_inbox(
                session, person, unread=bool(unread), after=after[0] if after else None, limit=PAGE + 1
            )
            counts = await count_inbox(session, person)
        shown = {name: f"{COUNTED}+" if counts[name] > COUNTED else str(counts[name]) for name in ("total", "unread")}
        following = ""
        if len(found) > PAGE:
            following = f"?unread={'1' if unread else ''}&cursor={encode_cursor(str(found[PAGE - 1].id))}"
        return render(
            request, "inbox.html", notices=found[:PAGE], counts=shown, unread=bool(unread), next_href=following,
            first_href=("/notify/ui/?unread=1" if unread else "/notify/ui/") if cursor else "",
        )  # fmt: skip

    @ui.post("/{notice_id}/read")
    async def read(request: Request, person: PagePrincipal, form: CheckedForm, notice_id: PathId) -> Response:
        await mark_read(database.unit_of_work(person.actor()), person, notice_id)
        return redirect(request, "/notify/ui/", done="已标为已读")

    return ui
