"""填写表单: the form with drafts, live checks, evidence; what is typed is never lost.

Refused, stale or signed out: the page comes back with what was typed. Only 暂存 and 验证并保存 write; a check and a
restored page do not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import JSONResponse, Response

from gf_chassis import json
from gf_chassis.errors import Forbidden, Stale
from gf_chassis.forms import version_seen
from gf_chassis.http import PathId
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.login import Session
from gf_chassis.web import CheckedForm, Pages, checked_form, redirect, render
from gf_intake.bootstrap import Bootstrap
from gf_intake.domain.content import hash_of
from gf_intake.domain.errors import DomainError, FormInvalid
from gf_intake.domain.submissions import EDITABLE, SubmissionState
from gf_intake.entrypoints.dependencies import Intake
from gf_intake.usecases.open_form import OpenedForm, closed_because, open_form
from gf_intake.web import words
from gf_intake.web.common import REFUSALS, code_of, message_of, require_same_site, status_of
from gf_intake.web.form_fields import (
    Difference,
    Fields,
    Posted,
    differences,
    fields_from,
    fields_of,
    posted,
    sections_of,
)
from gf_intake.web.pages import Applicant
from gf_intake.web.uploads import store_posted
from gf_policy.forms import Form
from gf_policy.model import Checked, Problem
from gf_policy.words import CATEGORIES

router = APIRouter()


@dataclass(frozen=True, slots=True)
class Shown:
    """How the page is to come back, beside the fields."""

    fields: Fields
    seen: int
    message: str = ""
    changes: Sequence[Difference] = ()
    status: int = 200
    strict: bool = False  # whether what is missing is an error already
    notices: Sequence[str] = field(default_factory=tuple)


@router.get("/submissions/{submission_id}/edit")
async def edit(request: Request, person: Applicant, intake: Intake, submission_id: PathId) -> Response:
    opened = await opened_form(intake, person, submission_id)
    if opened.submission.state not in EDITABLE:
        return redirect(request, address(submission_id), failed="表单已上报，不能修改。如需修改，请先取消上报。")
    shown = Shown(fields_from(opened.rules.form, opened.content), opened.submission.version)
    return await form_page(request, intake, opened, shown)


@router.post("/submissions/{submission_id}/edit")
async def save(request: Request, intake: Intake, submission_id: PathId) -> Response:
    """暂存 or 验证并保存, and the files that were chosen. Without a session nothing is written and nothing lost."""
    session = _session(request)
    if session is None:
        return await _give_back(request, submission_id, 401)
    person = session.principal.require("applicant")
    try:
        form = await checked_form(request, session)
    except Forbidden as error:
        if error.code != "csrf":
            raise
        return await _give_back(request, submission_id, 403)
    fields, verify = fields_of(form), form.get("act") == "verify"
    opened = await opened_form(intake, person, submission_id)
    typed = posted(opened.rules.form, fields)
    try:
        seen = version_seen(form)
        view = await intake.save_draft(person, submission_id, typed.content, seen, verify=verify, once=Once())
    except FormInvalid as error:
        return await _refused(request, intake, person, opened, fields, typed, seen, error, verify=verify)
    except Stale:
        return await _stale(request, intake, person, submission_id, fields, typed)
    except REFUSALS as error:
        shown = Shown(fields, opened.submission.version, message_of(error), status=status_of(error))
        return await form_page(request, intake, opened, shown)
    files = [(name, file) for name, file in form.multi_items() if isinstance(file, UploadFile) and file.filename]
    refused = await store_posted(intake, person, submission_id, files)
    if refused:
        opened = await opened_form(intake, person, submission_id)
        shown = Shown(fields, view["version"], "表单已保存，但有文件未能上传。", status=422, notices=refused)
        return await form_page(request, intake, opened, shown)
    if verify:
        return redirect(request, address(submission_id), done="已通过验证并保存。请打印、签字盖章，上传扫描件后上报。")
    return redirect(request, f"{address(submission_id)}/edit", done="已暂存。")


@router.post("/submissions/{submission_id}/restore")
async def restore(request: Request, person: Applicant, intake: Intake, submission_id: PathId) -> Response:
    """The page with what was typed before the session ended. Writes nothing, so it needs no form token."""
    require_same_site(request)
    form = await request.form()
    opened = await opened_form(intake, person, submission_id)
    fields = fields_of(form)
    seen = form.get("seen")
    now = opened.submission.version
    notice = "已恢复您填写的内容，尚未保存，请核对后暂存。"
    if seen != str(now):
        return await _stale(request, intake, person, submission_id, fields, posted(opened.rules.form, fields))
    return await form_page(request, intake, opened, Shown(fields, now, notices=[notice]))


@router.post("/submissions/{submission_id}/check")
async def check(
    request: Request, person: Applicant, intake: Intake, form: CheckedForm, submission_id: PathId
) -> Response:
    """What 验证 would say, field by field. Nothing is stored."""
    opened = await opened_form(intake, person, submission_id)
    typed = posted(opened.rules.form, fields_of(form))
    return JSONResponse(_findings(opened, typed, opened.rules.form.check(typed.content)))


@router.post("/submissions/{submission_id}/autosave")
async def autosave(
    request: Request, person: Applicant, intake: Intake, form: CheckedForm, submission_id: PathId
) -> Response:
    """暂存 by the page itself. The same content again changes nothing: not the version, not a verified state."""
    opened = await opened_form(intake, person, submission_id)
    typed = posted(opened.rules.form, fields_of(form))
    seen = version_seen(form)
    if seen == opened.submission.version and hash_of(json.canonical(typed.content)) == opened.submission.content_hash:
        return JSONResponse({"version": seen, "saved": False})
    try:
        view = await intake.save_draft(person, submission_id, typed.content, seen, verify=False, once=Once())
    except Stale:
        changed = [
            f"{one.label}：已保存的是“{one.stored}”，您填写的是“{one.typed}”" for one in _differences(opened, typed)
        ]
        body = {"code": "stale", "version": opened.submission.version, "changed": changed}
        return JSONResponse({**body, "detail": "这份表单已在其他窗口或由同事修改。您填写的内容仍在本页。"}, 412)
    except FormInvalid as error:
        checked = opened.rules.form.check(typed.content, strict=False)
        return JSONResponse({"code": code_of(error), "errors": _placed(checked.errors, typed)}, 422)
    except DomainError as error:
        return JSONResponse({"code": code_of(error), "detail": message_of(error)}, status_of(error))
    return JSONResponse({"version": view["version"], "saved": True})


# --- answers ----------------------------------------------------------------------------------------------------------


async def _refused(
    request: Request,
    intake: Bootstrap,
    person: Principal,
    opened: OpenedForm,
    fields: Fields,
    typed: Posted,
    seen: int,
    error: FormInvalid,
    *,
    verify: bool,
) -> Response:
    """Not verified, but kept as a draft where its shape allows; each error at its field."""
    message, version = message_of(error), seen
    if verify:
        try:
            view = await intake.save_draft(person, opened.submission.id, typed.content, seen, verify=False, once=Once())
            version, message = view["version"], f"未通过验证，内容已暂存。{message}"
        except FormInvalid:
            message = f"未通过验证，内容也未能暂存，请先改正格式。{message}"
        opened = await opened_form(intake, person, opened.submission.id)
    return await form_page(request, intake, opened, Shown(fields, version, message, status=422, strict=verify))


async def _stale(
    request: Request, intake: Bootstrap, person: Principal, submission_id: UUID, fields: Fields, typed: Posted
) -> Response:
    """Somebody was faster: what differs, and the own text in the fields. Saving again is then a decision."""
    opened = await opened_form(intake, person, submission_id)
    message = (
        "这份表单在您打开之后已被修改（其他窗口或同事）。您填写的内容仍在下面，尚未保存。"
        "请对照不同之处；再次保存将以本页内容为准。"
    )
    shown = Shown(fields, opened.submission.version, message, changes=_differences(opened, typed), status=412)
    return await form_page(request, intake, opened, shown)


def _differences(opened: OpenedForm, typed: Posted) -> list[Difference]:
    return differences(opened.rules.form, opened.content, typed.content)


async def form_page(request: Request, intake: Bootstrap, opened: OpenedForm, shown: Shown) -> Response:
    form = opened.rules.form
    typed = posted(form, shown.fields)
    checked = form.check(typed.content)
    files = files_by_slot(opened)
    beside = {row.evidence for row in form.rows if row.evidence}
    async with intake.database.reading() as session:
        now = await intake.database.now(session)
    in_correction = opened.submission.term_ends_at is not None
    return render(
        request,
        "form.html",
        shown.status,
        opened=opened,
        submission=opened.submission,
        form=form,
        address=address(opened.submission.id),
        category=CATEGORIES.get(form.category, form.category),
        sections=sections_of(form, shown.fields, checked.facts),
        note=(shown.fields.get("note") or [""])[0],
        shown=shown,
        errors=_placed([one for one in checked.errors if shown.strict or one.code != "required"], typed),
        warnings=_placed(checked.warnings, typed),
        left=sum(one.code == "required" for one in checked.errors),
        files=files,
        other_slots=[slot for slot in form.evidence_slots if slot.code not in beside and slot.at != "submit"],
        missing={one.pointer.rpartition("/")[2]: one.message for one in opened.missing},
        correction=correction_of(opened),
        findings=findings_of(opened),
        closed=closed_because(opened.campaign, opened.window, now, in_correction=in_correction),
        max_bytes=intake.settings.evidence_max_bytes,
        verified=opened.submission.state is SubmissionState.VERIFIED,
    )


def _findings(opened: OpenedForm, typed: Posted, checked: Checked) -> dict[str, Any]:
    """For the page's script: the same as the page itself shows."""
    fields = fields_from(opened.rules.form, typed.content)
    converted = {
        cell.name: cell.converted
        for section in sections_of(opened.rules.form, fields, checked.facts)
        for cells in [row.cells for row in section.rows] + [one.cells for one in section.products]
        for cell in cells
        if cell.row.units
    }
    return {
        "errors": _placed([one for one in checked.errors if one.code != "required"], typed),
        "warnings": _placed(checked.warnings, typed),
        "left": sum(one.code == "required" for one in checked.errors),
        "converted": converted,
    }


