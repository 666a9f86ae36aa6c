"""The forms of a case's page, each to its use case."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

from fastapi import Request
from starlette.datastructures import FormData

from gf_chassis.errors import NotFound
from gf_chassis.forms import text
from gf_chassis.identity import Principal
from gf_review.bootstrap import Bootstrap
from gf_review.domain.decisions import Seen
from gf_review.domain.errors import Invalid, Problem
from gf_review.domain.instants import SHANGHAI
from gf_review.entrypoints import schemas
from gf_review.entrypoints.common import parse_seen
from gf_review.usecases.acting import Done
from gf_review.usecases.decide_stage import Cancel, Decision, Pass, Refuse, Return
from gf_review.usecases.record_findings import FindingDraft
from gf_review.usecases.record_marks import MarkDraft
from gf_review.web.forms import nth, once_of, parsed, uploaded


class CaseActs:
    """The forms of a case's page."""

    def __init__(
        self, review: Bootstrap, person: Principal, submission_id: str, stage_no: int, form: FormData, request: Request
    ) -> None:
        self.review, self.person, self.form = review, person, form
        self.submission_id, self.stage_no = submission_id, stage_no
        self.once = once_of(request, person, form)
        #: From the pointer of a problem to the field of the form that it is about.
        self.places: dict[str, str] = {"/term_ends_at": "term", "/article": "article", "/reason": "reason"}

    def named(self, act: str) -> tuple[str, Callable[[], Awaitable[Done]]]:
        """Message and act; an unknown address does not exist."""
        acts = {
            "findings": ("核查意见已保存。", self.findings),
            "marks": ("定性评分已保存，评分表正在更新。", self.marks),
            "industry": ("行业认定已记录，评分表正在更新。", self.industry),
            "consult": ("已登记征求意见。", self.consult),
            "consult-answer": ("已登记部门答复。", self.consult_answer),
            "expert": ("专家评审情况已保存。", self.expert),
            "reason": ("书面理由已保存。", self.reason),
            "document": ("推荐文件已上传。", self.document),
            "pass": ("已通过本级审核，状态为“已上报”。", self.pass_stage),
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
        """On the checklist's items, on one field of the form, or both."""
        wanted: list[dict[str, Any]] = []
        for item in self.form.getlist("item"):
            if isinstance(item, str) and (said := text(self.form, f"ok:{item}")):
                note = text(self.form, f"note:{item}")
                self._place(f"/findings/{len(wanted)}", f"ok:{item}", note=f"note:{item}")
                wanted.append({"item": item, "ok": said == "yes", "note": note})
        if pointer := text(self.form, "pointer"):
            note = text(self.form, "pointer_note")
            self._place(f"/findings/{len(wanted)}", "pointer", note="pointer_note")
            wanted.append({"pointer": pointer, "ok": text(self.form, "pointer_ok") == "yes", "note": note})
        if not wanted:
            raise Invalid("请至少填写一项核查意见。")
        body = parsed(schemas.FindingsIn, {"findings": wanted})
        drafts = [FindingDraft(one.item, one.pointer, one.ok, one.note) for one in body.findings]
        return await self.review.record_findings(*self._where(), drafts, self.once)

    async def marks(self) -> Done:
        wanted: list[dict[str, Any]] = []
        for code in self.form.getlist("indicator"):
            points, reason = text(self.form, f"points:{code}"), text(self.form, f"reason:{code}")
            if points or reason:
                fields = {"points": f"points:{code}", "reason": f"reason:{code}"}
                self._place(f"/marks/{len(wanted)}", f"points:{code}", **fields)
                wanted.append({"indicator": code, "points": points, "reason": reason})
        if not wanted:
            raise Invalid("请至少填写一项定性评分。")
        body = parsed(schemas.MarksIn, {"marks": wanted})
        drafts = [MarkDraft(one.indicator, one.points, one.reason) for one in body.marks]
        return await self.review.record_marks(*self._where(), drafts, once=self.once)

    async def industry(self) -> Done:
        """行业认定: which industry's table applies from now on in this round."""
        values = {"industry_ruling": text(self.form, "industry") or None, "reason": text(self.form, "reason")}
        body = parsed(schemas.MarksIn, values)
        self._place("/industry_ruling", "industry")
        self._place("/marks", "industry")
        return await self.review.record_marks(
            *self._where(), [], industry_ruling=body.industry_ruling, reason=body.reason, once=self.once
        )

    def _place(self, pointer: str, field: str, **fields: str) -> None:
        self.places[pointer] = field
        self.places |= {f"{pointer}/{name}": where for name, where in fields.items()}

    async def consult(self) -> Done:
        """All departments that were ticked, one after the other, as asked on the same day."""
        asked_on = text(self.form, "asked_on")
        chosen = [
            parsed(schemas.ConsultationIn, {"department": one, "asked_on": asked_on})
            for one in self.form.getlist("department")
        ]
        if not chosen:
            detail = "请勾选要征求意见的部门。"
            raise Invalid(detail, errors=[Problem("/department", "required", detail)])
        person, submission_id, stage_no, seen = self._where()
        for place, one in enumerate(chosen):
            done = await self.review.ask_consultation(
                person, submission_id, stage_no, seen, one.department, one.asked_on, once=nth(self.once, place)
            )
            seen = parse_seen(done.result["etag"])
        return done

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
        wanted: list[dict[str, Any]] = []
        for pointer in self.form.getlist("kept"):
            wanted.append({"pointer": pointer, "ok": False, "note": text(self.form, f"kept_note:{pointer}")})
        for pointer, note in zip(self.form.getlist("pointer"), self.form.getlist("note"), strict=False):
            if pointer:
                self._place(f"/findings/{len(wanted)}", "pointer", note="note")
                wanted.append({"pointer": pointer, "ok": False, "note": note})
        if not wanted:
            detail = "请至少指明一个需要更正的字段，并写明问题。"
            raise Invalid(detail, errors=[Problem("/pointer", "required", detail)])
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
