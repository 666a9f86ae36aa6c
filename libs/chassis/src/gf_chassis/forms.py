"""Posted forms of pages 表单: their texts, the version they were made from, the key against double clicks."""

from __future__ import annotations

from fastapi import Request
from starlette.datastructures import FormData

from gf_chassis.errors import Stale
from gf_chassis.idempotency import Once, request_hash
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_chassis.json import canonical

TWICE = "此表单已经提交过，请在刷新后的页面上办理。"


def new_key() -> str:
    """A key per rendered page: a second click on the same button has no second effect."""
    return str(new_id())


def text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def number(form: FormData, name: str) -> int | str:
    """A whole number, or the text as it is, for the schema to refuse."""
    value = text(form, name)
    return int(value) if value.isascii() and value.isdecimal() and len(value) <= 9 else value


def version_seen(form: FormData) -> int:
    """The version or position the page was made from; Stale where it says none."""
    value = text(form, "seen")
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise Stale
    return int(value)


def once_of(request: Request, person: Principal, form: FormData, service: str) -> Once:
    """The act under the page's key; what was typed is its content."""
    given = {name: [v for v in form.getlist(name) if isinstance(v, str)] for name in form if name != "csrf_token"}
    hashed = request_hash("POST", request.url.path, canonical(given))
    return Once(scope=person.scope, key=text(form, "key") or new_key(), hash=hashed, service=service)
