"""Dynamic management (动态管理): who is due for removal or warned early, a person's acts on it, a unit's own view."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gf_chassis.errors import Forbidden, NotFound
from gf_chassis.forms import new_key, text, version_seen
from gf_chassis.http import Cursor, PathId, decode_cursor, encode_cursor
from gf_chassis.web import CheckedForm, PagePrincipal, render
from gf_registry.adapters import ranked, views
from gf_registry.domain.adjustments import AdjustmentKind
from gf_registry.domain.lists import ListId
from gf_registry.domain.removals import BOTTOM
from gf_registry.entrypoints.attention import attention_sheet
from gf_registry.entrypoints.exports import Kind, answer
from gf_registry.labels import DUE_STATES, heading
from gf_registry.usecases.parts import Part
from gf_registry.usecases.propose_adjustment import Proposal
from gf_registry.usecases.scope import OFFICIALS, keeper_of
from gf_registry.web.forms import carried_out, id_of, needed, once_of

if TYPE_CHECKING:
    from gf_registry.bootstrap import Bootstrap

#: Units warned early on one page, and those due for removal, each with the forms to act on it.
PAGE, DUE_PAGE = 50, 25


def router(b: Bootstrap) -> APIRouter:
    ui = APIRouter()
    database = b.runtime.database
    _units(ui, b)
    _acts(ui, b)

    @ui.get("/dynamic")
    async def index(request: Request, person: PagePrincipal) -> Response:
        if not person.authority:
            raise NotFound
        person.require(*OFFICIALS)
        async with database.reading() as session:
            found = await ranked.years(session)
        newest: dict[str, dict[str, Any]] = {}
        for run in found:
            newest.setdefault(run["list_id"], {**run, "heading": heading(b.law, ListId.parse(run["list_id"]))})
        return render(request, "dynamic_lists.html", lists=list(newest.values()))

    @ui.get("/lists/{list_id}/dynamic")
    async def one_list(
        request: Request, person: PagePrincipal, list_id: str, year: str = "", cursor: Cursor = None,
        due: Annotated[str | None, Query(max_length=2000)] = None,
    ) -> Response:  # fmt: skip
        """Two lists, each with pages of its own: `due` is the cursor of the first, `cursor` that of the second."""
        name = ListId.parse(list_id)
        wanted = int(year) if year.isdecimal() and year.isascii() and len(year) == 4 else None
        dues = Part(DUE_PAGE, decode_cursor(due, int, str, str, UUID))
        warned = Part(PAGE, decode_cursor(cursor, int, UUID))
        async with database.reading() as session:
            found = await b.see_attention(session, person, name, year=wanted, lapsed=True, due=dues, warned=warned)
        shown = found["ranking"]["year"] if found["ranking"] else None
        years = [(f"{one} 年", f"?year={one}", one == shown, None) for one in found["years"]]

        def pager(where: str, key: str, page: Part) -> dict[str, str]:
            of_year = {"year": shown} if shown else {}
            onward = found[f"{where}_following"]
            following = {**of_year, key: encode_cursor(*(str(v) if isinstance(v, UUID) else v for v in onward or ()))}
            return {
                "next_href": f"?{urlencode(following)}#{where}" if onward else "",
                "first_href": f"?{urlencode(of_year)}#{where}" if page.after else "",
            }

        return render(
            request, "dynamic.html", years=years, heading=heading(b.law, name), found=found, list_id=str(name),
            states=DUE_STATES, key=new_key(), keeper=_keeps(b, person, name),
            due_pager=pager("due", "due", dues), warned_pager=pager("warned", "cursor", warned),
        )  # fmt: skip

    @ui.get("/lists/{list_id}/dynamic/{what}.{kind}")
    async def table(
        person: PagePrincipal, list_id: str, what: Literal["due", "warned"], kind: Kind, year: int | None = None
    ) -> Response:
        """What the page shows this person, to take away."""
        name = ListId.parse(list_id)
        async with database.reading() as session:
            found = await b.see_attention(session, person, name, year=year, lapsed=True)
        return await answer(attention_sheet(b.law, name, found, what, b.runtime.clock.today()), kind)

    return ui


def _keeps(b: Bootstrap, person: Any, list_id: ListId) -> bool:
    try:
        keeper_of(b.law, person, list_id)
    except (NotFound, Forbidden):
        return False
    return True


def _acts(ui: APIRouter, b: Bootstrap) -> None:
    database = b.runtime.database

    @ui.post("/lists/{list_id}/dynamic/{act}")
    async def acts(request: Request, person: PagePrincipal, form: CheckedForm, list_id: str, act: str) -> Response:
        name = ListId.parse(list_id)
        once, uow = once_of(request, person, form), database.unit_of_work(person.actor())

        async def propose() -> Mapping[str, Any]:
            reason = needed(form, "reason", "理由", 2000)
            proposal = Proposal(id_of(form, "unit_id"), name, AdjustmentKind.REMOVAL, BOTTOM, reason)
            return await b.propose_adjustment(uow, once, person, proposal)

        async def decide() -> Mapping[str, Any]:
            reason, document = needed(form, "reason", "核实情况", 2000), needed(form, "document", "决定文件", 200)
            return await b.decide_adjustment(
                uow, once, person, id_of(form, "adjustment_id"), agreed=needed(form, "agreed", "决定", 3) == "yes",
                reason=reason, seen=version_seen(form), document=document,
            )  # fmt: skip

        async def take_back() -> Mapping[str, Any]:
            return await b.take_back_adjustment(
                uow, once, person, id_of(form, "adjustment_id"), reason=needed(form, "reason", "理由", 2000),
                seen=version_seen(form),
            )  # fmt: skip

        known = {
            "propose": (propose, "已提出移出，须由另一人凭文件决定。"),
            "decide": (decide, "已登记决定。" + ("将随下一期名单公布。" if text(form, "agreed") == "yes" else "")),
            "take-back": (take_back, "已撤回决定。"),
        }
        if act not in known:
            raise NotFound
        return await carried_out(request, f"/registry/ui/lists/{name}/dynamic", known[act][1], known[act][0])


def _units(ui: APIRouter, b: Bootstrap) -> None:
    database = b.runtime.database

    @ui.get("/mine")
    async def mine(request: Request, person: PagePrincipal) -> Response:
        """The person's own units (本单位)."""
        if not person.org or not person.has("applicant"):
            raise NotFound
        async with database.reading() as session:
            units = await views.units_of(session, person.org)
        return render(request, "mine.html", units=units)

    @ui.get("/units/{unit_id}/standing")
    async def standing(request: Request, person: PagePrincipal, unit_id: PathId) -> Response:
        async with database.reading() as session:
            found = await b.see_standing(session, person, unit_id)
            name = await views.name_of(session, unit_id)
        for m in (*found["memberships"], *found["rankings"], *found["removals_due"]):
            m["heading"] = heading(b.law, ListId.parse(m["list_id"]))
        return render(request, "standing.html", name=name, found=found, states=DUE_STATES)
