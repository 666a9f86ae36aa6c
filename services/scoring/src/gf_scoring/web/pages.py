"""Pages of scoring: what people read. Everything shown comes from the same use cases as the API's answers."""

from __future__ import annotations

from dataclasses import asdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from gf_chassis import json
from gf_chassis.errors import NotFound
from gf_chassis.http import PathId
from gf_chassis.web import CheckedForm, Link, PagePrincipal, Pages, render
from gf_policy.errors import PolicyLookupError
from gf_scoring.bootstrap import Bootstrap
from gf_scoring.domain.advice import most_useful
from gf_scoring.domain.errors import DomainError, FieldProblem
from gf_scoring.domain.numbers import PLAIN
from gf_scoring.entrypoints import presenters
from gf_scoring.entrypoints.http import labels_of
from gf_scoring.usecases.try_changes import Change, advice, weigh
from gf_scoring.web import rule_pages, run_pages

HERE = Path(__file__).parent
OFFICIALS = ("reviewer", "approver", "steward", "registrar")
STATES = {"scored": "已评分", "awaits_mark": "待审核评分", "not_scorable": "未评分", "not_applicable": "不适用"}
BADGES = {"scored": "ok", "awaits_mark": "wait", "not_scorable": "warn", "not_applicable": "none"}


def pages(parts: Bootstrap) -> Pages:
    return Pages(
        "scoring",
        title="评分",
        templates=HERE / "templates",
        static=HERE / "static",
        nav=[
            Link("评分规则", "/scoring/ui/rulesets"),
            Link("行业和产品适用", "/scoring/ui/industries"),
            Link("排名", "/scoring/ui/rankings"),
            Link("试算", "/scoring/ui/rescorings", OFFICIALS),
        ],
        filters={"short": short, "percent": percent, "authority": lambda code: name_of(parts, code)},
        place=lambda person: name_of(parts, person.authority) if person.authority else "",
    )


def routers(parts: Bootstrap) -> list[APIRouter]:
    return [_sheets(parts), rule_pages.router(parts), run_pages.router(parts)]


def name_of(parts: Bootstrap, authority: str) -> str:
    return parts.book.authorities.get(authority).name if authority in parts.book.authorities else authority


def short(value: str | Decimal | None, places: int = 4) -> str:
    """A number for reading; the exact one stands in the cell's title."""
    if value in (None, ""):
        return "—"
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(part: str | None, whole: str) -> int:
    """How much of the weight was earned, for a bar: 0 to 100."""
    return int(100 * Decimal(part or 0) / Decimal(whole)) if Decimal(whole) else 0


