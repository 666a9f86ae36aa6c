"""/intake/v1/submissions: drafts, verification, submission, withdrawal, reading."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response

from gf_chassis.http import Cursor, Limit, PathId, Router, int_if_match
from gf_chassis.idempotency import Once, OnceKey
from gf_chassis.identity import CurrentPrincipal
from gf_intake.adapters.repository import Repository
from gf_intake.bootstrap import Bootstrap
from gf_intake.entrypoints.dependencies import IfMatch, Intake, tag
from gf_intake.entrypoints.schemas import ContentIn, ReasonIn, SubmissionIn, SubmissionOut
from gf_intake.usecases import read_submissions
from gf_intake.usecases.views import submission_view

router = Router(prefix="/submissions", tags=["申报 submissions"])
_POLL_SECONDS = 0.05


@router.post("", status_code=201, response_model=SubmissionOut, summary="新建表单")
async def create(
    body: SubmissionIn, intake: Intake, principal: CurrentPrincipal, once: OnceKey, response: Response
) -> dict[str, Any]:
    view = await intake.create_submission(principal, body.unit_id, body.campaign_id, body.kind, once)
    once.headers(response)
    tag(response, view["version"])
    return view


@router.get("", summary="申报列表:每级一列")
async def list_submissions(
    intake: Intake,
    principal: CurrentPrincipal,
    limit: Limit = 50,
    cursor: Cursor = None,
    campaign_id: UUID | None = None,
    unit_id: UUID | None = None,
    state: Annotated[str | None, Query(max_length=20)] = None,
    number: Annotated[str | None, Query(max_length=120)] = None,
) -> dict[str, Any]:
    async with intake.database.reading() as session:
        return await read_submissions.list_submissions(
            session,
            principal,
            intake.policies,
            limit=limit,
            cursor=cursor,
            campaign_id=campaign_id,
            unit_id=unit_id,
            state=state,
            number=number,
        )


@router.get("/{submission_id}", summary="表单内容与办理情况")
async def read(
    submission_id: PathId, intake: Intake, principal: CurrentPrincipal, response: Response
) -> dict[str, Any]:
    async with intake.database.reading() as session:
        view = await read_submissions.read_submission(session, principal, intake.policies, submission_id)
    tag(response, view["version"])
    return view


@router.get("/{submission_id}/versions", summary="保存过的各个版本")
async def versions(submission_id: PathId, intake: Intake, principal: CurrentPrincipal) -> list[dict[str, Any]]:
    async with intake.database.reading() as session:
        return await read_submissions.list_versions(session, principal, intake.policies, submission_id)


@router.get("/{submission_id}/versions/{version}", summary="某一版本的内容")
async def version(submission_id: PathId, version: int, intake: Intake, principal: CurrentPrincipal) -> dict[str, Any]:
    async with intake.database.reading() as session:
        return await read_submissions.read_version(session, principal, intake.policies, submission_id, version)


@router.get("/{submission_id}/history", summary="办理记录")
async def history(submission_id: PathId, intake: Intake, principal: CurrentPrincipal) -> list[dict[str, Any]]:
    async with intake.database.reading() as session:
        return await read_submissions.submission_history(session, principal, intake.policies, submission_id)


@router.put("/{submission_id}/content", response_model=SubmissionOut, summary="暂存")
async def save(
    submission_id: PathId,
    body: ContentIn,
    intake: Intake,
    principal: CurrentPrincipal,
    response: Response,
    seen: IfMatch = None,
) -> dict[str, Any]:
    view = await intake.save_draft(
        principal, submission_id, body.content(), int_if_match(seen), verify=False, once=Once()
    )
    tag(response, view["version"])
    return view


@router.post("/{submission_id}/verify", response_model=SubmissionOut, summary="验证并保存")
async def verify(
    submission_id: PathId,
    intake: Intake,
    principal: CurrentPrincipal,
    once: OnceKey,
    response: Response,
    body: ContentIn | None = None,
    seen: IfMatch = None,
) -> dict[str, Any]:
    content = body.content() if body is not None else None
    view = await intake.save_draft(principal, submission_id, content, int_if_match(seen), verify=True, once=once)
    once.headers(response)
    tag(response, view["version"])
    return view


@router.delete("/{submission_id}", status_code=204, summary="删除(不可恢复)")
async def delete(submission_id: PathId, intake: Intake, principal: CurrentPrincipal, seen: IfMatch = None) -> None:
    await intake.delete_draft(principal, submission_id, int_if_match(seen))


@router.post("/{submission_id}/submit", response_model=SubmissionOut, summary="上报")
async def submit(
    submission_id: PathId,
    intake: Intake,
    principal: CurrentPrincipal,
    once: OnceKey,
    response: Response,
    seen: IfMatch = None,
) -> dict[str, Any]:
    view = await intake.submit_submission(principal, submission_id, int_if_match(seen), once)
    once.headers(response)
    tag(response, view["version"])
    return view


@router.post("/{submission_id}/withdraw", response_model=SubmissionOut, summary="取消上报")
async def withdraw(
    submission_id: PathId,
    body: ReasonIn,
    intake: Intake,
    principal: CurrentPrincipal,
    once: OnceKey,
    response: Response,
) -> dict[str, Any]:
    """200 with the answer of review when it comes within two seconds, else 202: ask the address in Location."""
    view = await intake.request_withdrawal(principal, submission_id, body.reason, once)
    view = await answered(intake, submission_id, view)
    once.headers(response)
    tag(response, view["version"])
    response.headers["Location"] = f"/intake/v1/submissions/{submission_id}"
    response.status_code = 202 if view["state"] == "withdrawing" else 200
    return view


@router.post("/{submission_id}/drop", response_model=SubmissionOut, summary="放弃")
async def drop(
    submission_id: PathId,
    body: ReasonIn,
    intake: Intake,
    principal: CurrentPrincipal,
    once: OnceKey,
    response: Response,
) -> dict[str, Any]:
    view = await intake.give_up(principal, submission_id, body.reason, once)
    once.headers(response)
    tag(response, view["version"])
    return view


async def answered(intake: Bootstrap, submission_id: UUID, view: dict[str, Any]) -> dict[str, Any]:
    """The submission once review has answered, or as it stands when the time is over."""
    deadline = asyncio.get_running_loop().time() + intake.settings.withdrawal_wait_seconds
    while True:
        async with intake.database.reading() as session:
            submission = await Repository(session).submission(submission_id)
        if submission is not None:
            view = submission_view(submission)
        if view["state"] != "withdrawing" or asyncio.get_running_loop().time() >= deadline:
            return view
        await asyncio.sleep(_POLL_SECONDS)
