"""The page of a case. Each act posts a form and comes back; queue, batches and publicity have files of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from gf_chassis.errors import Rejected
from gf_chassis.forms import new_key, text
from gf_chassis.http import PathId
from gf_chassis.identity import Principal
from gf_chassis.middleware import CSP
from gf_chassis.web import CheckedForm, Link, PagePrincipal, Pages, render
from gf_review.adapters.derivation import BRANCHES, short
from gf_review.domain.decisions import Seen
from gf_review.entrypoints.common import UseCases, known_official, parse_seen
from gf_review.web import case_page
from gf_review.web.case_forms import CaseActs
from gf_review.web.forms import carried_out

HERE = Path(__file__).parent
ui = APIRouter()

BADGES = {
    "not_applicable": "none",
    "not_started": "none",
    "in_review": "wait",
    "passed": "ok",
    "returned": "warn",
    "refused": "bad",
}
#: After an act on record one goes on where one was.
RETURN_TO = {
    "findings": "#act-findings",
    "marks": "#act-marks",
    "industry": "#act-industry",
    "consult": "#act-consult",
    "consult-answer": "#act-consult",
    "expert": "#act-expert",
    "reason": "#act-reason",
    "document": "#act-document",
}


def pages(authority_name: Callable[[str], str]) -> Pages:
    return Pages(
        "review",
        title="审核工作台",
        place=lambda person: authority_name(person.authority or ""),
        templates=HERE / "templates",
        static=HERE / "static",
        nav=[
            Link("待办案件", "/review/ui/"),
            Link("推荐批次", "/review/ui/batches"),
            Link("公示", "/review/ui/publicities"),
        ],
        filters={
            "badge_of": lambda state: BADGES.get(state, "none"),
            "short": short_points,
            "value": short,
        },
    )


def short_points(value: str | None) -> str:
    """Points for reading; the exact value is in the sheet's line."""
    return "—" if value in (None, "") else f"{Decimal(str(value)).quantize(Decimal('0.01')).normalize():f}"


async def page_official(person: PagePrincipal, review: UseCases) -> Principal:
    return await known_official(person, review)


Official = Annotated[Principal, Depends(page_official)]


@ui.get("/cases/{submission_id}")
async def case(
    request: Request, person: Official, review: UseCases, submission_id: PathId, since: str = ""
) -> Response:
    found = await review.queries.case(person.authority, str(submission_id))
    mine, content, records = found["mine"], found["content"], found["records"]
    now = review.runtime.clock.now()
    my_stage = mine["stage_no"] if mine else 0
    field_findings = [one for one in records["findings"] if one["pointer"]]
    response = render(
        request,
        "case.html",
        case=found,
        mine=mine,
        acting=bool(mine and mine["active"]),
        may_decide=person.has("approver"),
        steps=case_page.steps(found["stages"]),
        rows=case_page.form_rows(content, field_findings),
        years=_years(content["values"]),
        places=case_page.places(content),
        place_name=lambda pointer: case_page.place_name(pointer, content),
        items={item["code"]: item["label"] for stage in found["stages"] for item in stage["checklist"]},
        marks={one["indicator"]: one for one in records["marks"]},
        to_mark=[one for one in found["sheet"]["lines"] if _is_marked(one)] if found["sheet"] else [],
        to_correct=_to_correct(field_findings, my_stage),
        since=case_page.since(found, _seen_before(since)),
        rounds=case_page.rounds(found),
        minor=case_page.MINOR,
        forms=case_page.FORMS,
        branches=BRANCHES,
        days_left=case_page.days_left(mine["closes_at"], now) if mine else None,
        key=new_key(),
        today=review.runtime.clock.today(),
        term=review.runtime.clock.today() + timedelta(days=mine["correction_days"] if mine else 10),
        intake=review.settings.intake_url,
    )
    # Evidence is previewed in a frame of intake's, at the same address.
    response.headers["Content-Security-Policy"] = f"{CSP}; frame-src 'self' {review.settings.intake_url}".rstrip()
    return response


def _is_marked(line: dict[str, Any]) -> bool:
    """A qualitative line: waits for a mark or has one."""
    return bool(line["state"] == "awaits_mark" or line["branch"] == "mark")


def _seen_before(value: str) -> Seen | None:
    try:
        return parse_seen(value) if value else None
    except Rejected:
        return None


def _to_correct(findings: Sequence[dict[str, Any]], stage_no: int) -> list[dict[str, Any]]:
    """The fields with which this level found something wrong, by its last word on each."""
    last = {one["pointer"]: one for one in findings if one["stage_no"] == stage_no}
    return [one for one in last.values() if not one["ok"]]


def _years(values: list[dict[str, Any]]) -> list[int]:
    return sorted({fact["year"] for fact in values if fact["year"] is not None})


@ui.get("/documents/{document_id}")
async def document(person: Official, review: UseCases, document_id: PathId) -> Response:
    found = await review.queries.document(person.authority, str(document_id))
    return Response(
        await review.files.get(found["sha256"]),
        media_type=found["media_type"],
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(found['name'])}"},
    )


@ui.post("/cases/{submission_id}/{stage_no}/{act}")
async def act_on_case(
    request: Request,
    person: Official,
    form: CheckedForm,
    review: UseCases,
    submission_id: PathId,
    stage_no: int,
    act: str,
) -> Response:
    acts = CaseActs(review, person, str(submission_id), stage_no, form, request)
    page = f"/review/ui/cases/{submission_id}"
    done, carry_out = acts.named(act)
    seen = text(form, "seen")

    async def changed() -> tuple[str, Sequence[str]]:
        now = await review.queries.case(person.authority, str(submission_id))
        return f"{page}?since={quote(seen)}", case_page.since(now, _seen_before(seen))

    return await carried_out(
        request, page + RETURN_TO.get(act, ""), done, carry_out, places=acts.places, changed=changed
    )
