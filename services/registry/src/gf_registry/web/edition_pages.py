"""Publishing an edition (公布名单): what it will contain, its document and date, and the act itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from gf_chassis.errors import FieldError, NotFound, Rejected
from gf_chassis.forms import new_key, number, text, version_seen
from gf_chassis.http import Cursor, decode_cursor, encode_cursor
from gf_chassis.problems import explain
from gf_chassis.web import CheckedForm, PagePrincipal, render
from gf_registry.adapters import views
from gf_registry.domain.lists import ListId
from gf_registry.entrypoints import schemas
from gf_registry.entrypoints.exports import Kind, Table, answer, one_page
from gf_registry.labels import CHANGES, grounds, heading
from gf_registry.usecases.parts import ALL, Part
from gf_registry.web.forms import Done, carried_out, id_of, needed, once_of

if TYPE_CHECKING:
    from gf_registry.bootstrap import Bootstrap

Act = Callable[[], Awaitable[Mapping[str, Any]]]
#: Changes on one page; all of them are in the table to take away.
PAGE = 50
LABELS = {"year": "年份", "document": "公布文件", "effective": "生效日期"}


def router(b: Bootstrap) -> APIRouter:
    ui = APIRouter()
    database = b.runtime.database
    _acts(ui, b)

    @ui.get("/desk")
    async def desk(request: Request, person: PagePrincipal) -> Response:
        """The lists that the person's authority keeps."""
        if not person.authority:
            raise NotFound
        person.require("registrar")
        async with database.reading() as session:
            lists = await views.kept_by(session, person.authority)
        for one in lists:
            one["heading"] = heading(b.law, ListId.parse(one["list_id"]))
        return render(request, "desk.html", lists=lists)

    @ui.get("/lists/{list_id}/edition")
    async def edition(request: Request, person: PagePrincipal, list_id: str, cursor: Cursor = None) -> Response:
        name = ListId.parse(list_id)
        found = await _pending(b, person, name, Part(PAGE, decode_cursor(cursor, int, int)))
        following = found["following"]
        async with database.reading() as session:
            editions = await views.editions(session, name)
        return render(
            request, "edition.html", heading=heading(b.law, name), list_id=str(name), found=found, changes=CHANGES,
            grounds=grounds(b.law, b.runtime.clock.today()),
            numbers=Counter(found["numbers"]), key=new_key(),
            last=editions[-1] if editions else None, draft=found["draft"], today=b.runtime.clock.today(),
            next_href=f"?cursor={encode_cursor(*following)}#changes" if following else "",
            first_href="?#changes" if cursor else "",
        )  # fmt: skip

    @ui.get("/lists/{list_id}/edition/changes.{kind}")
    async def changes(person: PagePrincipal, list_id: str, kind: Kind) -> Response:
        """All that the edition will announce."""
        name = ListId.parse(list_id)
        found = await _pending(b, person, name)
        columns = ("变动", "名称", "统一社会信用代码", "行政区划代码", "事由", "记录时间")
        rows = [
            [CHANGES[i["change"]][0], i["name"], i["uscc"], i["region"], i["ground"], i["recorded_at"]]
            for i in found["items"]
        ]
        title = f"{heading(b.law, name)}　待公布的变动　记录至第 {found['position']} 号变更"
        return await answer(Table(f"{name}-changes", title, columns, one_page(rows)), kind)

    return ui


async def _pending(b: Bootstrap, person: Any, name: ListId, page: Part = ALL) -> dict[str, Any]:
    async with b.runtime.database.unit_of_work(person.actor()) as uow:
        return await b.see_pending(uow, person, name, page=page)


def _acts(ui: APIRouter, b: Bootstrap) -> None:
    database = b.runtime.database

    @ui.post("/lists/{list_id}/edition/{act}")
    async def acts(request: Request, person: PagePrincipal, form: CheckedForm, list_id: str, act: str) -> Response:
        name = ListId.parse(list_id)
        once, uow = once_of(request, person, form), database.unit_of_work(person.actor())

        async def draft() -> Mapping[str, Any]:
            body = _draft(form)
            return await b.draft_edition(
                uow, once, person, name, year=body.year, document=body.document, effective=body.effective
            )

        async def redraft() -> Mapping[str, Any]:
            body = _draft(form)
            return await b.redraft_edition(
                uow, once, person, name, id_of(form, "edition_id"), year=body.year, document=body.document,
                effective=body.effective, seen=version_seen(form),
            )  # fmt: skip

        async def publish() -> Mapping[str, Any]:
            return await b.publish_edition(uow, once, person, name, id_of(form, "edition_id"), seen=version_seen(form))

        async def changed() -> Sequence[str]:
            last = number(form, "seen")
            if not isinstance(last, int):
                return []
            async with database.reading() as session:
                rows = await views.changes_since(session, name, last, 20)
            lines = [f"{CHANGES[r['kind']][0]}：{r['name']}（第 {r['position']} 号变更）" for r in rows]
            return lines or ["拟定的名单已修改，或有决定被撤回。"]

        here = f"/registry/ui/lists/{name}"
        known: dict[str, tuple[Act, str, Done]] = {
            "draft": (draft, f"{here}/edition", "已拟定，请核对后公布。"),
            "redraft": (redraft, f"{here}/edition", "已修改，请核对后公布。"),
            "publish": (publish, here, _published),
        }
        if act not in known:
            raise NotFound
        run, target, done = known[act]
        return await carried_out(request, target, done, run, changed=changed, again=f"{here}/edition")


def _published(made: Mapping[str, Any]) -> str:
    counts = made["counts"]
    return (
        f"已公布 {made['year']} 年第 {made['number']} 期：在册 {counts['listed']} 家，新增 {counts['added']}，"
        f"移出 {counts['removed']}，更名 {counts['renamed']}。"
    )


def _draft(form: FormData) -> schemas.Draft:
    """The form through the same schema as the API."""
    document = needed(form, "document", LABELS["document"], 200)
    try:
        effective = date.fromisoformat(text(form, "effective")) if text(form, "effective") else None
        return schemas.Draft(year=number(form, "year"), document=document, effective=effective)
    except ValidationError as error:
        wrong = [
            FieldError(f"/{one['loc'][0]}", "invalid", f"{LABELS[str(one['loc'][0])]}：{explain(dict(one))}")
            for one in error.errors(include_url=False)
        ]
    except ValueError:
        wrong = [FieldError("/effective", "invalid", "生效日期应为年-月-日，例如 2025-12-01。")]
    raise Rejected("invalid", "填写有误：" + "".join(one.detail for one in wrong), errors=wrong)
