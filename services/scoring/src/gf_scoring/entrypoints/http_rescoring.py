"""The API of shadow runs (试算) and of the switch (切换)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response
from pydantic import Field, StringConstraints

from gf_chassis.http import Cursor, Limit, PathId, Router, decode_cursor, encode_cursor, etag, int_if_match
from gf_chassis.idempotency import OnceKey
from gf_chassis.identity import CurrentPrincipal, Principal
from gf_chassis.json import ApiModel
from gf_policy.tables import REST
from gf_scoring.adapters.tables import RescoreRunRow
from gf_scoring.bootstrap import Bootstrap
from gf_scoring.entrypoints import csv_files
from gf_scoring.entrypoints.schemas import Code, Words
from gf_scoring.entrypoints.schemas_rankings import PublishIn
from gf_scoring.usecases.find_rescorings import FoundRescoring
from gf_scoring.usecases.start_rescoring import Trial

IfMatch = Annotated[str | None, Header(description='所依据的版本，例如 "1"')]
State = Literal["running", "finished", "switched", "dropped"]
View = Annotated[Literal["all", "bottom", "grade", "band"], Query(description="全部变化、后5%、等级、星级")]


class RescoringIn(ApiModel):
    """一次试算：对一个年度一个类别的全部评分表，按候选规则在旁重新评分。"""

    campaign_id: UUID
    category: Code
    kind: Code | None = Field(default=None, description="填报种类；省略为全部")
    title: Words
    ruleset: Annotated[str, StringConstraints(max_length=500_000)] = Field(
        default="", description="候选评分规则文件（YAML 全文）；省略则只换引领值和基准值"
    )
    sets: list[UUID] = Field(default=[], max_length=100, description="拟发布的引领值和基准值（草稿）编号")


class RescoringMoved(ApiModel):
    id: UUID
    state: State
    version: int


class RescoringOut(ApiModel):
    id: UUID
    campaign_id: UUID
    category: str
    kind: str | None
    authority: str
    title: str
    ruleset_id: str
    ruleset_version: str
    ruleset_hash: str
    sets: list[str]
    state: State
    version: int
    total: int = Field(description="总体中的填报件数")
    scored: int = Field(description="已试算件数")
    appended: int = Field(description="切换后已生成新版本的件数")
    report: dict[str, Any] | None = Field(description="试算报告：得分、星级、等级、后5%的变化，按推荐单位和行业")
    created_at: datetime
    finished_at: datetime | None
    document: str
    person: str
    switched_at: datetime | None
    appended_at: datetime | None


class RescoringList(ApiModel):
    items: list[RescoringMoved]


class MoverOut(ApiModel):
    """一家位次有变化的单位。"""

    submission_id: UUID
    unit_id: UUID
    name: str
    uscc: str
    superior: str
    recipient: str
    key_industry: str
    former: str | None
    total: str | None
    former_grade: str
    grade: str
    former_band: str = Field(description="现行星级或等级（评分规则划定），代码；没有的为空")
    band: str = Field(description="试算星级或等级，代码；没有的为空")
    former_bottom: bool
    bottom: bool


class MoverList(ApiModel):
    items: list[MoverOut]
    next: str | None


COLUMNS = (
    ("name", "单位名称"),
    ("uscc", "统一社会信用代码"),
    ("recipient", "推荐单位"),
    ("superior", "上级主管部门"),
    ("key_industry", "行业"),
    ("former", "现行得分"),
    ("total", "试算得分"),
    ("former_band", "现行星级"),
    ("band", "试算星级"),
    ("former_grade", "现行等级"),
    ("grade", "试算等级"),
    ("former_bottom", "现行处于后5%"),
    ("bottom", "试算处于后5%"),
    ("submission_id", "填报编号"),
)


def router(parts: Bootstrap) -> APIRouter:
    router = Router(tags=["试算"])
    _acts(router, parts)

    @router.get("/rescore-runs", summary="试算清单")
    async def list_runs(principal: CurrentPrincipal) -> RescoringList:
        found = await parts.find_rescorings.listed(principal)
        return RescoringList(items=[RescoringMoved(id=r.id, state=r.state, version=r.version) for r in found])

    @router.get("/rescore-runs/{run_id}", summary="一次试算：进度和报告")
    async def show_run(principal: CurrentPrincipal, run_id: PathId, response: Response) -> RescoringOut:
        found = await parts.find_rescorings.one(principal, run_id)
        response.headers["ETag"] = etag(found.run.version)
        return run_out(found)

    @router.get("/rescore-runs/{run_id}/movers", summary="位次有变化的单位")
    async def list_movers(
        principal: CurrentPrincipal,
        run_id: PathId,
        view: View = "all",
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> MoverList:
        after = decode_cursor(cursor, UUID)
        rows = await parts.find_rescorings.movers(
            principal, run_id, view=view, after=after[0] if after else None, limit=limit + 1
        )
        more = encode_cursor(str(rows[limit - 1]["submission_id"])) if len(rows) > limit else None
        return MoverList(items=[mover_out(row) for row in rows[:limit]], next=more)

    @router.get("/rescore-runs/{run_id}/movers.csv", summary="位次有变化的单位（CSV）", response_class=Response)
    async def export(principal: CurrentPrincipal, run_id: PathId, view: View = "all") -> Response:
        return await movers_csv(parts, principal, run_id, view)

    return router


async def movers_csv(parts: Bootstrap, principal: Principal, run_id: UUID, view: str) -> Response:
    run = (await parts.find_rescorings.one(principal, run_id)).run
    rows = await parts.find_rescorings.movers(principal, run_id, view=view, limit=csv_files.MOST)
    bands, industries = band_names(run), industry_names(parts)
    head = [label for _, label in COLUMNS]
    shown = (cells(row, bands, industries) for row in rows)
    return csv_files.answer(f"rescoring-{run_id}-{view}.csv", head, shown)


def band_names(run: RescoreRunRow) -> dict[str, str]:
    """Names of the bands (星级) in a run's report; one drawn up before there were bands has none."""
    return {one["code"]: one["name"] for one in (run.report or {}).get("band_names", [])}


