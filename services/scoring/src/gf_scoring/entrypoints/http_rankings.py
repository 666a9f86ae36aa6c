"""The API of rankings (排名)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Response

from gf_chassis.http import Cursor, Limit, PathId, Router, decode_cursor, encode_cursor, etag, int_if_match
from gf_chassis.idempotency import OnceKey
from gf_chassis.identity import CurrentPrincipal
from gf_scoring.adapters.tables import RankingRunRow
from gf_scoring.bootstrap import Bootstrap
from gf_scoring.domain.rankings import MISSING_WORDS
from gf_scoring.entrypoints import csv_files
from gf_scoring.entrypoints import schemas_rankings as schemas
from gf_scoring.usecases.find_rankings import FoundRun

IfMatch = Annotated[str | None, Header(description='所依据的版本，例如 "1"')]
View = Literal["all", "ranked", "bottom", "warned", "due", "missing"]

COLUMNS = (
    ("place", "名次"),
    ("name", "单位名称"),
    ("uscc", "统一社会信用代码"),
    ("recipient", "推荐单位"),
    ("superior", "上级主管部门"),
    ("key_industry", "重点行业"),
    ("points", "得分"),
    ("industry_place", "行业名次"),
    ("industry_count", "行业家数"),
    ("grade", "绿码等级"),
    ("bottom", "处于后5%"),
    ("streak", "连续年数"),
    ("warned", "预警"),
    ("due", "达到移出条件"),
    ("missing", "未参加排名的原因"),
    ("unit_id", "单位编号"),
)


def router(parts: Bootstrap) -> APIRouter:
    router = Router(tags=["排名"])
    _acts(router, parts)

    @router.get("/rankings", summary="排名清单")
    async def list_rankings(principal: CurrentPrincipal, campaign_id: UUID | None = None) -> schemas.RankingList:
        found = await parts.find_rankings.listed(principal, campaign_id)
        return schemas.RankingList(items=[summary_out(run) for run in found])

    @router.get("/rankings/{run_id}", summary="一次排名：状态、规则、平均水平、摘要")
    async def show_ranking(principal: CurrentPrincipal, run_id: PathId, response: Response) -> schemas.RankingOut:
        found = await parts.find_rankings.one(principal, run_id)
        response.headers["ETag"] = etag(found.run.version)
        return ranking_out(found)

    @router.get("/rankings/{run_id}/places", summary="名次：本主管部门范围内的单位；申报单位只有自己")
    async def list_places(
        principal: CurrentPrincipal, run_id: PathId, view: View = "all", limit: Limit = 50, cursor: Cursor = None
    ) -> schemas.PlaceList:
        after = decode_cursor(cursor, int)
        start = after[0] if after else 0
        rows = await parts.find_rankings.places(principal, run_id, view, start, limit + 1)
        more = encode_cursor(rows[limit - 1]["nth"]) if len(rows) > limit and "nth" in rows[0] else None
        return schemas.PlaceList(items=[place_out(row) for row in rows[: limit if more else None]], next=more)

    @router.get("/rankings/{run_id}/places.csv", summary="名次（CSV，UTF-8）", response_class=Response)
    async def export(principal: CurrentPrincipal, run_id: PathId, view: View = "all") -> Response:
        rows = await parts.find_rankings.places(principal, run_id, view, 0, csv_files.MOST)
        return csv_files.answer(f"ranking-{run_id}-{view}.csv", [label for _, label in COLUMNS], map(cells, rows))

    return router


def _acts(router: APIRouter, parts: Bootstrap) -> None:
    @router.post("/rankings", status_code=201, summary="发起一个类别的排名")
    async def start(
        principal: CurrentPrincipal, body: schemas.RankingIn, once: OnceKey, response: Response
    ) -> schemas.RankingMoved:
        result = await parts.start_ranking(principal, body.campaign_id, body.category, once)
        once.headers(response)
        response.headers["ETag"] = etag(result["version"])
        return schemas.RankingMoved.model_validate(result)

    @router.post("/rankings/{run_id}/close", summary="结束排名；数据未齐时说明还缺什么")
    async def close(principal: CurrentPrincipal, run_id: PathId) -> schemas.RankingMoved:
        await parts.close_ranking(principal, run_id)
        run = (await parts.find_rankings.one(principal, run_id)).run
        return schemas.RankingMoved(id=run.id, state=run.state, version=run.version)

    @router.post("/rankings/{run_id}/publish", summary="发布排名；替代同一年度同一类别已发布的排名")
    async def publish(
        principal: CurrentPrincipal,
        run_id: PathId,
        body: schemas.PublishIn,
        once: OnceKey,
        response: Response,
        if_match: IfMatch = None,
    ) -> schemas.RankingMoved:
        version = int_if_match(if_match)
        result = await parts.publish_ranking(principal, run_id, version, body.document, body.person, once)
        once.headers(response)
        response.headers["ETag"] = etag(result["version"])
        return schemas.RankingMoved.model_validate(result)


def summary_out(run: RankingRunRow) -> schemas.RankingSummary:
    return schemas.RankingSummary.model_validate({name: getattr(run, name) for name in _SUMMARY})


_SUMMARY = tuple(schemas.RankingSummary.model_fields)


def ranking_out(found: FoundRun) -> schemas.RankingOut:
    run = found.run
    own = {name: getattr(run, name) for name in schemas.RankingOut.model_fields if hasattr(run, name)}
    waiting = list(found.waiting.reasons()) if found.waiting else []
    return schemas.RankingOut.model_validate({**own, "waiting_for": waiting, "counts": found.counts})


def place_out(row: Mapping[str, Any]) -> schemas.PlaceOut:
    points = None if row["points"] is None else f"{row['points']:f}"
    return schemas.PlaceOut.model_validate({**{n: row[n] for n in schemas.PlaceOut.model_fields}, "points": points})


def cells(row: Mapping[str, Any]) -> list[object]:
    """A row as people read it."""
    shown: dict[str, Any] = dict(row)
    shown["points"] = "" if row["points"] is None else f"{row['points']:f}"
    shown["missing"] = MISSING_WORDS.get(row["missing"], row["missing"])
    for name in ("bottom", "warned", "due"):
        shown[name] = "是" if row[name] else ""
    shown["streak"] = row["streak"] or ""
    return [shown[name] for name, _ in COLUMNS]
