"""The API of recommendation batches (推荐批次) and publicity (公示)."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Query, Request, Response

from gf_chassis.http import Cursor, Limit, PathId, Router, decode_cursor, encode_cursor, etag
from gf_chassis.idempotency import OnceKey
from gf_chassis.json import CleanText
from gf_review.domain.errors import IllegalTransition
from gf_review.entrypoints import schemas
from gf_review.entrypoints.common import CurrentOfficial, SeenVersion, UseCases, answer
from gf_review.entrypoints.http import upload_once
from gf_review.entrypoints.summary_sheet import XLSX, summary_csv, summary_xlsx

router = Router(tags=["推荐与公示"])
BATCH = "/recommendations/{recommendation_id}"
PUBLICITY = "/publicities/{publicity_id}"


@router.get("/recommendations", response_model=schemas.Page, summary="本级推荐批次")
async def recommendations(
    official: CurrentOfficial, review: UseCases, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    after = decode_cursor(cursor, str)
    items, following = await review.batch_queries.recommendations(
        official.authority, after=after[0] if after else None, limit=limit
    )
    return {"items": items, "next": encode_cursor(following) if following else None}


@router.post("/recommendations", response_model=schemas.BatchDone, status_code=201, summary="新建推荐批次")
async def start_recommendation(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    body: schemas.RecommendationIn,
) -> dict[str, Any]:
    act = review.start_recommendation(
        official,
        campaign_id=body.campaign_id,
        category=body.category,
        kind=body.kind,
        title=body.title,
        once=once,
    )
    return await answer(response, once, act)


@router.get(BATCH, summary="推荐批次")
async def recommendation(
    response: Response, official: CurrentOfficial, review: UseCases, recommendation_id: PathId
) -> dict[str, Any]:
    found = await review.batch_queries.recommendation(official.authority, str(recommendation_id))
    response.headers["ETag"] = etag(found["etag"])
    return found


@router.get(BATCH + "/summary.csv", summary="推荐汇总表", response_class=Response)
async def summary(official: CurrentOfficial, review: UseCases, recommendation_id: PathId) -> Response:
    found = await review.batch_queries.recommendation(official.authority, str(recommendation_id))
    return Response(
        summary_csv(found["summary"]),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="summary.csv"'},
    )


@router.get(BATCH + "/summary.xlsx", summary="推荐汇总表（Excel）", response_class=Response)
async def summary_excel(official: CurrentOfficial, review: UseCases, recommendation_id: PathId) -> Response:
    return excel(await review.batch_queries.recommendation(official.authority, str(recommendation_id)))


def excel(found: dict[str, Any]) -> Response:
    """The sealed summary table of a batch; 409 where it is not sealed yet."""
    if not found["summary"]:
        raise IllegalTransition("批次尚未封存，封存时生成推荐汇总表。", rule="CQ-doc")
    content = summary_xlsx(f"{found['title']} 推荐汇总表", found["authority_name"], found["summary"])
    name = quote(f"推荐汇总表 {found['title']}.xlsx")
    headers = {"Content-Disposition": f"attachment; filename=\"summary.xlsx\"; filename*=UTF-8''{name}"}
    return Response(content, media_type=XLSX, headers=headers)


@router.post(BATCH + "/cases", response_model=schemas.BatchDone, summary="加入申报")
async def add_case(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenVersion,
    recommendation_id: PathId,
    body: schemas.SubmissionRef,
) -> dict[str, Any]:
    act = review.add_to_recommendation(official, str(recommendation_id), seen, body.submission_id, once)
    return await answer(response, once, act)


@router.post(BATCH + "/cases/remove", response_model=schemas.BatchDone, summary="移出申报")
async def remove_case(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenVersion,
    recommendation_id: PathId,
    body: schemas.SubmissionRef,
) -> dict[str, Any]:
    act = review.remove_from_recommendation(official, str(recommendation_id), seen, body.submission_id, once)
    return await answer(response, once, act)


@router.post(BATCH + "/document", response_model=schemas.BatchDone, summary="上传推荐文件（请求体即文件）")
async def attach(
    request: Request,
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    seen: SeenVersion,
    recommendation_id: PathId,
    name: Annotated[CleanText, Query(min_length=1, max_length=200)],
) -> dict[str, Any]:
    once = upload_once(request, official, name)
    act = review.attach_recommendation_document(official, str(recommendation_id), seen, name, request.stream(), once)
    return await answer(response, once, act)


@router.post(BATCH + "/seal", response_model=schemas.BatchDone, summary="封存")
async def seal(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenVersion,
    recommendation_id: PathId,
) -> dict[str, Any]:
    return await answer(response, once, review.seal_recommendation(official, str(recommendation_id), seen, once))


@router.post(BATCH + "/send", response_model=schemas.BatchDone, summary="随批上报")
async def send(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenVersion,
    recommendation_id: PathId,
    body: schemas.PassIn,
) -> dict[str, Any]:
    act = review.send_recommendation(official, str(recommendation_id), seen, body.reason, once=once)
    return await answer(response, once, act)


@router.post(BATCH + "/dissolve", response_model=schemas.BatchDone, summary="解散")
async def dissolve(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenVersion,
    recommendation_id: PathId,
    body: schemas.DissolveIn,
) -> dict[str, Any]:
    act = review.dissolve_recommendation(official, str(recommendation_id), seen, body.reason, once)
    return await answer(response, once, act)


# --- publicity -------------------------------------------------------------------------------------------------------


@router.get("/public/publicities", response_model=schemas.PublicPublicities, summary="公示（向社会公开）")
async def public_publicities(
    review: UseCases, closed: bool = False, limit: Limit = 50, cursor: Cursor = None
) -> dict[str, Any]:
    after = decode_cursor(cursor, str)
    items, following = await review.batch_queries.public_publicities(
        closed=closed, after=after[0] if after else None, limit=limit
    )
    return {"items": items, "next": encode_cursor(following) if following else None}


@router.get("/publicities", response_model=schemas.Page, summary="本级公示")
async def publicities(
    official: CurrentOfficial,
    review: UseCases,
    submission_id: UUID | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> dict[str, Any]:
    after = decode_cursor(cursor, str)
    items, following = await review.batch_queries.publicities(
        official.authority,
        submission_id=str(submission_id or ""),
        after=after[0] if after else None,
        limit=limit,
    )
    return {"items": items, "next": encode_cursor(following) if following else None}


@router.get(PUBLICITY, summary="公示")
async def publicity(
    response: Response, official: CurrentOfficial, review: UseCases, publicity_id: PathId
) -> dict[str, Any]:
    found = await review.batch_queries.publicity(official.authority, str(publicity_id))
    response.headers["ETag"] = etag(found["etag"])
    return found


@router.post(PUBLICITY + "/open", response_model=schemas.PublicityDone, summary="开始公示")
async def open_publicity(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenVersion,
    publicity_id: PathId,
) -> dict[str, Any]:
    return await answer(response, once, review.open_publicity(official, str(publicity_id), seen, once))


@router.post(PUBLICITY + "/objections", response_model=schemas.PublicityDone, summary="登记异议")
async def raise_objection(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenVersion,
    publicity_id: PathId,
    body: schemas.ObjectionIn,
) -> dict[str, Any]:
    act = review.raise_objection(official, str(publicity_id), seen, body.submission_id, body.text, once)
    return await answer(response, once, act)


@router.post(PUBLICITY + "/objections/ruling", response_model=schemas.PublicityDone, summary="核实异议")
async def settle_objection(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenVersion,
    publicity_id: PathId,
    body: schemas.RulingIn,
) -> dict[str, Any]:
    act = review.settle_objection(
        official, str(publicity_id), seen, body.submission_id, upheld=body.upheld, reason=body.reason, once=once
    )
    return await answer(response, once, act)
