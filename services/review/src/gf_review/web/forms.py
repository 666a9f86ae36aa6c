"""From a posted form to an act: the version seen, the key against double clicks, the message that is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from gf_chassis import forms
from gf_chassis.errors import Rejected
from gf_chassis.forms import TWICE
from gf_chassis.idempotency import Once
from gf_chassis.problems import explain
from gf_chassis.web import act_answer
from gf_review.domain.errors import DomainError, Invalid, Problem
from gf_review.usecases.acting import Done

CHUNK = 256 * 1024
Model = TypeVar("Model", bound=BaseModel)
once_of = partial(forms.once_of, service="review")


def nth(once: Once, place: int) -> Once:
    """One of several acts of one form: each under a key of its own, so that a repetition does nothing twice."""
    return Once(once.scope, f"{once.key}:{place}", once.hash, once.service)


STALE = "已被同事处理或评分表已更新，您刚才的操作没有生效。请核对最新内容后再办理。"


def parsed(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Form values through the same schema as the API."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        problems = [
            Problem("/" + "/".join(str(part) for part in one["loc"]), one["type"], _words(one))
            for one in error.errors(include_url=False, include_input=False)
        ]
        raise Invalid("填写有误：" + "".join(one.detail for one in problems), errors=problems) from None


def _words(error: Any) -> str:
    if error["type"] == "string_too_short":
        return f"请填写{_label(error['loc'])}。"
    return f"{_label(error['loc'])}：{explain(error)}"


LABELS = {
    "reason": "理由",
    "article": "依据条款",
    "findings": "需要更正的字段",
    "note": "问题说明",
    "points": "分值",
    "text": "内容",
    "title": "批次名称",
    "campaign_id": "活动",
    "term_ends_at": "更正期限",
    "asked_on": "征求日期",
    "answered_on": "答复日期",
    "submission_id": "申报",
    "opinion": "意见内容",
    "pointer": "字段",
    "item": "审核要点",
    "grade": "等级",
}


def _label(location: tuple[int | str, ...]) -> str:
    names = [LABELS.get(part, part) for part in location if isinstance(part, str)]
    return names[-1] if names else "表单"


async def uploaded(form: FormData) -> tuple[str, AsyncIterator[bytes]]:
    """Name and bytes of the form's file."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid("请选择要上传的文件。", errors=[Problem("/file", "required", "请选择要上传的文件。")])

    async def chunks() -> AsyncIterator[bytes]:
        while chunk := await file.read(CHUNK):
            yield chunk

    return file.filename, chunks()


#: What others did since the page was read, line by line.
Changed = Callable[[], Awaitable[tuple[str, Sequence[str]]]]


async def carried_out(
    request: Request,
    target: str | Callable[[], str],
    done: str,
    act: Callable[[], Awaitable[Done]],
    *,
    places: Mapping[str, str] | None = None,
    changed: Changed | None = None,
) -> Response:
    """Run the act and say what came of it.

    ``target`` may be known only when the act is done (a page that it made).
    ``places`` leads from a problem's pointer to the form's field; ``changed`` gives, after a 412, the address of the
    newest content and what happened meanwhile.
    """
    try:
        await act()
    except (DomainError, Rejected) as error:
        if error.status in (401, 404):
            raise
        lines: Sequence[str] = ()
        page = target if isinstance(target, str) else target()
        if error.status == 412 and changed is not None:
            page, lines = await changed()
        return act_answer(
            request,
            page,
            failed=message_of(error),
            status=error.status,
            code=error.code,
            fields=_fields(error, places or {}),
            changed=lines,
        )
    return act_answer(request, target if isinstance(target, str) else target(), done=done)


def _fields(error: DomainError | Rejected, places: Mapping[str, str]) -> list[tuple[str, str]]:
    """(Field of the form, what is wrong): the longest known beginning of the pointer names the field."""
    found = []
    for one in error.errors:
        known = [place for place in places if one.pointer == place or one.pointer.startswith(place + "/")]
        found.append((places[max(known, key=len)] if known else one.pointer.strip("/"), one.detail))
    return found


def message_of(error: DomainError | Rejected) -> str:
    """What a person reads."""
    if error.status == 412:
        return STALE
    if error.code == "idempotency_key_reused":
        return TWICE
    source = "，".join(part for part in (error.article, error.rule) if part)
    return error.detail + (f"（依据：{source}）" if source else "")
