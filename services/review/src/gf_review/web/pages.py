"""Pages of the desk: queue, case, batches, publicity. Each act posts a form and comes back to the page."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from gf_chassis.errors import NotFound
from gf_chassis.http import PathId, decode_cursor, encode_cursor
from gf_chassis.identity import Principal
from gf_chassis.web import CheckedForm, Link, PagePrincipal, Pages, render
from gf_review.adapters.policy import SHANGHAI
from gf_review.adapters.queries import QueueFilter
from gf_review.bootstrap import Bootstrap
from gf_review.domain.decisions import Seen
from gf_review.entrypoints import schemas
from gf_review.entrypoints.common import UseCases, parse_seen, require_official
from gf_review.usecases.acting import Done
from gf_review.usecases.decide_stage import Cancel, Decision, Pass, Refuse, Return
from gf_review.usecases.record_findings import FindingDraft
from gf_review.usecases.record_marks import MarkDraft
from gf_review.web.forms import carried_out, new_key, once_of, parsed, text, uploaded

HERE = Path(__file__).parent
ui = APIRouter()

VIEWS = {
    "to_do": "待本级审核",
    "waiting": "下级审核中",
    "passed": "本级已上报",
    "returned": "退回与取消上报",
    "closed": "已办结",
    "all": "全部",
}
BADGES = {
    "not_applicable": "none",
    "not_started": "none",
    "in_review": "wait",
    "passed": "ok",
    "returned": "warn",
    "refused": "bad",
}
LEVELS = ("county", "city", "province", "ministry")


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
        filters={"badge_of": lambda state: BADGES.get(state, "none"), "short": short_points},
    )


def short_points(value: str | None) -> str:
    """Points for reading; the exact value is in the sheet's line."""
    return "—" if value in (None, "") else f"{Decimal(str(value)).quantize(Decimal('0.01')).normalize():f}"


async def page_official(person: PagePrincipal) -> Principal:
    return require_official(person)


Official = Annotated[Principal, Depends(page_official)]


@ui.get("/")
async def queue(
    request: Request,
    person: Official,
    review: UseCases,
    view: str = "to_do",
    category: str = "",
    campaign_id: str = "",
    key: str = "",
    q: str = "",
    cursor: str | None = None,
) -> Response:
    view = view if view in VIEWS else "to_do"
    wanted = QueueFilter(view, category[:100], "", campaign_id[:100], True if key else None, q.strip()[:100])
    after = decode_cursor(cursor, datetime, str)
    items, following = await review.queries.queue(
        person.authority, wanted, after=(after[0], after[1]) if after else None
    )
    kept = {"category": category, "campaign_id": campaign_id, "key": key, "q": q}
    asked = urlencode({name: value for name, value in kept.items() if value})
    onward = urlencode({"cursor": encode_cursor(following[0].isoformat(), following[1])}) if following else ""
    return render(
        request,
        "queue.html",
        authority=review.policies.authority_name(person.authority),
        items=[item | {"columns": _columns(item["stages"])} for item in items],
        counts=await review.queries.counts(person.authority, wanted),
        views=VIEWS,
        view=view,
        asked=asked,
        campaigns=await review.queries.campaigns(),
        wanted=wanted,
        next_href=f"/review/ui/?view={view}&{asked}&{onward}" if following else "",
    )


def _columns(stages: list[dict[str, Any]]) -> list[dict[str, Any] | None]:
    """One column per level; a group shows in the province's column."""
    found = {("province" if stage["level"] == "group" else stage["level"]): stage for stage in stages}
    return [found.get(level) for level in LEVELS]


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
        row["of"][fact["year"]] = _shown(fact)
    return list(rows.values())


def _shown(fact: dict[str, Any]) -> str:
    if fact["presence"] == "not_applicable":
        return "不适用"
    value = fact["value"]
    if value is None:
        return "未填"
    if isinstance(value, bool):
        return "是" if value else "否"
    return "、".join(value) if isinstance(value, list) else str(value)


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


