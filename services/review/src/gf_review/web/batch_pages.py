"""Pages of recommendation batches (推荐批次) and publicity (公示)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from gf_chassis.errors import NotFound, Stale
from gf_chassis.forms import new_key, text
from gf_chassis.http import Cursor, PathId, decode_cursor, encode_cursor
from gf_chassis.web import CheckedForm, render, when
from gf_review.domain.errors import Invalid
from gf_review.entrypoints import schemas
from gf_review.entrypoints.common import UseCases
from gf_review.entrypoints.http_batches import excel
from gf_review.entrypoints.summary_sheet import NUMBERS, summary_csv
from gf_review.usecases.acting import Done
from gf_review.usecases.seal_recommendation import COLUMNS
from gf_review.web.forms import carried_out, nth, once_of, parsed, uploaded
from gf_review.web.pages import Official

ui = APIRouter()
PAGE = 50


def _seen(form: FormData) -> int:
    value = text(form, "seen")
    if not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise Stale
    return int(value)


@ui.get("/batches")
async def batches(request: Request, person: Official, review: UseCases, cursor: Cursor = None) -> Response:
    items, following = await review.batch_queries.recommendations(person.authority, after=_after(cursor), limit=PAGE)
    return render(
        request,
        "batches.html",
        items=items,
        campaigns=await review.queries.campaigns(),
        key=new_key(),
        next_href=_next(following),
        first_href="/review/ui/batches" if cursor else "",
    )


def _after(cursor: str | None) -> str | None:
    after = decode_cursor(cursor, str)
    return after[0] if after else None


def _next(following: str | None) -> str:
    return f"?cursor={encode_cursor(following)}" if following else ""


@ui.post("/batches")
async def start(request: Request, person: Official, form: CheckedForm, review: UseCases) -> Response:
    made = ""

    async def begin() -> Done:
        nonlocal made
        names = ("campaign_id", "category", "kind", "title")
        body = parsed(schemas.RecommendationIn, {name: text(form, name) for name in names})
        done = await review.start_recommendation(
            person,
            campaign_id=body.campaign_id,
            category=body.category,
            kind=body.kind,
            title=body.title,
            once=once_of(request, person, form),
        )
        made = "/" + str(done.result["recommendation_id"])
        return done

    return await carried_out(request, lambda: f"/review/ui/batches{made}", "已新建推荐批次。", begin)


@ui.get("/batches/{recommendation_id}")
async def batch(
    request: Request, person: Official, review: UseCases, recommendation_id: PathId, since: str = ""
) -> Response:
    found = await review.batch_queries.recommendation(person.authority, str(recommendation_id))
    return render(
        request,
        "batch.html",
        batch=found,
        columns=COLUMNS,
        numbers=NUMBERS,
        since=_since(found, since),
        key=new_key(),
        may_decide=person.has("approver"),
    )


@ui.get("/batches/{recommendation_id}/summary.csv")
async def summary(person: Official, review: UseCases, recommendation_id: PathId) -> Response:
    found = await review.batch_queries.recommendation(person.authority, str(recommendation_id))
    headers = {"Content-Disposition": 'attachment; filename="summary.csv"'}
    return Response(summary_csv(found["summary"]), media_type="text/csv; charset=utf-8", headers=headers)


@ui.get("/batches/{recommendation_id}/summary.xlsx")
async def summary_excel(person: Official, review: UseCases, recommendation_id: PathId) -> Response:
    return excel(await review.batch_queries.recommendation(person.authority, str(recommendation_id)))


@ui.post("/batches/{recommendation_id}/{act}")
async def act_on_batch(
    request: Request, person: Official, form: CheckedForm, review: UseCases, recommendation_id: PathId, act: str
) -> Response:
    batch_id = str(recommendation_id)
    once = once_of(request, person, form)
    reason = text(form, "reason")

    async def add() -> Done:
        """All that were ticked, one after the other."""
        chosen = [one for one in form.getlist("submission_id") if isinstance(one, str) and one]
        if not chosen:
            raise Invalid("请先勾选要加入批次的申报。")
        seen = _seen(form)
        for place, one in enumerate(chosen):
            body = parsed(schemas.SubmissionRef, {"submission_id": one})
            done = await review.add_to_recommendation(person, batch_id, seen, body.submission_id, nth(once, place))
            seen = int(done.result["version"])
        return done

    async def remove() -> Done:
        body = parsed(schemas.SubmissionRef, {"submission_id": text(form, "submission_id")})
        return await review.remove_from_recommendation(person, batch_id, _seen(form), body.submission_id, once)

    async def document() -> Done:
        name, chunks = await uploaded(form)
        return await review.attach_recommendation_document(person, batch_id, _seen(form), name, chunks, once)

    async def seal() -> Done:
        return await review.seal_recommendation(person, batch_id, _seen(form), once)

    async def send() -> Done:
        return await review.send_recommendation(person, batch_id, _seen(form), reason, once=once)

    async def dissolve() -> Done:
        return await review.dissolve_recommendation(person, batch_id, _seen(form), reason, once)

    acts: dict[str, tuple[str, Any]] = {
        "add": ("已加入批次。", add),
        "remove": ("已移出批次。", remove),
        "document": ("推荐文件已上传。", document),
        "seal": ("批次已封存。", seal),
        "send": ("批次已上报，其中的申报全部通过本级审核。", send),
        "dissolve": ("批次已解散。", dissolve),
    }
    if act not in acts:
        raise NotFound
    page = f"/review/ui/batches/{batch_id}"

    async def changed() -> tuple[str, Sequence[str]]:
        now = await review.batch_queries.recommendation(person.authority, batch_id)
        return f"{page}?since={text(form, 'seen')}", _since(now, text(form, "seen"))

    return await carried_out(request, page, *acts[act], changed=changed)


def _since(found: dict[str, Any], seen: str) -> list[str]:
    """What others did to the batch or publicity after the version that was looked at."""
    if not (seen.isascii() and seen.isdigit() and len(seen) <= 9):
        return []
    newer = [one for one in found["history"] if one["version"] is not None and one["version"] > int(seen)]
    return [f"{when(one['at'])}　{one['label']}{'：' + one['reason'] if one['reason'] else ''}" for one in newer]


@ui.get("/publicities")
async def publicities(request: Request, person: Official, review: UseCases, cursor: Cursor = None) -> Response:
    items, following = await review.batch_queries.publicities(person.authority, after=_after(cursor), limit=PAGE)
    return render(
        request,
        "publicities.html",
        items=items,
        next_href=_next(following),
        first_href="/review/ui/publicities" if cursor else "",
    )


@ui.get("/publicities/{publicity_id}")
async def publicity(
    request: Request, person: Official, review: UseCases, publicity_id: PathId, since: str = ""
) -> Response:
    found = await review.batch_queries.publicity(person.authority, str(publicity_id))
    return render(
        request,
        "publicity.html",
        publicity=found,
        since=_since(found, since),
        names={one["submission_id"]: one["name"] for one in found["entries"]},
        key=new_key(),
        may_decide=person.has("approver"),
    )


@ui.post("/publicities/{publicity_id}/{act}")
async def act_on_publicity(
    request: Request, person: Official, form: CheckedForm, review: UseCases, publicity_id: PathId, act: str
) -> Response:
    which = str(publicity_id)
    once = once_of(request, person, form)

    async def open_it() -> Done:
        return await review.open_publicity(person, which, _seen(form), once)

    async def objection() -> Done:
        values = {"submission_id": text(form, "submission_id"), "text": text(form, "text")}
        body = parsed(schemas.ObjectionIn, values)
        return await review.raise_objection(person, which, _seen(form), body.submission_id, body.text, once)

    async def ruling() -> Done:
        values = {"submission_id": text(form, "submission_id"), "reason": text(form, "reason")}
        body = parsed(schemas.RulingIn, values | {"upheld": text(form, "upheld") == "yes"})
        return await review.settle_objection(
            person, which, _seen(form), body.submission_id, upheld=body.upheld, reason=body.reason, once=once
        )

    acts: dict[str, tuple[str, Any]] = {
        "open": ("公示已开始。", open_it),
        "objection": ("异议已登记，该单位暂缓列入。", objection),
        "ruling": ("核实结论已登记。", ruling),
    }
    if act not in acts:
        raise NotFound
    page = f"/review/ui/publicities/{which}"

    async def changed() -> tuple[str, Sequence[str]]:
        now = await review.batch_queries.publicity(person.authority, which)
        return f"{page}?since={text(form, 'seen')}", _since(now, text(form, "seen"))

    return await carried_out(request, page, *acts[act], changed=changed)
