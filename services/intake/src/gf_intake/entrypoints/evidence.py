"""/intake/v1/evidence: uploads as raw bodies, streamed; downloads always as attachments."""

import re
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from gf_chassis.http import PathId
from gf_chassis.identity import CurrentPrincipal, Principal
from gf_chassis.json import CleanText
from gf_intake.adapters.tables import EvidenceRow
from gf_intake.bootstrap import Bootstrap
from gf_intake.entrypoints.dependencies import Intake
from gf_intake.entrypoints.schemas import EvidenceOut

router = APIRouter(prefix="/evidence", tags=["佐证材料 evidence"])
FileName = Annotated[CleanText, Field(min_length=1, max_length=200), Query(description="文件名,仅作说明")]
ContentHash = Annotated[
    str | None, Query(pattern=r"^[0-9a-f]{64}$", description="盖章扫描件:所打印内容的 content_hash")
]
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.put(
    "/units/{unit_id}", response_model=EvidenceOut, status_code=201, openapi_extra=_BODY, summary="上传(单位名下)"
)
async def put_for_unit(
    unit_id: PathId,
    request: Request,
    intake: Intake,
    principal: CurrentPrincipal,
    name: FileName,
    content_hash: ContentHash = None,
) -> dict[str, Any]:
    row = await intake.store_evidence.for_unit(
        principal, unit_id, name, content_hash, request.stream(), declared=_declared(request)
    )
    return _view(row)


@router.put(
    "/submissions/{submission_id}/{slot}",
    response_model=EvidenceOut,
    status_code=201,
    openapi_extra=_BODY,
    summary="上传到表单的材料项",
)
async def put_for_slot(
    submission_id: PathId,
    slot: str,
    request: Request,
    intake: Intake,
    principal: CurrentPrincipal,
    name: FileName,
    content_hash: ContentHash = None,
) -> dict[str, Any]:
    row = await intake.store_evidence.for_slot(
        principal,
        submission_id,
        slot,
        name,
        request.stream(),
        declared=_declared(request),
        printed_from=content_hash,
    )
    return _view(row)


@router.delete("/submissions/{submission_id}/{slot}/{evidence_id}", status_code=204, summary="从材料项移除")
async def remove(
    submission_id: PathId, slot: str, evidence_id: PathId, intake: Intake, principal: CurrentPrincipal
) -> None:
    await intake.remove_evidence(principal, submission_id, slot, evidence_id)


@router.get("/{evidence_id}", response_class=StreamingResponse, summary="下载")
async def download(evidence_id: PathId, intake: Intake, principal: CurrentPrincipal) -> StreamingResponse:
    return await attachment(intake, principal, evidence_id)


#: Types a browser shows by itself and that cannot run anything there, once found by content.
SHOWN = frozenset({"application/pdf", "image/jpeg", "image/png"})
_SANDBOX = "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'"


async def attachment(intake: Bootstrap, principal: Principal, evidence_id: UUID) -> StreamingResponse:
    """The file as an attachment: it never runs in the reader's browser."""
    row = await intake.open_evidence(principal, evidence_id)
    return await _served(intake, row, "attachment", {"Content-Security-Policy": "sandbox; default-src 'none'"})


async def preview(intake: Bootstrap, principal: Principal, evidence_id: UUID) -> StreamingResponse:
    """The file to be looked at inside a page of ours, where its type is safe to show; any other as an attachment."""
    row = await intake.open_evidence(principal, evidence_id)
    if row.media_type not in SHOWN:
        return await _served(intake, row, "attachment", {"Content-Security-Policy": "sandbox; default-src 'none'"})
    framed = {
        "Content-Security-Policy": f"{_SANDBOX}; frame-ancestors 'self'",
        "X-Frame-Options": "SAMEORIGIN",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    return await _served(intake, row, "inline", framed)


async def _served(intake: Bootstrap, row: EvidenceRow, how: str, headers: dict[str, str]) -> StreamingResponse:
    return StreamingResponse(
        await intake.evidence.open(row.sha256),
        media_type=row.media_type,
        headers={
            "Content-Disposition": _disposition(how, row.name),
            "Content-Length": str(row.size_bytes),
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
            "ETag": f'"{row.sha256}"',
            **headers,
        },
    )


def _disposition(how: str, name: str) -> str:
    """RFC 6266: an ASCII fallback and the real name, neither of which can end the header or name a path."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)[-100:]
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _declared(request: Request) -> str:
    return request.headers.get("content-type", "")


def _view(row: EvidenceRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "unit_id": row.unit_id,
        "sha256": row.sha256,
        "size_bytes": row.size_bytes,
        "media_type": row.media_type,
        "name": row.name,
        "content_hash": row.content_hash,
        "uploaded_at": row.uploaded_at,
    }