class CaseActs:
    """The forms of a case's page."""

    def __init__(
        self, review: Bootstrap, person: Principal, submission_id: str, stage_no: int, form: FormData, request: Request
    ) -> None:
        self.review, self.person, self.form = review, person, form
        self.submission_id, self.stage_no = submission_id, stage_no
        self.once = once_of(request, person, form)

    def named(self, act: str) -> tuple[str, Any]:
        """Message and act; an unknown address does not exist."""
        acts = {
            "findings": ("核查意见已保存。", self.findings),
            "marks": ("定性评分已保存，评分单正在更新。", self.marks),
            "consult": ("已登记征求意见。", self.consult),
            "consult-answer": ("已登记部门答复。", self.consult_answer),
            "expert": ("专家评审情况已保存。", self.expert),
            "reason": ("书面理由已保存。", self.reason),
            "document": ("推荐文件已上传。", self.document),
            "pass": ("已上报。", self.pass_stage),
            "return": ("已退回更正。", self.return_case),
            "refuse": ("已作出不予通过的决定。", self.refuse),
            "cancel": ("已取消其申报资格。", self.cancel),
        }
        if act not in acts:
            raise NotFound
        return acts[act]

    def _where(self) -> tuple[Principal, str, int, Seen]:
        return (self.person, self.submission_id, self.stage_no, parse_seen(text(self.form, "seen")))

    async def findings(self) -> Done:
        wanted = [
            {"item": item, "ok": text(self.form, f"ok:{item}") == "yes", "note": text(self.form, f"note:{item}")}
            for item in self.form.getlist("item")
            if isinstance(item, str) and text(self.form, f"ok:{item}")
        ]
        pointer = text(self.form, "pointer")
        if pointer:
            wanted.append({"pointer": pointer, "ok": False, "note": text(self.form, "pointer_note")})
        body = parsed(schemas.FindingsIn, {"findings": wanted})
        drafts = [FindingDraft(one.item, one.pointer, one.ok, one.note) for one in body.findings]
        return await self.review.record_findings(*self._where(), drafts, self.once)

    async def marks(self) -> Done:
        wanted = [
            {
                "indicator": code,
                "points": text(self.form, f"points:{code}"),
                "reason": text(self.form, f"reason:{code}"),
            }
            for code in self.form.getlist("indicator")
            if text(self.form, f"points:{code}")
        ]
        body = parsed(schemas.MarksIn, {"marks": wanted})
        drafts = [MarkDraft(one.indicator, one.points, one.reason) for one in body.marks]
        return await self.review.record_marks(*self._where(), drafts, once=self.once)

    async def consult(self) -> Done:
        values = {"department": text(self.form, "department"), "asked_on": text(self.form, "asked_on")}
        body = parsed(schemas.ConsultationIn, values)
        return await self.review.ask_consultation(*self._where(), body.department, body.asked_on, once=self.once)

    async def consult_answer(self) -> Done:
        body = parsed(
            schemas.ConsultationAnswerIn,
            {
                "answered_on": text(self.form, "answered_on"),
                "agrees": text(self.form, "agrees") == "yes",
                "opinion": text(self.form, "opinion"),
            },
        )
        return await self.review.answer_consultation(
            *self._where(),
            text(self.form, "department"),
            answered_on=body.answered_on,
            agrees=body.agrees,
            opinion=body.opinion,
            once=self.once,
        )

    async def expert(self) -> Done:
        body = parsed(schemas.ExpertReviewIn, {n: text(self.form, n) for n in ("state", "grade", "note")})
        return await self.review.record_expert_review(
            *self._where(), state=body.state, grade=body.grade, note=body.note, once=self.once
        )

    async def reason(self) -> Done:
        body = parsed(schemas.ReasonIn, {"kind": text(self.form, "kind"), "text": text(self.form, "text")})
        return await self.review.give_reason(*self._where(), kind=body.kind, text=body.text, once=self.once)

    async def document(self) -> Done:
        name, chunks = await uploaded(self.form)
        return await self.review.upload_document(*self._where(), name, chunks, self.once)

    async def pass_stage(self) -> Done:
        return await self._decide(Pass(parsed(schemas.PassIn, {"reason": text(self.form, "reason")}).reason))

    async def return_case(self) -> Done:
        term = text(self.form, "term")
        wanted = [
            {"pointer": pointer, "ok": False, "note": text(self.form, "note")}
            for pointer in self.form.getlist("pointer")
            if pointer
        ]
        body = parsed(
            schemas.ReturnIn,
            {
                "reason": text(self.form, "reason"),
                "findings": wanted,
                "term_ends_at": _end_of(term) if term else None,
            },
        )
        drafts = [FindingDraft(one.item, one.pointer, one.ok, one.note) for one in body.findings]
        return await self._decide(Return(body.reason, drafts, body.term_ends_at))

    async def refuse(self) -> Done:
        values = {"reason": text(self.form, "reason"), "article": text(self.form, "article")}
        ground = text(self.form, "ground") or "not_passed"
        body = parsed(schemas.RefuseIn, values | {"ground": ground})
        return await self._decide(Refuse(body.reason, body.article, body.ground))

    async def cancel(self) -> Done:
        values = {"reason": text(self.form, "reason"), "article": text(self.form, "article")}
        body = parsed(schemas.CancelIn, values)
        return await self._decide(Cancel(body.reason, body.article))

    async def _decide(self, decision: Decision) -> Done:
        return await self.review.decide_stage(*self._where(), decision, self.once)


def _end_of(day: str) -> datetime | str:
    """The last day counts in full (Asia/Shanghai)."""
    try:
        found = datetime.strptime(day, "%Y-%m-%d").date()  # noqa: DTZ007 - a date, made aware below
    except ValueError:
        return day
    return datetime.combine(found + timedelta(days=1), time(), SHANGHAI).astimezone(UTC)
