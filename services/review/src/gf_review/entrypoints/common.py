"""Shared by the API's routers: who may come in, which version was seen, how an act is answered."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response

from gf_chassis.errors import Forbidden, Stale
from gf_chassis.http import etag, if_match
from gf_chassis.idempotency import Once
from gf_chassis.identity import CurrentPrincipal, Principal
from gf_review.adapters.scope import OFFICIALS
from gf_review.bootstrap import Bootstrap
from gf_review.domain.decisions import Seen
from gf_review.usecases.acting import Done


def require_official(principal: Principal) -> Principal:
    """A reviewer or an approver of an authority; applicants see their stages through intake."""
    if not principal.authority or principal.roles.isdisjoint(OFFICIALS):
        raise Forbidden("本页面和接口仅供主管部门的经办人员和审批人员使用。", code="role_required")
    return principal


def use_cases(request: Request) -> Bootstrap:
    bootstrap: Bootstrap = request.app.state.bootstrap
    return bootstrap


UseCases = Annotated[Bootstrap, Depends(use_cases)]


async def known_official(principal: Principal, review: Bootstrap) -> Principal:
    """An official, who from now on is known to the colleagues of the authority (for assignments)."""
    require_official(principal)
    await review.note_official(principal)
    return principal


async def _official(principal: CurrentPrincipal, review: UseCases) -> Principal:
    return await known_official(principal, review)


CurrentOfficial = Annotated[Principal, Depends(_official)]


def parse_seen(value: str) -> Seen:
    """Case version and sheet revision out of "<version>-<revision>"."""
    version, _, revision = value.partition("-")
    for part in (version, revision):
        if not (part.isascii() and part.isdigit() and len(part) <= 9):
            raise Stale
    return Seen(int(version), int(revision))


async def _seen(if_match_: Annotated[str | None, Header(alias="If-Match")] = None) -> Seen:
    return parse_seen(if_match(if_match_))


async def _version(if_match_: Annotated[str | None, Header(alias="If-Match")] = None) -> int:
    value = if_match(if_match_)
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise Stale
    return int(value)


#: `If-Match` of a case; 428 without one.
SeenCase = Annotated[Seen, Depends(_seen)]
#: `If-Match` of a batch or a publicity.
SeenVersion = Annotated[int, Depends(_version)]


async def answer(response: Response, once: Once, act: Awaitable[Done]) -> dict[str, Any]:
    """The result with its entity tag and the positions of what it published."""
    done = await act
    response.headers["ETag"] = etag(done.result["etag"])
    once.headers(response)
    if not once.position and done.positions:
        response.headers["Event-Position"] = ", ".join(str(one) for one in done.positions)
    return done.result
