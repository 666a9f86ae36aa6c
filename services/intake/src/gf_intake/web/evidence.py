"""/intake/ui/evidence: a file on a page; a browser has a session, not a token. The same authorisation as the API."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from gf_chassis.http import PathId
from gf_chassis.web import PagePrincipal
from gf_intake.entrypoints.dependencies import Intake
from gf_intake.entrypoints.evidence import attachment, preview

router = APIRouter()


@router.get("/evidence/{evidence_id}", response_class=StreamingResponse)
async def download(evidence_id: PathId, intake: Intake, person: PagePrincipal) -> StreamingResponse:
    """下载."""
    return await attachment(intake, person, evidence_id)


@router.get("/evidence/{evidence_id}/view", response_class=StreamingResponse)
async def view(evidence_id: PathId, intake: Intake, person: PagePrincipal) -> StreamingResponse:
    """预览: PDF, JPG and PNG inside a frame or a new tab, sandboxed; what a browser cannot show is downloaded."""
    return await preview(intake, person, evidence_id)