def _placed(problems: Sequence[Problem], typed: Posted) -> dict[str, list[str]]:
    placed: dict[str, list[str]] = {}
    for one in problems:
        told = placed.setdefault(typed.place_of(one), [])
        if one.message not in told:
            told.append(one.message)
    return placed


# --- what several pages show of a form -----------------------------------------------------------------------------


def address(submission_id: UUID) -> str:
    return f"/intake/ui/submissions/{submission_id}"


def files_by_slot(opened: OpenedForm) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for one in opened.view["evidence"]:
        found.setdefault(one["slot"], []).append(one)
    return found


def correction_of(opened: OpenedForm) -> dict[str, Any] | None:
    """退回修改: reason and term."""
    found = opened.view.get("correction")
    if not found:
        return None
    return {**found, "term": words.instant(found["term_ends_at"])}


def findings_of(opened: OpenedForm) -> dict[str, list[str]]:
    """What the authority found, by row: the pointer is into the content it saw, which is the content of that round."""
    found = opened.view.get("correction")
    if not found:
        return {}
    return findings_by_row(opened.rules.form, opened.returned or opened.content, found["findings"])


def findings_by_row(
    form: Form, content: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]
) -> dict[str, list[str]]:
    values = content.get("values", ())
    labels = {row.code: row.label for row in form.rows}
    placed: dict[str, list[str]] = {}
    for one in findings:
        if one.get("ok"):
            continue
        parts = str(one.get("pointer", "")).split("/")
        code = ""
        if len(parts) > 2 and parts[1] == "values" and parts[2].isdigit() and int(parts[2]) < len(values):
            code = str(values[int(parts[2])].get("code", ""))
        elif len(parts) > 2 and parts[1] in ("facts", "evidence"):
            code = parts[2]
        placed.setdefault(code if code in labels else "", []).append(str(one.get("note") or "请核对此项"))
    return placed


async def opened_form(intake: Bootstrap, person: Principal, submission_id: UUID) -> OpenedForm:
    async with intake.database.reading() as session:
        return await open_form(session, person, intake.policies, submission_id)


# --- without a session -------------------------------------------------------------------------------------------


def _session(request: Request) -> Session | None:
    pages: Pages = request.app.state.pages
    return pages.login.session(request)


async def _give_back(request: Request, submission_id: UUID, status: int) -> Response:
    """The sign-in is over, or another one began: what was typed goes back to the browser, to be restored."""
    require_same_site(request)
    fields = fields_of(await request.form())
    return render(request, "expired.html", status, address=address(submission_id), fields=fields)