def industry_names(parts: Bootstrap) -> dict[str, str]:
    """Key industries, and the slots that classes fall into, by their names."""
    slots = {entry.code: entry.name for entry in parts.rulesets.entries if entry.code != REST}
    return slots | {key.code: key.name for key in parts.book.industries.keys}


def _acts(router: APIRouter, parts: Bootstrap) -> None:
    @router.post("/rescore-runs", status_code=201, summary="发起试算；不改变任何评分表")
    async def start(
        principal: CurrentPrincipal, body: RescoringIn, once: OnceKey, response: Response
    ) -> RescoringMoved:
        trial = Trial(body.campaign_id, body.category, body.kind, body.title, body.ruleset, body.sets)
        result = await parts.start_rescoring(principal, trial, once)
        once.headers(response)
        response.headers["ETag"] = etag(result["version"])
        return RescoringMoved.model_validate(result)

    @router.post("/rescore-runs/{run_id}/switch", summary="切换：候选规则生效，全部评分表随后生成新版本")
    async def switch(
        principal: CurrentPrincipal,
        run_id: PathId,
        body: PublishIn,
        once: OnceKey,
        response: Response,
        if_match: IfMatch = None,
    ) -> RescoringMoved:
        version = int_if_match(if_match)
        result = await parts.switch_ruleset(principal, run_id, version, body.document, body.person, once)
        once.headers(response)
        response.headers["ETag"] = etag(result["version"])
        return RescoringMoved.model_validate(result)

    @router.post("/rescore-runs/{run_id}/drop", summary="放弃试算")
    async def drop(principal: CurrentPrincipal, run_id: PathId, once: OnceKey, response: Response) -> RescoringMoved:
        result = await parts.drop_rescoring(principal, run_id, once)
        once.headers(response)
        return RescoringMoved.model_validate(result)


def run_out(found: FoundRescoring) -> RescoringOut:
    run: RescoreRunRow = found.run
    own = {name: getattr(run, name) for name in RescoringOut.model_fields if hasattr(run, name)}
    return RescoringOut.model_validate({**own, "scored": found.scored, "appended": found.appended})


def mover_out(row: Mapping[str, Any]) -> MoverOut:
    shown = {name: row[name] for name in MoverOut.model_fields}
    return MoverOut.model_validate({**shown, "former": _plain(row["former"]), "total": _plain(row["total"])})


def _plain(value: Any) -> str | None:
    return None if value is None else f"{value:f}"


def cells(row: Mapping[str, Any], bands: Mapping[str, str], industries: Mapping[str, str]) -> list[object]:
    shown = {**row, "former": _plain(row["former"]), "total": _plain(row["total"])}
    for name in ("former_bottom", "bottom"):
        shown[name] = "是" if row[name] else ""
    for name in ("former_band", "band"):
        shown[name] = bands.get(row[name], row[name])
    shown["key_industry"] = industries.get(row["key_industry"], row["key_industry"])
    return [shown[name] for name, _ in COLUMNS]
