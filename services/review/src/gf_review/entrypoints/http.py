"""The API of a case: as it stands, every act as its own POST with If-Match and optional Idempotency-Key."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Query, Request, Response

from gf_chassis.http import PathId, Router, etag
from gf_chassis.idempotency import Once, OnceKey, key_of, request_hash
from gf_chassis.identity import Principal
from gf_chassis.json import CleanText
from gf_review.entrypoints import schemas
from gf_review.entrypoints.common import CurrentOfficial, SeenCase, UseCases, answer
from gf_review.usecases.decide_stage import Cancel, Pass, Refuse, Return
from gf_review.usecases.record_findings import FindingDraft
from gf_review.usecases.record_marks import MarkDraft

router = Router(tags=["案件"])


@router.get("/cases/{submission_id}", summary="案件全貌")
async def case(
    response: Response, official: CurrentOfficial, review: UseCases, submission_id: PathId
) -> dict[str, Any]:
    found = await review.queries.case(official.authority, str(submission_id))
    response.headers["ETag"] = etag(found["etag"])
    return found


@router.get("/documents/{document_id}", summary="下载推荐文件", response_class=Response)
async def document(official: CurrentOfficial, review: UseCases, document_id: PathId) -> Response:
    found = await review.queries.document(official.authority, str(document_id))
    return Response(
        await review.files.get(found["sha256"]),
        media_type=found["media_type"],
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(found['name'])}"},
    )


# --- records of a stage ----------------------------------------------------------------------------------------------

STAGE = "/cases/{submission_id}/stages/{stage_no}"


@router.post(STAGE + "/findings", response_model=schemas.CaseDone, summary="填写核查意见")
async def record_findings(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenCase,
    submission_id: PathId,
    stage_no: int,
    body: schemas.FindingsIn,
) -> dict[str, Any]:
    findings = [FindingDraft(one.item, one.pointer, one.ok, one.note) for one in body.findings]
    act = review.record_findings(official, str(submission_id), stage_no, seen, findings, once)
    return await answer(response, once, act)


@router.post(STAGE + "/marks", response_model=schemas.CaseDone, summary="定性评分")
async def record_marks(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenCase,
    submission_id: PathId,
    stage_no: int,
    body: schemas.MarksIn,
) -> dict[str, Any]:
    act = review.record_marks(
        official,
        str(submission_id),
        stage_no,
        seen,
        [MarkDraft(one.indicator, one.points, one.reason) for one in body.marks],
        industry_ruling=body.industry_ruling,
        reason=body.reason,
        once=once,
    )
    return await answer(response, once, act)


@router.post(STAGE + "/consultations", response_model=schemas.CaseDone, summary="征求部门意见")
async def ask_consultation(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenCase,
    submission_id: PathId,
    stage_no: int,
    body: schemas.ConsultationIn,
) -> dict[str, Any]:
    act = review.ask_consultation(
        official, str(submission_id), stage_no, seen, body.department, body.asked_on, once=once
    )
    return await answer(response, once, act)


@router.post(STAGE + "/consultations/{department}/answer", response_model=schemas.CaseDone, summary="登记部门答复")
async def answer_consultation(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenCase,
    submission_id: PathId,
    stage_no: int,
    department: CleanText,
    body: schemas.ConsultationAnswerIn,
) -> dict[str, Any]:
    act = review.answer_consultation(
        official,
        str(submission_id),
        stage_no,
        seen,
        department,
        answered_on=body.answered_on,
        agrees=body.agrees,
        opinion=body.opinion,
        once=once,
    )
    return await answer(response, once, act)


@router.post(STAGE + "/expert-review", response_model=schemas.CaseDone, summary="专家评审")
async def expert_review(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenCase,
    submission_id: PathId,
    stage_no: int,
    body: schemas.ExpertReviewIn,
) -> dict[str, Any]:
    act = review.record_expert_review(
        official, str(submission_id), stage_no, seen, state=body.state, grade=body.grade, note=body.note, once=once
    )
    return await answer(response, once, act)


@router.post(STAGE + "/reasons", response_model=schemas.CaseDone, summary="书面理由")
async def give_reason(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenCase,
    submission_id: PathId,
    stage_no: int,
    body: schemas.ReasonIn,
) -> dict[str, Any]:
    act = review.give_reason(official, str(submission_id), stage_no, seen, kind=body.kind, text=body.text, once=once)
    return await answer(response, once, act)


@router.post(STAGE + "/documents", response_model=schemas.CaseDone, summary="上传推荐文件（请求体即文件）")
async def upload_document(
    request: Request,
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    seen: SeenCase,
    submission_id: PathId,
    stage_no: int,
    name: Annotated[CleanText, Query(min_length=1, max_length=200)],
) -> dict[str, Any]:
    once = upload_once(request, official, name)
    act = review.upload_document(official, str(submission_id), stage_no, seen, name, request.stream(), once)
    return await answer(response, once, act)


def upload_once(request: Request, principal: Principal, name: str) -> Once:
    """An upload is recognised by its address, name and length: hashing the body first would hold it in memory twice."""
    key = key_of(request.headers.get("idempotency-key"), principal)
    length = request.headers.get("content-length", "")
    hashed = request_hash(request.method, request.url.path, f"{name}\n{length}".encode())
    return Once(scope=principal.scope, key=key, hash=hashed if key else b"", service="review")


# --- decisions -------------------------------------------------------------------------------------------------------


@router.post(STAGE + "/pass", response_model=schemas.CaseDone, summary="上报（末级为通过）")
async def pass_stage(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenCase,
    submission_id: PathId,
    stage_no: int,
    body: schemas.PassIn,
) -> dict[str, Any]:
    act = review.decide_stage(official, str(submission_id), stage_no, seen, Pass(body.reason), once)
    return await answer(response, once, act)


@router.post(STAGE + "/return", response_model=schemas.CaseDone, summary="退回更正")
async def return_case(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenCase,
    submission_id: PathId,
    stage_no: int,
    body: schemas.ReturnIn,
) -> dict[str, Any]:
    findings = [FindingDraft(one.item, one.pointer, one.ok, one.note) for one in body.findings]
    decision = Return(body.reason, findings, body.term_ends_at)
    act = review.decide_stage(official, str(submission_id), stage_no, seen, decision, once)
    return await answer(response, once, act)


@router.post(STAGE + "/refuse", response_model=schemas.CaseDone, summary="不予通过")
async def refuse(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenCase,
    submission_id: PathId,
    stage_no: int,
    body: schemas.RefuseIn,
) -> dict[str, Any]:
    decision = Refuse(body.reason, body.article, body.ground)
    act = review.decide_stage(official, str(submission_id), stage_no, seen, decision, once)
    return await answer(response, once, act)


@router.post(STAGE + "/cancel", response_model=schemas.CaseDone, summary="取消申报资格（弄虚作假）")
async def cancel(
    response: Response,
    official: CurrentOfficial,
    review: UseCases,
    once: OnceKey,
    seen: SeenCase,
    submission_id: PathId,
    stage_no: int,
    body: schemas.CancelIn,
) -> dict[str, Any]:
    decision = Cancel(body.reason, body.article)
    act = review.decide_stage(official, str(submission_id), stage_no, seen, decision, once)
    return await answer(response, once, act)
