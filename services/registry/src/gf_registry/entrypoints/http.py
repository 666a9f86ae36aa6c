"""The registry's API for officials: editions, imports, bars, adjustments, a unit's standing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from fastapi import Header, Query, Response

from gf_chassis.http import Cursor, Limit, PathId, Router, decode_cursor, encode_cursor, etag, int_if_match
from gf_chassis.idempotency import OnceKey
from gf_chassis.identity import CurrentPrincipal
from gf_registry.domain.adjustments import AdjustmentKind
from gf_registry.domain.lists import ListId
from gf_registry.entrypoints import exports as tables
from gf_registry.entrypoints import schemas
from gf_registry.entrypoints.attention import attention_sheet
from gf_registry.entrypoints.codes import entries_of
from gf_registry.entrypoints.exports import Kind
from gf_registry.usecases.impose_bar import BarOrder
from gf_registry.usecases.parts import Part
from gf_registry.usecases.propose_adjustment import Proposal

if TYPE_CHECKING:
    from gf_registry.bootstrap import Bootstrap

Answer = dict[str, Any]
IfMatch = Annotated[str | None, Header(alias="If-Match")]


def router(b: Bootstrap) -> Router:
    api = Router(tags=["名单管理"])
    database = b.runtime.database
    _editions(api, b)
    _bars(api, b)
    _adjustments(api, b)

    @api.get("/lists/{list_id}/attention")
    async def attention(
        list_id: str, principal: CurrentPrincipal, year: Annotated[int | None, Query(ge=2017, le=2100)] = None,
        lapsed: bool = False, limit: Limit = 50, cursor: Cursor = None,
    ) -> Answer:  # fmt: skip
        """Who is due for removal, and who is warned early, of the units under the caller's authority.

        `limit` and `cursor` page through those warned early, the last in the ranking first.
        """
        warned = Part(limit, decode_cursor(cursor, int, UUID))
        async with database.reading() as session:
            found = await b.see_attention(
                session, principal, ListId.parse(list_id), year=year, lapsed=lapsed, warned=warned
            )
        del found["due_following"]
        following = found.pop("warned_following")
        return found | {"next": encode_cursor(following[0], str(following[1])) if following else None}

    @api.get("/lists/{list_id}/attention/{what}.{kind}")
    async def attention_table(
        list_id: str, what: Literal["due", "warned"], kind: Kind, principal: CurrentPrincipal,
        year: Annotated[int | None, Query(ge=2017, le=2100)] = None, lapsed: bool = False,
    ) -> Response:  # fmt: skip
        """The same as CSV or Excel: of the units under the caller's authority, and no others."""
        name = ListId.parse(list_id)
        async with database.reading() as session:
            found = await b.see_attention(session, principal, name, year=year, lapsed=lapsed)
        table = attention_sheet(b.law, name, found, what, b.runtime.clock.today())
        return await tables.answer(table, kind)

    @api.get("/units/{unit_id}/standing")
    async def standing(unit_id: PathId, principal: CurrentPrincipal) -> Answer:
        """A unit's memberships, bars, adjustments, obligations and their history (本单位或下辖单位)."""
        async with database.reading() as session:
            return await b.see_standing(session, principal, unit_id)

    return api


def _editions(api: Router, b: Bootstrap) -> None:
    database = b.runtime.database

    @api.get("/lists/{list_id}/pending")
    async def pending(
        list_id: str, principal: CurrentPrincipal, response: Response, limit: Limit = 50, cursor: Cursor = None
    ) -> Answer:
        """What the next edition will announce, in the order in which it was recorded.

        The ETag, the same on all pages read one after the other, is what publishing must name in If-Match: it is
        refused where the list changed after the first of them.
        """
        page = Part(limit, decode_cursor(cursor, int, int))
        async with database.unit_of_work(principal.actor()) as uow:
            answer = await b.see_pending(uow, principal, ListId.parse(list_id), page=page)
        response.headers["ETag"] = etag(answer.pop("seen"))
        following = answer.pop("following")
        return answer | {"next": encode_cursor(*following) if following else None}

    @api.post("/lists/{list_id}/editions", status_code=201)
    async def draft(
        list_id: str, body: schemas.Draft, principal: CurrentPrincipal, once: OnceKey, response: Response
    ) -> Answer:
        answer = await b.draft_edition(
            database.unit_of_work(principal.actor()), once, principal, ListId.parse(list_id),
            year=body.year, document=body.document, effective=body.effective,
        )  # fmt: skip
        once.headers(response)
        return answer

    @api.put("/lists/{list_id}/editions/{edition_id}")
    async def redraft(
        list_id: str, edition_id: PathId, body: schemas.Draft, principal: CurrentPrincipal, once: OnceKey,
        response: Response, if_match: IfMatch = None,
    ) -> Answer:  # fmt: skip
        """Change the draft; If-Match names the list's position, as for publishing."""
        answer = await b.redraft_edition(
            database.unit_of_work(principal.actor()), once, principal, ListId.parse(list_id), edition_id,
            year=body.year, document=body.document, effective=body.effective, seen=int_if_match(if_match),
        )  # fmt: skip
        once.headers(response)
        return answer

    @api.post("/lists/{list_id}/editions/{edition_id}/publish")
    async def publish(
        list_id: str, edition_id: PathId, principal: CurrentPrincipal, once: OnceKey, response: Response,
        if_match: IfMatch = None,
    ) -> Answer:  # fmt: skip
        answer = await b.publish_edition(
            database.unit_of_work(principal.actor()), once, principal, ListId.parse(list_id), edition_id,
            seen=int_if_match(if_match),
        )  # fmt: skip
        once.headers(response)
        return answer

    @api.post("/lists/{list_id}/imports", status_code=201)
    async def import_list(
        list_id: str, body: schemas.Import, principal: CurrentPrincipal, once: OnceKey, response: Response
    ) -> Answer:
        """An existing list, as one published edition with the date in law it had."""
        answer = await b.import_list(
            database.unit_of_work(principal.actor()), once, principal, ListId.parse(list_id), entries_of(body),
            year=body.year, effective=body.effective, document=body.document,
        )  # fmt: skip
        once.headers(response)
        return answer

    @api.post("/lists/{list_id}/obligations")
    async def obligations(list_id: str, body: schemas.Obligations, principal: CurrentPrincipal) -> Answer:
        """Opens what is missing only, so that it can be repeated."""
        opened = await b.open_obligations(
            principal, ListId.parse(list_id), year=body.year, kind=body.kind, due=body.due
        )
        return {"opened": opened}


