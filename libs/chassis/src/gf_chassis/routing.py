"""What routes are made of: strict bodies, ids, pages of a list, version conditions, positions."""

from __future__ import annotations

import base64
from collections.abc import Callable, Coroutine
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, params
from fastapi.routing import APIRoute
from pydantic import BeforeValidator, WithJsonSchema
from starlette.exceptions import HTTPException

from gf_chassis import json
from gf_chassis.errors import FieldError, NotFound, PreconditionRequired, Rejected, Stale
from gf_chassis.ids import parse_id

if TYPE_CHECKING:
    from gf_chassis.database import UnitOfWork
    from gf_chassis.waiting import PositionWaiter


class StrictRequest(Request):
    """A request whose JSON body is decoded strictly."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            try:
                self._json = json.loads(await self.body())
            except Rejected as error:
                raise BodyRefused(error) from None
        return self._json

    async def form(self, **kwargs: Any) -> Any:  # type: ignore[override]
        # Starlette decodes percent escapes; only here can a NUL or half a character come into a form field.
        form = await super().form(**kwargs)
        for name, value in form.multi_items():
            if json.unwanted(name) or (isinstance(value, str) and json.unwanted(value)):
                raise BodyRefused(json.BadJson("文本中含有不允许的控制字符或不完整的字符。", code="bad_character"))
        return form


class BodyRefused(HTTPException):
    """FastAPI lets only HTTPException out of the reading of a body; this one carries the Rejected."""

    def __init__(self, rejected: Rejected) -> None:
        super().__init__(rejected.status, rejected.detail)
        self.rejected = rejected


class StrictRoute(APIRoute):
    """A route that reads its body through ``StrictRequest`` and obeys ``Wait-For``."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        wants_json = self.body_field is not None and not isinstance(self.body_field.field_info, params.Form)

        async def strict(request: Request) -> Response:
            if wants_json and not _is_json(request):
                raise Rejected("unsupported_media_type", "请求头 Content-Type 应为 application/json。", status=415)
            reached = None
            if request.method == "GET" and "wait-for" in request.headers:
                waiter: PositionWaiter = request.app.state.waiter
                reached = await waiter.wait(request)
            response = await handler(StrictRequest(request.scope, request.receive))
            if reached is not None:
                response.headers["Wait-For-Reached"] = "true" if reached else "false"
            return response

        return strict


def _is_json(request: Request) -> bool:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given == "application/json" or (given.startswith("application/") and given.endswith("+json")):
        return True
    # Without a body there is nothing to mistake: the answer is then "field required".
    return (
        not given and request.headers.get("content-length", "0") == "0" and "transfer-encoding" not in request.headers
    )


class Router(APIRouter):
    """The router every service uses: strict JSON bodies. Paths are relative to ``/<service>/v1``."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("route_class", StrictRoute)
        super().__init__(**kwargs)


def _path_id(value: Any) -> UUID:
    parsed = value if isinstance(value, UUID) else parse_id(str(value))
    if parsed is None:
        raise NotFound
    return parsed


#: An id in a path. A malformed one is an address that does not exist: 404.
PathId = Annotated[UUID, BeforeValidator(_path_id), WithJsonSchema({"type": "string", "format": "uuid"})]
#: How many items a page has.
Limit = Annotated[int, Query(ge=1, le=200, description="每页条数")]
#: Where the next page starts, as the last page said in ``next``.
Cursor = Annotated[str | None, Query(max_length=500, description="上一页返回的 next")]


def encode_cursor(*values: str | int) -> str:
    """An opaque cursor: the sort keys of the last item of a page."""
    return base64.urlsafe_b64encode(json.dumps(list(values))).decode().rstrip("=")


def decode_cursor(cursor: str | None, *types: type) -> tuple[Any, ...] | None:
    """The sort keys out of a cursor; None for the first page. 422 where it is not one of ours.

    ``decode_cursor(cursor, datetime, UUID)`` converts each key; ``int`` and ``str`` are taken as they are.
    """
    if not cursor:
        return None
    try:
        values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if not isinstance(values, list) or len(values) != len(types):
            raise ValueError("shape")
        return tuple(
            _CONVERT.get(kind, lambda value, kind=kind: _exactly(kind, value))(value)
            for kind, value in zip(types, values, strict=True)
        )
    except (ValueError, TypeError, OverflowError, Rejected):
        detail = "cursor 无效，请使用上一页返回的 next。"
        raise Rejected("malformed_cursor", detail, errors=[FieldError("query:/cursor", "malformed", detail)]) from None


def _exactly(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise ValueError("type")
    return value


def _instant(value: Any) -> datetime:
    # In UTC, so that what the database cannot hold is found here; a cursor of ours always names its zone.
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError("naive")
    return found.astimezone(UTC)


_CONVERT: dict[type, Callable[[Any], Any]] = {
    UUID: lambda value: UUID(_exactly(str, value)),
    datetime: _instant,
    date: date.fromisoformat,
    Decimal: json.exact_decimal,
}


def position_headers(response: Response, uow: UnitOfWork) -> None:
    """Name what the write published, so that a reader can wait for it: ``Event-Position: <topic>/<key>/<number>``."""
    if positions := uow.positions:
        response.headers["Event-Position"] = ", ".join(f"{p.topic}/{p.key}/{p.number}" for p in positions)


def etag(version: object) -> str:
    """A strong entity tag."""
    return f'"{version}"'


def if_match(header: str | None) -> str:
    """The version the caller saw, out of ``If-Match: "<version>"``: 428 without one, no ``*`` and no weak tags."""
    if not header:
        raise PreconditionRequired
    value = header.strip()
    if len(value) < 3 or value[0] != '"' or value[-1] != '"' or '"' in value[1:-1]:
        raise Rejected("malformed_if_match", '请求头 If-Match 应为带引号的单个版本，例如 "3"。', status=422)
    return value[1:-1]


def int_if_match(header: str | None) -> int:
    """``If-Match`` where the version is a number."""
    value = if_match(header)
    if not (value.isascii() and value.isdigit() and len(value) <= 10):
        raise Stale
    return int(value)
