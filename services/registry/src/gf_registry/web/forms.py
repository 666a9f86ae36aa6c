"""From a posted form to an act: the version seen, the key against double clicks, the message that is shown."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import Request
from starlette.datastructures import FormData
from starlette.responses import Response

from gf_chassis import forms
from gf_chassis.errors import FieldError, NotFound, Rejected
from gf_chassis.forms import TWICE, text
from gf_chassis.web import act_answer
from gf_registry.domain.errors import DomainError

STALE = "名单在您查看之后又有变动，您刚才的操作没有生效。请核对最新内容后再办理。"
once_of = partial(forms.once_of, service="registry")


def needed(form: FormData, name: str, label: str, most: int) -> str:
    """A field that must be filled; Rejected names it."""
    value = text(form, name)
    wrong = f"请填写{label}。" if not value else f"{label}不能超过 {most} 个字。" if len(value) > most else ""
    wrong = wrong or (f"{label}含有不能保存的字符。" if "\x00" in value else "")
    if wrong:
        raise Rejected("invalid", wrong, errors=[FieldError(f"/{name}", "invalid", wrong)])
    return value


def id_of(form: FormData, name: str) -> UUID:
    try:
        return UUID(text(form, name))
    except ValueError as error:
        raise NotFound from error


#: What others did since the page was read, line by line.
Changed = Callable[[], Awaitable[Sequence[str]]]
#: What is said when it is carried out: words, or made of the act's answer.
Done = str | Callable[[Mapping[str, Any]], str]


async def carried_out(
    request: Request,
    target: str,
    done: Done,
    act: Callable[[], Awaitable[Mapping[str, Any]]],
    *,
    changed: Changed | None = None,
    again: str = "",
) -> Response:
    """Run the act and say what came of it; after a 412, what happened meanwhile. `again`: where to repeat it."""
    try:
        answer = await act()
    except (DomainError, Rejected) as error:
        if error.status in (401, 404):
            raise
        lines = await changed() if error.status == 412 and changed is not None else ()
        fields = [(one.pointer.strip("/"), one.detail) for one in error.errors]
        return act_answer(
            request,
            again or target,
            failed=_message(error),
            status=error.status,
            code=error.code,
            fields=fields,
            changed=lines,
        )
    return act_answer(request, target, done=done if isinstance(done, str) else done(answer))


def _message(error: DomainError | Rejected) -> str:
    """What a person reads."""
    if error.status == 412:
        return STALE
    if error.code == "idempotency_key_reused":
        return TWICE
    source = "，".join(part for part in (error.article, error.rule) if part)
    return error.detail + (f"（依据：{source}）" if source else "")
