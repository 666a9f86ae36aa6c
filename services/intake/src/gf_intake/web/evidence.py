"""/intake/ui/evidence: the link to a file on a reviewers' page; a browser has a session, not a token."""

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from gf_chassis.http import PathId
from gf_chassis.web import PagePrincipal
from gf_intake.entrypoints.dependencies import Intake
from gf_intake.entrypoints.evidence import attachment

router = APIRouter()


@router.get("/evidence/{evidence_id}", response_class=StreamingResponse)
async def download(evidence_id: PathId, intake: Intake, person: PagePrincipal) -> StreamingResponse:
    """The same authorisation as the API."""
    return await attachment(intake, person, evidence_id)