def _sheets(parts: Bootstrap) -> APIRouter:
    ui = APIRouter()

    @ui.get("/")
    async def index(request: Request, person: PagePrincipal) -> Response:
        return render(request, "scoring_index.html")

    @ui.get("/sheets/{submission_id}")
    async def sheet(request: Request, person: PagePrincipal, submission_id: PathId, version: int = 0) -> Response:
        rows = (await parts.find_sheets(person, submission_id)).revisions
        row = next((one for one in rows if one.number == version), None) if version else rows[-1]
        if row is None:
            raise NotFound
        shown = presenters.sheet_out(row, parts.versions, labels_of(parts, row))
        steps = advice(row, parts.versions)
        others = [presenters.sheet_out(one, parts.versions) for one in rows]
        return render(
            request,
            "sheet.html",
            sheet=shown,
            row=row,
            rows=rows,
            others=others,
            steps={step.indicator: step for step in steps},
            ordered=steps,
            best=most_useful(steps),
            derivations={one.indicator: one for one in shown.derivations},
            industry=_industry(parts, shown.key_industry),
            states=STATES,
            badges=BADGES,
        )

    @ui.get("/sheets/{submission_id}/versions/{version}.json")
    async def download(person: PagePrincipal, submission_id: PathId, version: int) -> Response:
        """One revision as the API gives it: what ``greenladder score verify`` takes."""
        rows = (await parts.find_sheets(person, submission_id)).revisions
        row = next((one for one in rows if one.number == version), None)
        if row is None:
            raise NotFound
        body = presenters.sheet_out(row, parts.versions, labels_of(parts, row)).model_dump(mode="json")
        name = f"sheet-{submission_id}-{version}.json"
        return Response(
            json.dumps(body),
            media_type="application/json",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    _what_if(ui, parts)
    return ui


def _what_if(ui: APIRouter, parts: Bootstrap) -> None:
    @ui.get("/sheets/{submission_id}/what-if")
    async def ask(request: Request, person: PagePrincipal, submission_id: PathId) -> Response:
        return await _tried_page(request, parts, person, submission_id, {})

    @ui.post("/sheets/{submission_id}/what-if")
    async def tell(request: Request, person: PagePrincipal, form: CheckedForm, submission_id: PathId) -> Response:
        given = {key: str(value).strip() for key, value in form.items() if key.startswith(("v:", "m:"))}
        return await _tried_page(request, parts, person, submission_id, given)


async def _tried_page(
    request: Request, parts: Bootstrap, person: Any, submission_id: UUID, given: dict[str, str]
) -> Response:
    """The form with the values as they are, and what the changed ones would bring. Nothing is stored."""
    row = (await parts.find_sheets(person, submission_id)).revisions[-1]
    weighed = weigh(row, parts.versions)
    if weighed is None:
        raise NotFound
    labels = labels_of(parts, row)
    known = {(code, year): value for (code, year, _), value in weighed.facts.items()}
    fields: list[dict[str, Any]] = [
        {
            "name": f"v:{code}:{year}",
            "label": labels.get(code, code),
            "year": year,
            "unit": unit,
            "value": known.get((code, year)) if isinstance(known.get((code, year)), str) else "",
        }
        for code, year, unit in weighed.scorer.slots
        if unit or not isinstance(known.get((code, year)), tuple | bool)
    ]
    marks: list[dict[str, Any]] = [
        {
            "name": f"m:{one.code}",
            "label": one.name,
            "weight": f"{one.weight:f}",
            "value": weighed.marks.get(one.code, ""),
        }
        for one in weighed.scorer.indicators
        if one.formula.op == "mark"
    ]
    tried, error, wrong = None, "", ""
    if given:
        try:
            changes = _changes(given, {str(field["name"]): str(field["value"]) for field in fields})
            asked = {key[2:]: _number(key, value) for key, value in given.items() if key.startswith("m:") and value}
            tried = asdict(await parts.try_changes(person, submission_id, changes, asked))
        except DomainError as refused:
            error, wrong = refused.detail, refused.errors[0].pointer if refused.errors else ""
    for field in (*fields, *marks):
        field["given"] = given.get(str(field["name"]), field["value"])
    return render(
        request, "what_if.html", 422 if error else 200, row=row, fields=fields, marks=marks, tried=tried, error=error,
        wrong=wrong, states=STATES,
    )  # fmt: skip


def _changes(given: dict[str, str], before: dict[str, str]) -> list[Change]:
    """Only what differs from the form as it was admitted."""
    found: list[Change] = []
    for name, value in given.items():
        if name.startswith("v:") and name in before and value != before[name] and value:
            _, code, year = name.split(":")
            found.append(Change(code, int(year) or None, _number(name, value)))
    return found


def _number(name: str, value: str) -> str:

    if not PLAIN.fullmatch(value):
        detail = f"“{value[:30]}”不是数值，请填写十进制数，例如 1234.5。"
        raise DomainError("not_a_number", detail, errors=[FieldProblem(name, "not_a_number", detail)])
    return value


def _industry(parts: Bootstrap, code: str) -> str:
    try:
        return parts.book.industries.key(code).name if code else ""
    except PolicyLookupError:
        return code
