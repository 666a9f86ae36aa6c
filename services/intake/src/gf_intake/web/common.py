"""What the routes of the pages share: texts of a posted form, the key against double clicks, refusals as words."""

from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urlsplit

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from gf_chassis.errors import Forbidden, Rejected
from gf_chassis.forms import text
from gf_chassis.idempotency import Once, request_hash
from gf_chassis.identity import Principal
from gf_chassis.json import canonical
from gf_chassis.problems import explain
from gf_chassis.web import act_answer
from gf_intake.domain.errors import DomainError

#: What a use case may refuse with. Everything else is not for the page to explain.
REFUSALS = (DomainError, Rejected)
Model = TypeVar("Model", bound=BaseModel)


def once_of(request: Request, person: Principal, form: FormData) -> Once:
    given = {
        name: [value for value in form.getlist(name) if isinstance(value, str)]
        for name in form
        if name not in ("csrf_token", "key")
    }
    hashed = request_hash("POST", request.url.path, canonical(given))
    key = text(form, "key")
    return Once(scope=person.scope, key=key if 8 <= len(key) <= 128 and key.isascii() else None, hash=hashed)


def message_of(error: Exception) -> str:
    detail = str(getattr(error, "detail", "") or "请求未能完成。")
    article = getattr(error, "article", None)
    return f"{detail}（依据：{article}）" if article and article not in detail else detail


def status_of(error: Exception) -> int:
    return int(getattr(error, "status", 422))


def code_of(error: Exception) -> str:
    return str(getattr(error, "code", ""))


def refused(
    request: Request, target: str, error: Exception, fields: Sequence[tuple[str, str]] | None = None
) -> Response:
    """An act of a page that a use case refused. `fields`: (name, what is wrong); by themselves those of `Wrong`."""
    if fields is None:
        fields = getattr(error, "fields", ())
    return act_answer(
        request, target, failed=message_of(error), status=status_of(error), code=code_of(error), fields=fields
    )


class Wrong(Rejected):
    """Texts of a form that are not acceptable, each with the name of its field (填写有误)."""

    def __init__(self, fields: Sequence[tuple[str, str]]) -> None:
        super().__init__("invalid_form", "填写有误，请按提示修改：" + "".join(detail for _, detail in fields))
        self.fields = tuple(fields)


def parsed(model: type[Model], values: dict[str, Any], labels: dict[str, str]) -> Model:
    """Texts through the same schema as the API."""
    try:
        return model.model_validate(values)
    except ValidationError as error:
        fields = []
        for item in error.errors(include_url=False, include_input=False):
            name = ".".join(str(part) for part in item["loc"] if isinstance(part, str))
            fields.append((name, f"{labels.get(name, '内容')}：{explain(dict(item))}"))
        raise Wrong(fields) from None


def require_same_site(request: Request) -> None:
    """For what takes no form token because it writes nothing: still nobody else's page may fill ours."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Forbidden("请求来自其他网站，已拒绝。", code="cross_site")
