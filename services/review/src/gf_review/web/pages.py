"""The page of a case. Each act posts a form and comes back; queue, batches and publicity have files of their own."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation, localcontext
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from gf_chassis.http import PathId
from gf_chassis.identity import Principal
from gf_chassis.web import CheckedForm, Link, PagePrincipal, Pages, render
from gf_review.domain.instants import until
from gf_review.entrypoints.common import UseCases, known_official
from gf_review.web.case_forms import CaseActs
from gf_review.web.forms import carried_out, new_key

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


def pages() -> Pages:
    return Pages(
        "review",
        title="审核工作台",
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
            "until": shown_until,
            "value": short_value,
        },
    )


def short_points(value: str | None) -> str:
    """Points for reading; the exact value is in the sheet's line."""
    return "—" if value in (None, "") else f"{Decimal(str(value)).quantize(Decimal('0.01')).normalize():f}"


def short_value(value: str | None) -> str:
    """Six significant digits for reading; the exact value is the cell's title."""
    if value in (None, ""):
        return "—"
    try:
        exact = Decimal(str(value))
    except InvalidOperation:
        return str(value)
    with localcontext() as context:
        context.prec = 6
        context.rounding = ROUND_HALF_UP
        rounded = +exact
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown_until(closing: datetime | None) -> str:
    return until(closing) if closing else ""


async def page_official(person: PagePrincipal, review: UseCases) -> Principal:
    return await known_official(person, review)


Official = Annotated[Principal, Depends(page_official)]


@ui.get("/cases/{submission_id}")
async def case(request: Request, person: Official, review: UseCases, submission_id: PathId) -> Response:
    found = await review.queries.case(person.authority, str(submission_id))
    mine = found["mine"]
    days = mine["correction_days"] if mine else 10
    today = review.runtime.clock.today()
    return render(
        request,
        "case.html",
        case=found,
        mine=mine,
        acting=bool(mine and mine["active"]),
        may_decide=person.has("approver"),
        rows=_rows(found["content"]["values"]),
        years=_years(found["content"]["values"]),
        labels={fact["code"]: fact["label"] for fact in found["content"]["values"]},
        items={item["code"]: item["label"] for stage in found["stages"] for item in stage["checklist"]},
        marks={one["indicator"]: one for one in found["records"]["marks"]},
        key=new_key(),
        today=today,
        term=today + timedelta(days=days),
        intake=review.settings.intake_url,
    )


def _years(values: list[dict[str, Any]]) -> list[int]:
    return sorted({fact["year"] for fact in values if fact["year"] is not None})


def _rows(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Form values with one line per code and product, years side by side."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for fact in values:
        row = rows.setdefault(
            (fact["code"], fact["product"]),
            {"code": fact["code"], "label": fact["label"], "product": fact["product"], "unit": fact["unit"], "of": {}},
        )
        row["of"][fact["year"]] = fact["shown"]
    return list(rows.values())


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
    target = f"/review/ui/cases/{submission_id}"
    found = acts.named(act)
    return await carried_out(request, target, found[0], found[1])