def _bars(api: Router, b: Bootstrap) -> None:
    database = b.runtime.database

    @api.post("/bars", status_code=201)
    async def impose(body: schemas.Bar, principal: CurrentPrincipal, once: OnceKey, response: Response) -> Answer:
        order = BarOrder(
            body.unit_id, body.ground, body.source, body.source_date, body.reason, body.from_, body.until,
            body.open_ended,
        )  # fmt: skip
        answer = await b.impose_bar(database.unit_of_work(principal.actor()), once, principal, order)
        once.headers(response)
        return answer

    @api.post("/bars/{bar_id}/lift")
    async def lift(
        bar_id: PathId, body: schemas.Lift, principal: CurrentPrincipal, once: OnceKey, response: Response
    ) -> Answer:
        answer = await b.lift_bar(database.unit_of_work(principal.actor()), once, principal, bar_id, body.reason)
        once.headers(response)
        return answer


def _adjustments(api: Router, b: Bootstrap) -> None:
    database = b.runtime.database

    @api.post("/adjustments", status_code=201)
    async def propose(
        body: schemas.Adjustment, principal: CurrentPrincipal, once: OnceKey, response: Response
    ) -> Answer:
        proposal = Proposal(
            body.unit_id, ListId.parse(body.list_id) if body.list_id else None, AdjustmentKind(body.kind),
            body.ground, body.reason, body.new_name,
        )  # fmt: skip
        answer = await b.propose_adjustment(database.unit_of_work(principal.actor()), once, principal, proposal)
        once.headers(response)
        response.headers["ETag"] = etag(answer["version"])
        return answer

    @api.get("/adjustments/{adjustment_id}")
    async def adjustment(adjustment_id: PathId, principal: CurrentPrincipal, response: Response) -> Answer:
        """Its ETag is what the decision must name in If-Match."""
        async with database.reading() as session:
            answer = await b.see_adjustment(session, principal, adjustment_id)
        response.headers["ETag"] = etag(answer["version"])
        return answer

    @api.post("/adjustments/{adjustment_id}/decide")
    async def decide(
        adjustment_id: PathId, body: schemas.Decision, principal: CurrentPrincipal, once: OnceKey,
        response: Response, if_match: IfMatch = None,
    ) -> Answer:  # fmt: skip
        """Another person than the proposer decides."""
        answer = await b.decide_adjustment(
            database.unit_of_work(principal.actor()), once, principal, adjustment_id, agreed=body.agreed,
            reason=body.reason, seen=int_if_match(if_match), document=body.document,
        )  # fmt: skip
        once.headers(response)
        response.headers["ETag"] = etag(answer["version"])
        return answer

    @api.post("/adjustments/{adjustment_id}/take-back")
    async def take_back(
        adjustment_id: PathId, body: schemas.TakeBack, principal: CurrentPrincipal, once: OnceKey, response: Response,
        if_match: IfMatch = None,
    ) -> Answer:  # fmt: skip
        """A decision that no edition has announced yet."""
        answer = await b.take_back_adjustment(
            database.unit_of_work(principal.actor()), once, principal, adjustment_id, reason=body.reason,
            seen=int_if_match(if_match),
        )  # fmt: skip
        once.headers(response)
        response.headers["ETag"] = etag(answer["version"])
        return answer
