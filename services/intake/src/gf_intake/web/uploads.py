"""佐证材料 on the pages: several files per slot, refused in words, removed again."""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field, TypeAdapter, ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import Response

from gf_chassis.forms import text
from gf_chassis.http import PathId
from gf_chassis.identity import Principal
from gf_chassis.json import CleanText
from gf_chassis.web import CheckedForm, act_answer
from gf_intake.bootstrap import Bootstrap
from gf_intake.domain.errors import EvidenceRefused, FieldError
from gf_intake.entrypoints.dependencies import Intake
from gf_intake.web.common import REFUSALS, code_of, message_of, status_of
from gf_intake.web.pages import Applicant

router = APIRouter()
_CHUNK = 256 * 1024
_NAME: TypeAdapter[str] = TypeAdapter(Annotated[CleanText, Field(min_length=1, max_length=200)])
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


@router.post("/submissions/{submission_id}/files/{slot}")
async def upload(
    request: Request, person: Applicant, intake: Intake, form: CheckedForm, submission_id: PathId, slot: str
) -> Response:
    """One or several files into a slot; the first that is refused says why, those before it stay."""
    target = f"/intake/ui/submissions/{submission_id}" + ("" if text(form, "from") == "view" else "/edit")
    printed = text(form, "content_hash")
    files = [file for file in form.getlist("file") if isinstance(file, UploadFile) and file.filename]
    try:
        if not files:
            raise EvidenceRefused("请先选择文件。", code="no_file", errors=(FieldError("", "no_file", "请先选择文件"),))
        for file in files:
            await store(intake, person, submission_id, slot, file, printed if _HASH.fullmatch(printed) else None)
    except REFUSALS as error:
        told = message_of(error)
        return act_answer(
            request, target, failed=told, status=status_of(error), code=code_of(error), fields=[("file", told)]
        )
    return act_answer(request, f"{target}#slot-{slot}", done=f"已上传 {len(files)} 个文件。")


@router.post("/submissions/{submission_id}/files/{slot}/{evidence_id}/remove")
async def remove(
    request: Request,
    person: Applicant,
    intake: Intake,
    form: CheckedForm,
    submission_id: PathId,
    slot: str,
    evidence_id: PathId,
) -> Response:
    target = f"/intake/ui/submissions/{submission_id}" + ("" if text(form, "from") == "view" else "/edit")
    try:
        await intake.remove_evidence(person, submission_id, slot, evidence_id)
    except REFUSALS as error:
        return act_answer(request, target, failed=message_of(error), status=status_of(error), code=code_of(error))
    return act_answer(request, f"{target}#slot-{slot}", done="已移除文件。")


async def store_posted(
    intake: Bootstrap, person: Principal, submission_id: UUID, files: Sequence[tuple[str, UploadFile]]
) -> list[str]:
    """Files that came with the form (`file:<slot>`); what was refused, in words."""
    refused = []
    for name, file in files:
        try:
            await store(intake, person, submission_id, name.removeprefix("file:"), file, None)
        except REFUSALS as error:
            refused.append(f"{shown_name(file)}：{message_of(error)}")
    return refused


async def store(
    intake: Bootstrap, person: Principal, submission_id: UUID, slot: str, file: UploadFile, printed_from: str | None
) -> None:
    """One file through the same checks as the API."""
    try:
        name = _NAME.validate_python(shown_name(file))
    except ValidationError:
        raise EvidenceRefused("文件名过长（最多 200 字）或含有控制字符，请改名后上传。", code="file_name") from None
    declared = file.content_type or ""
    await intake.store_evidence.for_slot(
        person, submission_id, slot, name, _chunks(file), declared=declared, printed_from=printed_from
    )


def shown_name(file: UploadFile) -> str:
    """The name without any folder: some browsers send the whole path, and some senders a path of their choice."""
    return (file.filename or "").replace("\\", "/").rpartition("/")[2].strip()


async def _chunks(file: UploadFile) -> AsyncIterator[bytes]:
    while chunk := await file.read(_CHUNK):
        yield chunk
