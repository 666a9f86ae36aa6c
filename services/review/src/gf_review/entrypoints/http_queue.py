"""The API of the queue (待办): the list with its counts, its exports, colleagues, assignments."""

from __future__ import annotations

from typing import Any, get_args

from fastapi import Response
from starlette.responses import StreamingResponse

from gf_chassis.http import Cursor, Limit, Router, decode_cursor, encode_cursor
from gf_chassis.idempotency import OnceKey
from gf_review.adapters.queue import cursor_types
from gf_review.adapters.queue_export import csv_lines, excel
from gf_review.entrypoints import schemas
from gf_review.entrypoints.common import CurrentOfficial, UseCases
from gf_review.entrypoints.queue_asked import Asked, Sort, View, for_person

router = Router(tags=["待办"])
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def next_cursor(following: tuple[Any, Any, str] | None) -> str | None:
    if following is None:
        return None
    rank, key, submission_id = following
    return encode_cursor(
        rank if isinstance(rank, int) else rank.isoformat(),
        key.isoformat() if hasattr(key, "isoformat") else str(key),
        submission_id,
    )


@router.get("/cases", response_model=schemas.Queue, summary="本级待办与案件")
async def queue(
    official: CurrentOfficial,
    review: UseCases,
    asked: Asked,
    sort: Sort = "due",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    wanted = for_person(asked, official.subject)
    after: Any = decode_cursor(cursor, *cursor_types(sort))
    shown = await review.queue.shown(official.authority, wanted, sort, after=after, limit=limit)
    counts = shown.counts
    return {
        "items": shown.items,
        "next": next_cursor(shown.following),
        "counts": {view: counts.of(view) for view in get_args(View)},
        "overdue": counts.overdue,
        "near": counts.near,
        "capped": counts.capped,
    }


@router.get("/cases/export.csv", summary="导出待办（CSV）", response_class=Response)
async def export_csv(official: CurrentOfficial, review: UseCases, asked: Asked, sort: Sort = "due") -> Response:
    lines = csv_lines(review.queue, official.authority, for_person(asked, official.subject), sort)
    headers = {"Content-Disposition": "attachment; filename*=UTF-8''%E5%BE%85%E5%8A%9E%E6%A1%88%E4%BB%B6.csv"}
    return StreamingResponse(lines, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/cases/export.xlsx", summary="导出待办（Excel，不超过 20000 行）", response_class=Response)
async def export_excel(official: CurrentOfficial, review: UseCases, asked: Asked, sort: Sort = "due") -> Response:
    content = await excel(review.queue, official.authority, for_person(asked, official.subject), sort)
    headers = {"Content-Disposition": "attachment; filename*=UTF-8''%E5%BE%85%E5%8A%9E%E6%A1%88%E4%BB%B6.xlsx"}
    return Response(content, media_type=EXCEL, headers=headers)


@router.get("/officials", response_model=schemas.Officials, summary="本级人员（登录过的）")
async def officials(official: CurrentOfficial, review: UseCases) -> dict[str, Any]:
    return {"items": await review.queue.officials(official.authority)}


@router.post("/assignments", response_model=schemas.AssignmentDone, summary="分派案件")
async def assign(
    response: Response, official: CurrentOfficial, review: UseCases, once: OnceKey, body: schemas.AssignmentIn
) -> dict[str, Any]:
    done = await review.assign_cases(official, body.submission_ids, body.assignee, once)
    once.headers(response)
    return done.result
