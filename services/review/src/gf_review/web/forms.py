"""From a posted form to an act: the version seen, the key against double clicks, the message that is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from gf_chassis.errors import Rejected
from gf_chassis.idempotency import Once, request_hash
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_chassis.json import canonical
from gf_chassis.web import redirect
from gf_review.domain.errors import DomainError, Invalid, Problem
from gf_review.usecases.acting import Done

CHUNK = 256 * 1024
Model = TypeVar("Model", bound=BaseModel)

STALE = "已被同事处理或评分单已更新，您刚才的操作没有生效。请核对下方最新内容后再办理。"
TWICE = "此表单已经提交过，请在刷新后的页面上办理。"


def new_key() -> str:
    """A key per rendered page: a second click on the same button has no second effect."""
    return str(new_id())


def text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def parsed(model: type[Model], values: Mapping[str, Any]) -> Model:
    """Form values through the same schema as the API."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        problems = [
            Problem("/" + "/".join(str(part) for part in one["loc"]), one["type"], f"填写有误：{_label(one['loc'])}。")
            for one in error.errors(include_url=False, include_input=False)
        ]
        raise Invalid("".join(one.detail for one in problems), errors=problems) from None


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
}


def _label(location: tuple[int | str, ...]) -> str:
    names = [LABELS.get(part, part) for part in location if isinstance(part, str)]
    return names[-1] if names else "表单"


def once_of(request: Request, person: Principal, form: FormData) -> Once:
    given = {name: [v for v in form.getlist(name) if isinstance(v, str)] for name in form if name != "csrf_token"}
    key = text(form, "key") or new_key()
    hashed = request_hash("POST", request.url.path, canonical(given))
    return Once(scope=person.scope, key=key, hash=hashed, service="review")


async def uploaded(form: FormData) -> tuple[str, AsyncIterator[bytes]]:
    """Name and bytes of the form's file."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid("请选择要上传的文件。", errors=[Problem("/file", "required", "请选择要上传的文件。")])

    async def chunks() -> AsyncIterator[bytes]:
        while chunk := await file.read(CHUNK):
            yield chunk

    return file.filename, chunks()


async def carried_out(request: Request, target: str, done: str, act: Callable[[], Awaitable[Done]]) -> Response:
    """Run the act and show the page again with what came of it."""
    try:
        await act()
    except (DomainError, Rejected) as error:
        if error.status in (401, 404):
            raise
        return redirect(request, target, failed=message_of(error))
    return redirect(request, target, done=done)


def message_of(error: DomainError | Rejected) -> str:
    """What a person reads."""
    if error.status == 412:
        return STALE
    if error.code == "idempotency_key_reused":
        return TWICE
    source = "，".join(part for part in (error.article, error.rule) if part)
    return error.detail + (f"（依据：{source}）" if source else "")
