"""The API of notify: one's own inbox, nothing else."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING
from uuid import UUID

from fastapi import Response

from gf_chassis.http import Cursor, Limit, PathId, Router, decode_cursor, encode_cursor
from gf_chassis.identity import CurrentPrincipal
from gf_notify.entrypoints.schemas import CountsOut, InboxOut, NoticeOut
from gf_notify.usecases.mark_read import mark_read
from gf_notify.usecases.read_inbox import count_inbox, read_inbox

if TYPE_CHECKING:
    from gf_notify.bootstrap import Bootstrap


def router(b: Bootstrap) -> Router:
    api = Router(tags=["收件箱"])
    database = b.runtime.database

    @api.get("/inbox", summary="收件箱：发给本单位或本机关岗位的通知")
    async def inbox(
        principal: CurrentPrincipal, unread: bool = False, limit: Limit = 50, cursor: Cursor = None
    ) -> InboxOut:
        after = decode_cursor(cursor, UUID)
        async with database.reading() as session:
            found = await read_inbox(
                session, principal, unread=unread, after=after[0] if after else None, limit=limit + 1
            )
        more = encode_cursor(str(found[limit - 1].id)) if len(found) > limit else None
        return InboxOut(items=[NoticeOut(**asdict(n)) for n in found[:limit]], next=more)

    @api.get("/inbox/counts", summary="收件箱条数")
    async def counts(principal: CurrentPrincipal) -> CountsOut:
        async with database.reading() as session:
            return CountsOut(**await count_inbox(session, principal))

    @api.post("/inbox/{notice_id}/read", status_code=204, summary="标为已读")
    async def read(principal: CurrentPrincipal, notice_id: PathId) -> Response:
        await mark_read(database.unit_of_work(principal.actor()), principal, notice_id)
        return Response(status_code=204)

    return api
