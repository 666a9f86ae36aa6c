"""Operations (运维): held events of a service as API and as page — list, show, redrive a key, skip by two people."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError
from pydantic import Field
from starlette.responses import Response

from gf_chassis import held
from gf_chassis.errors import NotFound, Rejected
from gf_chassis.identity import CurrentPrincipal, Principal
from gf_chassis.json import ApiModel, CleanText
from gf_chassis.routing import Cursor, Limit, Router, decode_cursor, encode_cursor
from gf_chassis.runtime import ServiceRuntime
from gf_chassis.web import CheckedForm, PagePrincipal, redirect, render
from gf_proto import message_type


class HeldKeyOut(ApiModel):
    """A key that stands still."""

    group: str
    topic: str
    key: str
    number: int = Field(description="最先被搁置的事件序号")
    type: str
    reason: str
    error: str
    first_seen: datetime
    waiting: int = Field(description="等待处理的事件数")
    asked_by: str = Field(description="已有人申请跳过时，申请人")


class HeldKeys(ApiModel):
    items: list[HeldKeyOut]
    next: str | None


class HeldEventOut(ApiModel):
    """A held event as it came; the bytes are never edited."""

    number: int
    type: str
    reason: str
    error: str
    state: str
    first_seen: datetime
    content: dict[str, Any] | None = Field(description="解码后的内容；无法解码时为空")
    payload: str = Field(description="原始字节，base64")
    asked_by: str
    confirmed_by: str
    note: str
    settled_at: datetime | None


class HeldKeyDetail(ApiModel):
    group: str
    topic: str
    key: str
    events: list[HeldEventOut]


class RedriveOut(ApiModel):
    applied: int
    left: int
    error: str


class SkipIn(ApiModel):
    number: int = Field(ge=1, description="要跳过的事件序号，须为最先被搁置的一个")
    note: str = Field(min_length=5, max_length=500, description="理由")


class SkipOut(ApiModel):
    state: str = Field(description="asked：已申请，待另一人确认；skipped：已跳过")


def _operator(principal: CurrentPrincipal) -> Principal:
    return principal.require("ops")


def _page_operator(principal: PagePrincipal) -> Principal:
    return principal.require("ops")


Operator = Annotated[Principal, Depends(_operator)]
PageOperator = Annotated[Principal, Depends(_page_operator)]
_PATH = "/ops/held/{group}/{topic}/{key}"


class HeldDesk:
    """What API and page have in common."""

    def __init__(self, runtime: ServiceRuntime) -> None:
        self.runtime = runtime

    async def keys(self, limit: int, cursor: str | None) -> HeldKeys:
        after = decode_cursor(cursor, str, str, str) or ("", "", "")
        async with self.runtime.database.reading() as session:
            rows = await held.list_held(session, limit + 1, (after[0], after[1], after[2]))
        items = [
            HeldKeyOut(
                group=row.group,
                topic=row.topic,
                key=row.key,
                number=row.number,
                type=row.type,
                reason=row.reason,
                error=row.error,
                first_seen=row.first_seen,
                waiting=row.waiting,
                asked_by=row.first_person,
            )
            for row in rows[:limit]
        ]
        last = items[-1] if len(rows) > limit else None
        return HeldKeys(items=items, next=encode_cursor(last.group, last.topic, last.key) if last else None)

    async def detail(self, group: str, topic: str, key: str) -> HeldKeyDetail:
        async with self.runtime.database.reading() as session:
            rows = await held.show(session, group, topic, key)
        if not rows:
            raise NotFound
        return HeldKeyDetail(group=group, topic=topic, key=key, events=[_event(row) for row in rows])

    async def redrive(self, group: str, topic: str, key: str, person: str) -> RedriveOut:
        runtime = self.runtime
        done = await held.redrive(runtime.database, runtime.subscriptions, group, topic, key, person)
        return RedriveOut(applied=done.applied, left=done.left, error=done.error)

    async def skip(self, group: str, topic: str, key: str, number: int, person: str, note: str) -> SkipOut:
        runtime = self.runtime
        state = await held.skip(runtime.database, runtime.subscriptions, group, topic, key, number, person, note)
        return SkipOut(state=state)


def _event(row: held.HeldEvent) -> HeldEventOut:
    kind = message_type(row.type)
    try:
        content = MessageToDict(kind.FromString(row.payload), preserving_proto_field_name=True) if kind else None
    except DecodeError:
        content = None
    return HeldEventOut(
        number=row.number,
        type=row.type,
        reason=row.reason,
        error=row.error,
        state=row.state,
        first_seen=row.first_seen,
        content=content,
        payload=base64.b64encode(row.payload).decode(),
        asked_by=row.first_person,
        confirmed_by=row.second_person,
        note=row.note,
        settled_at=row.settled_at,
    )


def api_router(runtime: ServiceRuntime) -> APIRouter:
    """``/<service>/v1/ops/held``."""
    desk = HeldDesk(runtime)
    router = Router(tags=["运维"])

    @router.get("/ops/held", summary="被搁置的事件", operation_id="list_held")
    async def list_keys(operator: Operator, limit: Limit = 50, cursor: Cursor = None) -> HeldKeys:
        return await desk.keys(limit, cursor)

    @router.get(_PATH, summary="一个键的被搁置事件", operation_id="show_held")
    async def show(operator: Operator, group: CleanText, topic: CleanText, key: CleanText) -> HeldKeyDetail:
        return await desk.detail(group, topic, key)

    @router.post(f"{_PATH}/redrive", summary="按顺序重新投递", operation_id="redrive_held")
    async def redrive(operator: Operator, group: CleanText, topic: CleanText, key: CleanText) -> RedriveOut:
        return await desk.redrive(group, topic, key, operator.subject)

    @router.post(f"{_PATH}/skip", summary="跳过（须两人）", operation_id="skip_held")
    async def skip(operator: Operator, group: CleanText, topic: CleanText, key: CleanText, body: SkipIn) -> SkipOut:
        return await desk.skip(group, topic, key, body.number, operator.subject, body.note)

    return router


def page_router(runtime: ServiceRuntime) -> APIRouter:
    """``/<service>/ops/held``."""
    desk = HeldDesk(runtime)
    router = Router(include_in_schema=False)

    def address(group: str, topic: str, key: str) -> str:
        return f"/{runtime.name}/ops/held/{quote(group, safe='')}/{quote(topic, safe='')}/{quote(key, safe='')}"

    @router.get("/ops/held")
    async def list_page(request: Request, operator: PageOperator, cursor: Cursor = None) -> Response:
        return render(request, "held.html", page=await desk.keys(50, cursor), address=address)

    @router.get(_PATH)
    async def show_page(
        request: Request, operator: PageOperator, group: CleanText, topic: CleanText, key: CleanText
    ) -> Response:
        return render(request, "held_key.html", detail=await desk.detail(group, topic, key), address=address)

    @router.post(f"{_PATH}/redrive")
    async def redrive(
        request: Request, operator: PageOperator, form: CheckedForm, group: CleanText, topic: CleanText, key: CleanText
    ) -> Response:
        done = await desk.redrive(group, topic, key, operator.subject)
        text = f"已处理 {done.applied} 条，剩余 {done.left} 条。"
        failed = f"{text} {done.error}" if done.left else ""
        return redirect(request, address(group, topic, key), done=text, failed=failed)

    @router.post(f"{_PATH}/skip")
    async def skip(
        request: Request, operator: PageOperator, form: CheckedForm, group: CleanText, topic: CleanText, key: CleanText
    ) -> Response:
        here = address(group, topic, key)
        number, note = str(form.get("number", "")), str(form.get("note", "")).strip()
        if not (number.isascii() and number.isdigit() and len(number) < 10) or not 5 <= len(note) <= 500:
            return redirect(request, here, failed="请填写 5 至 500 字的理由。")
        try:
            done = await desk.skip(group, topic, key, int(number), operator.subject, note)
        except Rejected as refused:
            return redirect(request, here, failed=refused.detail)
        return redirect(request, here, done="已跳过。" if done.state == "skipped" else "已申请跳过，须由另一人确认。")

    return router
