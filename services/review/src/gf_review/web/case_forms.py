"""The forms of a case's page, each to its use case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta

from fastapi import Request
from starlette.datastructures import FormData

from gf_chassis.errors import NotFound
from gf_chassis.identity import Principal
from gf_review.bootstrap import Bootstrap
from gf_review.domain.decisions import Seen
from gf_review.domain.instants import SHANGHAI
from gf_review.entrypoints import schemas
from gf_review.entrypoints.common import parse_seen
from gf_review.usecases.acting import Done
from gf_review.usecases.decide_stage import Cancel, Decision, Pass, Refuse, Return
from gf_review.usecases.record_findings import FindingDraft
from gf_review.usecases.record_marks import MarkDraft
from gf_review.web.forms import once_of, parsed, text, uploaded


class CaseActs:
    """The forms of a case's page."""

    def __init__(
        self, review: Bootstrap, person: Principal, submission_id: str, stage_no: int, form: FormData, request: Request
    ) -> None:
        self.review, self.person, self.form = review, person, form
        self.submission_id, self.stage_no = submission_id, stage_no
        self.once = once_of(request, person, form)

    def named(self, act: str) -> tuple[str, Callable[[], Awaitable[Done]]]:
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
        return datetime.combine(found + timedelta(days=1), time(), SHANGHAI).astimezone(UTC)
    except (ValueError, OverflowError):
        return day
