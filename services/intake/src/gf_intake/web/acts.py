"""查看表单, and what its owner does with it: 上报, 取消上报, 删除, 放弃; the print that is signed and sealed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gf_chassis.clock import SHANGHAI
from gf_chassis.forms import new_key, text, version_seen
from gf_chassis.http import PathId
from gf_chassis.web import CheckedForm, act_answer, render
from gf_intake.adapters.policies import Policies
from gf_intake.domain.submissions import LABELS, SubmissionState
from gf_intake.entrypoints.dependencies import Intake
from gf_intake.entrypoints.schemas import ReasonIn
from gf_intake.entrypoints.submissions import answered
from gf_intake.usecases.open_form import OpenedForm, closed_because, foreseen, open_form
from gf_intake.usecases.read_submissions import submission_history
from gf_intake.web import words
from gf_intake.web.campaigns import way_views
from gf_intake.web.common import REFUSALS, once_of, parsed, refused
from gf_intake.web.form import address, correction_of, files_by_slot, findings_by_row
from gf_intake.web.form_fields import SectionView, fields_from, posted, sections_of, spoken
from gf_intake.web.lists import level_views
from gf_intake.web.pages import HOME, Applicant
from gf_policy.words import CATEGORIES

router = APIRouter()
BEFORE = (SubmissionState.DRAFT, SubmissionState.VERIFIED)
#: Which rule's rows are the promise that is signed (真实性承诺): marked in the form's data.
PROMISE = "DM-export"


@router.get("/submissions/{submission_id}")
async def view(request: Request, person: Applicant, intake: Intake, submission_id: PathId) -> Response:
    async with intake.database.reading() as session:
        opened = await open_form(session, person, intake.policies, submission_id)
        record = await submission_history(session, person, intake.policies, submission_id)
        now = await intake.database.now(session)
    submission, form = opened.submission, opened.rules.form
    before = submission.state in BEFORE
    levels = level_views(opened.view["levels"], intake.policies)
    return render(
        request,
        "submission.html",
        opened=opened,
        submission=submission,
        form=form,
        address=address(submission_id),
        category=CATEGORIES.get(form.category, form.category),
        state=(LABELS[submission.state], words.STATE_KINDS.get(submission.state, "none")),
        outcome=words.OUTCOMES.get(submission.outcome, ""),
        levels=levels,
        way=way_views(opened.way, intake.policies),
        sections=content_views(opened),
        note=opened.content.get("note", ""),
        warnings=_warnings(opened),
        files=files_by_slot(opened),
        correction=correction_of(opened),
        findings=_findings(opened),
        grounds=_grounds(opened, now) if before else [],
        reminders=foreseen(opened, now.astimezone(SHANGHAI).date())[1] if before else [],
        late_slots=[slot for slot in form.evidence_slots if slot.at == "submit"],
        superior=words.authority_name(intake.policies, opened.unit.profile.superior),
        record=[_recorded(row, intake.policies) for row in reversed(record)],
        key=new_key(),
        before=before,
        voided=_voided(opened),
    )


@router.post("/submissions/{submission_id}/submit")
async def submit(
    request: Request, person: Applicant, intake: Intake, form: CheckedForm, submission_id: PathId
) -> Response:
    here = address(submission_id)
    try:
        done = await intake.submit_submission(person, submission_id, version_seen(form), once_of(request, person, form))
    except REFUSALS as error:
        return refused(request, here, error)
    return act_answer(request, here, done=f"已上报，编号 {done['number']}。各级审核状态见本页。")


@router.post("/submissions/{submission_id}/withdraw")
async def withdraw(
    request: Request, person: Applicant, intake: Intake, form: CheckedForm, submission_id: PathId
) -> Response:
    """取消上报: review answers, usually at once."""
    here = address(submission_id)
    try:
        reason = parsed(ReasonIn, {"reason": text(form, "reason")}, {"reason": "取消原因"}).reason
        asked = await intake.request_withdrawal(person, submission_id, reason, once_of(request, person, form))
    except REFUSALS as error:
        return refused(request, here, error)
    now = await answered(intake, submission_id, asked)
    if now["state"] == "draft":
        return act_answer(request, here, done="已取消上报，内容已保留。修改后须重新验证、打印、盖章、上传并上报。")
    if now["state"] == "submitted":
        return act_answer(
            request, here, failed="取消上报未获同意：上级主管部门已作出决定。", status=409, code="refused"
        )
    return act_answer(request, here, done="已申请取消上报，正等待审核系统答复，请稍后刷新本页。")


@router.post("/submissions/{submission_id}/delete")
async def delete(
    request: Request, person: Applicant, intake: Intake, form: CheckedForm, submission_id: PathId
) -> Response:
    try:
        await intake.delete_draft(person, submission_id, version_seen(form))
    except REFUSALS as error:
        return refused(request, address(submission_id), error)
    return act_answer(request, HOME, done="表单已删除。")


@router.post("/submissions/{submission_id}/drop")
async def drop(
    request: Request, person: Applicant, intake: Intake, form: CheckedForm, submission_id: PathId
) -> Response:
    here = address(submission_id)
    try:
        reason = parsed(ReasonIn, {"reason": text(form, "reason")}, {"reason": "放弃原因"}).reason
        await intake.give_up(person, submission_id, reason, once_of(request, person, form))
    except REFUSALS as error:
        return refused(request, here, error)
    return act_answer(request, here, done="已放弃本次申报。")


@router.get("/submissions/{submission_id}/print")
async def printed(request: Request, person: Applicant, intake: Intake, submission_id: PathId) -> Response:
    """The form on paper, with the promise of truthfulness and the places for signature and seal (DM-export)."""
    async with intake.database.reading() as session:
        opened = await open_form(session, person, intake.policies, submission_id)
    return render(
        request,
        "print.html",
        opened=opened,
        submission=opened.submission,
        form=opened.rules.form,
        address=address(submission_id),
        category=CATEGORIES.get(opened.rules.form.category, opened.rules.form.category),
        superior=words.authority_name(intake.policies, opened.unit.profile.superior),
        sections=content_views(opened),
        note=opened.content.get("note", ""),
        promises=[row.label for row in opened.rules.form.rows if row.rule == PROMISE and row.must_be],
        final=opened.submission.state is not SubmissionState.DRAFT,
        industries=[
            (code, intake.policies.book.industries.name(code))
            for code in opened.unit.profile.industries
            if intake.policies.book.industries.exists(code)
        ],
    )


def content_views(opened: OpenedForm) -> list[dict[str, Any]]:
    """The filled form as text: sections, rows, one text per year."""
    form = opened.rules.form
    fields = fields_from(form, opened.content)
    typed = posted(form, fields)
    items = dict(zip(typed.names, typed.content["values"], strict=True))
    return [_section(section, items) for section in sections_of(form, fields, opened.checked.facts)]


def _section(section: SectionView, items: dict[str, Any]) -> dict[str, Any]:
    years = sorted({cell.year for row in section.rows for cell in row.cells if cell.year})

    def said(cell: Any) -> dict[str, Any]:
        item = items.get(cell.name)
        plain = {key: value for key, value in item.items() if key != "note"} if item else None
        return {"year": cell.year, "text": spoken(cell.row, plain), "converted": cell.converted, "cell": cell}

    rows = [
        {
            "row": one.row,
            "cells": [said(cell) for cell in one.cells],
            "note": one.note or "；".join(cell.note for cell in one.cells if cell.note),
        }
        for one in section.rows
    ]
    products = [
        {"product": one.product, "note": one.note, "cells": [said(cell) for cell in one.cells]}
        for one in section.products
        if one.product
    ]
    return {
        "code": section.code,
        "label": section.label,
        "years": years,
        "rows": rows,
        "products": products,
        "product_rows": section.product_rows,
    }


def _grounds(opened: OpenedForm, now: datetime) -> Sequence[tuple[bool, str]]:
    """What 上报 asks for, and whether it is met."""
    in_correction = opened.submission.term_ends_at is not None
    closed = closed_because(opened.campaign, opened.window, now, in_correction=in_correction)
    if opened.submission.term_is_over(now):
        closed = "退回修改的期限已过，不能再上报。"
    verified = opened.submission.state is SubmissionState.VERIFIED
    grounds = [(verified, "表单已通过验证" if verified else "表单尚未通过验证，请先“验证并保存”")]
    refused, _ = foreseen(opened, now.astimezone(SHANGHAI).date())
    grounds += [(False, text) for text in refused]
    if not opened.missing:
        grounds.append((True, "佐证材料和盖章扫描件齐全"))
    grounds.append((not closed, closed or "在申报时间内"))
    return grounds


def _voided(opened: OpenedForm) -> dict[str, list[str]]:
    """Scans of another content, by slot."""
    voided: dict[str, list[str]] = {}
    for ref in opened.evidence:
        if ref.content_hash is not None and ref.content_hash != opened.submission.content_hash:
            voided.setdefault(ref.slot, []).append(ref.id)
    return voided


def _warnings(opened: OpenedForm) -> dict[str, list[str]]:
    placed: dict[str, list[str]] = {}
    for one in opened.checked.warnings:
        placed.setdefault(one.field, []).append(one.message)
    return placed


def _findings(opened: OpenedForm) -> dict[str, list[str]]:
    found = opened.view.get("correction")
    return findings_by_row(opened.rules.form, opened.returned or opened.content, found["findings"]) if found else {}


def _recorded(row: dict[str, Any], policies: Policies) -> dict[str, Any]:
    return {
        "at": words.instant(row["at"]),
        "act": words.ACTS.get(row["type"], row["type"]),
        "by": words.authority_name(policies, row["authority"]),
        "reason": row["reason"],
        "minor": row["type"] in ("DraftSaved", "EvidenceAttached", "EvidenceRemoved"),
        "round": row["data"].get("round"),
    }
