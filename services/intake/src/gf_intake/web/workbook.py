"""Excel on the pages: the blank and the filled form to take along, and the way back into the form (DM-export)."""

import asyncio
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from gf_chassis.http import PathId
from gf_chassis.web import CheckedForm, redirect
from gf_intake.adapters.file_checks import XLSX, require_agreement
from gf_intake.adapters.refusals import refusal
from gf_intake.adapters.workbooks import MAX_BYTES, read_form, write_form
from gf_intake.domain.submissions import EDITABLE
from gf_intake.entrypoints.dependencies import Intake
from gf_intake.usecases.open_form import OpenedForm
from gf_intake.web.common import REFUSALS, message_of
from gf_intake.web.form import Shown, address, form_page, opened_form
from gf_intake.web.form_fields import fields_from
from gf_intake.web.pages import Applicant
from gf_intake.web.uploads import shown_name

router = APIRouter()
#: One workbook at a time: reading one keeps a core busy and may take some memory.
_READING = asyncio.Semaphore(1)


@router.get("/submissions/{submission_id}/form.xlsx")
async def download(person: Applicant, intake: Intake, submission_id: PathId, blank: str = "") -> Response:
    opened = await opened_form(intake, person, submission_id)
    content = {"values": []} if blank else opened.content
    data = await asyncio.to_thread(write_form, opened.rules.form, content, opened.unit.profile.name)
    name = quote(f"{opened.rules.form.title}{'（空白）' if blank else ''}.xlsx", safe="")
    headers = {"Content-Disposition": f"attachment; filename=\"form.xlsx\"; filename*=UTF-8''{name}"}
    return Response(data, media_type=XLSX, headers=headers)


@router.post("/submissions/{submission_id}/import")
async def read(
    request: Request, person: Applicant, intake: Intake, form: CheckedForm, submission_id: PathId
) -> Response:
    """读入: the form is shown with what the workbook holds; nothing is saved before the person saves it."""
    opened = await opened_form(intake, person, submission_id)
    if opened.submission.state not in EDITABLE:
        return redirect(request, address(submission_id), failed="表单已上报，不能修改。如需修改，请先取消上报。")
    file = form.get("file")
    try:
        if not isinstance(file, UploadFile) or not file.filename:
            raise refusal("请先选择文件", "no_file")
        require_agreement(shown_name(file), "", XLSX)
        content = await _read(opened, file)
    except REFUSALS as error:
        return redirect(request, f"{address(submission_id)}/edit", failed=message_of(error))
    notice = f"已读入 {len(content['values'])} 项，尚未保存，请核对后暂存。"
    seen = opened.submission.version
    return await form_page(
        request, intake, opened, Shown(fields_from(opened.rules.form, content), seen, notices=[notice])
    )


async def _read(opened: OpenedForm, file: UploadFile) -> dict[str, Any]:
    data = await file.read(MAX_BYTES + 1)
    with tempfile.TemporaryDirectory(prefix="gf-workbook-") as folder:
        path = Path(folder) / "incoming"
        path.write_bytes(data)
        async with _READING:
            return await asyncio.to_thread(read_form, opened.rules.form, path)
