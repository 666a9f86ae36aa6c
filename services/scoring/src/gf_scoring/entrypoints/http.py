"""The API of scoring."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response

from gf_chassis.errors import NotFound
from gf_chassis.http import Cursor, Limit, PathId, Router, decode_cursor, encode_cursor, etag, int_if_match
from gf_chassis.idempotency import OnceKey
from gf_chassis.identity import CurrentPrincipal
from gf_chassis.json import CleanText
from gf_policy.errors import PolicyLookupError
from gf_scoring.adapters import benchmark_sets, contracts
from gf_scoring.adapters.tables import SheetRow
from gf_scoring.bootstrap import Bootstrap
from gf_scoring.domain.benchmarks import Level
from gf_scoring.domain.engine import MISSING, NOT_APPLICABLE, FactKey, FactValue, Product
from gf_scoring.domain.recompute import Stated, StatedLine
from gf_scoring.entrypoints import http_rankings, http_reference, http_rescoring, presenters, schemas
from gf_scoring.usecases.create_benchmark_set import NewSet
from gf_scoring.usecases.try_changes import Change, advice

IfMatch = Annotated[str | None, Header(description='所依据的版本，例如 "1"')]


def routers(parts: Bootstrap) -> list[APIRouter]:
    return [
        _rulesets(parts),
        _benchmark_sets(parts),
        _sheets(parts),
        http_rankings.router(parts),
        http_rescoring.router(parts),
        http_reference.router(parts),
    ]


def _rulesets(parts: Bootstrap) -> APIRouter:
    router = Router(tags=["评分规则"])

    @router.get("/rulesets", summary="评分规则清单")
    async def list_rulesets(principal: CurrentPrincipal) -> schemas.RulesetList:
        return schemas.RulesetList(items=[presenters.ruleset_summary(ruleset) for ruleset in parts.rulesets])

    @router.get("/rulesets/{ruleset_id:path}", summary="一套评分规则：指标、公式、权重、依据")
    async def show_ruleset(principal: CurrentPrincipal, ruleset_id: str) -> schemas.RulesetOut:
        ruleset = parts.rulesets.get(ruleset_id)
        if ruleset is None:
            raise NotFound
        return presenters.ruleset_out(ruleset)

    return router


def _benchmark_sets(parts: Bootstrap) -> APIRouter:
    router = Router(tags=["引领值和基准值"])

    @router.post("/benchmark-sets", status_code=201, summary="录入引领值和基准值（草稿）")
    async def create(
        principal: CurrentPrincipal, body: schemas.BenchmarkSetIn, once: OnceKey, response: Response
    ) -> schemas.SetMoved:
        given = NewSet(
            campaign_id=body.campaign_id,
            category=body.category,
            key_industry=body.key_industry,
            title=body.title,
            document=body.document,
            person=body.person,
            demo=body.demo,
            levels=[
                Level(row.indicator, row.lead, row.baseline, row.document, row.article, row.assumption)
                for row in body.levels
            ],
        )
        result = await parts.create_benchmark_set(principal, given, once)
        once.headers(response)
        response.headers["ETag"] = etag(result["version"])
        return schemas.SetMoved.model_validate(result)

    @router.post("/benchmark-sets/{set_id}/publish", summary="发布：替代同一范围内已发布的一套")
    async def publish(
        principal: CurrentPrincipal, set_id: PathId, once: OnceKey, response: Response, if_match: IfMatch = None
    ) -> schemas.SetMoved:
        result = await parts.publish_benchmark_set(principal, set_id, int_if_match(if_match), once)
        once.headers(response)
        response.headers["ETag"] = etag(result["version"])
        return schemas.SetMoved.model_validate(result)

    @router.get("/benchmark-sets", summary="引领值和基准值清单")
    async def list_sets(
        principal: CurrentPrincipal,
        campaign_id: UUID | None = None,
        state: Annotated[str | None, Query(pattern="^(draft|published|superseded)$")] = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> schemas.BenchmarkSetList:
        after = decode_cursor(cursor, UUID)
        async with parts.database.reading() as session:
            rows = await benchmark_sets.listed(
                session,
                authority=principal.authority,
                campaign_id=campaign_id,
                state=state,
                after=after[0] if after else None,
                limit=limit + 1,
            )
        more = encode_cursor(str(rows[limit - 1].id)) if len(rows) > limit else None
        return schemas.BenchmarkSetList(items=[presenters.benchmark_set_out(row) for row in rows[:limit]], next=more)

    @router.get("/benchmark-sets/{set_id}", summary="一套引领值和基准值")
    async def show_set(principal: CurrentPrincipal, set_id: PathId, response: Response) -> schemas.BenchmarkSetOut:
        async with parts.database.reading() as session:
            row = await benchmark_sets.one(session, set_id, principal.authority)
        if row is None:
            raise NotFound
        response.headers["ETag"] = etag(row.version)
        return presenters.benchmark_set_out(row)

    return router


def _sheets(parts: Bootstrap) -> APIRouter:
    router = Router(tags=["评分表"])

    @router.get("/sheets/{submission_id}", summary="一份填报的评分表：全部轮次和版本")
    async def show_sheets(principal: CurrentPrincipal, submission_id: PathId) -> schemas.SheetsOut:
        found = await parts.find_sheets(principal, submission_id)
        items = [presenters.sheet_out(row, parts.versions, labels_of(parts, row)) for row in found.revisions]
        return schemas.SheetsOut(submission_id=submission_id, items=items)

    @router.post("/sheets/{submission_id}/revisions", status_code=201, summary="按现行引领值和基准值重新评分")
    async def rescore(
        principal: CurrentPrincipal, submission_id: PathId, body: schemas.RescoreIn, once: OnceKey, response: Response
    ) -> schemas.RescoreOut:
        result = await parts.rescore_submission(principal, submission_id, body.reason, once)
        once.headers(response)
        return schemas.RescoreOut.model_validate(result)

    @router.post("/verify", summary="复核：只凭评分表本身重新计算")
    async def verify(principal: CurrentPrincipal, body: schemas.SheetOut) -> schemas.VerifyOut:
        async with parts.database.reading() as session:
            await parts.versions.load(session)
        return verification(parts, body)

    @router.post("/what-if", summary="假设测算：改动填报数值看得分，不保存")
    async def what_if(principal: CurrentPrincipal, body: schemas.WhatIfIn) -> schemas.WhatIfOut:
        changes = [Change(one.code, one.year, one.value) for one in body.changes]
        tried = await parts.try_changes(principal, body.submission_id, changes, body.marks)
        return schemas.WhatIfOut.model_validate(asdict(tried))

    @router.get("/sheets/{submission_id}/advice", summary="提升建议：各指标失分，以及下一步提升最多可得几分")
    async def advice_of(principal: CurrentPrincipal, submission_id: PathId) -> schemas.AdviceOut:
        found = await parts.find_sheets(principal, submission_id)
        steps = advice(found.revisions[-1], parts.versions)
        return schemas.AdviceOut.model_validate({"items": [asdict(step) for step in steps]})

    @router.get("/averages", summary="本地区名单内现有单位的平均得分（N25 一）")
    async def average(
        principal: CurrentPrincipal, campaign_id: UUID, category: CleanText, authority: CleanText, list_id: CleanText
    ) -> schemas.AverageOut:
        principal.require("reviewer", "approver", "steward", rule="N25-avg")
        # One's own region, and what lies below it.
        if principal.authority not in parts.superiors(authority):
            raise NotFound
        found = await parts.find_average(campaign_id, category, authority, list_id)
        return schemas.AverageOut(
            authority=found.authority,
            category=found.category,
            list_id=found.list_id,
            count=found.count,
            points=found.points,
            as_of=found.as_of,
        )

    return router


def verification(parts: Bootstrap, sheet: schemas.SheetOut) -> schemas.VerifyOut:
    found = parts.verify_sheet(sheet.ruleset_id, stated(sheet), parts.versions.with_hash(sheet.ruleset_hash))
    return schemas.VerifyOut(
        equal=not found,
        differences=[
            schemas.DifferenceOut(pointer=one.pointer, stated=one.stated, computed=one.computed) for one in found
        ],
    )


def labels_of(parts: Bootstrap, row: SheetRow) -> dict[str, str]:
    """What the form calls its values."""
    subject = contracts.subject_of(contracts.admitted_from(row.admitted))
    try:
        form = parts.book.effective_for(subject.base, subject.superior).form(subject.category, subject.kind)
    except PolicyLookupError:
        return {}
    return {one.code: one.label for one in form.rows}


def stated(sheet: schemas.SheetOut) -> Stated:
    facts: dict[FactKey, FactValue] = {}
    products: dict[str, dict[FactKey, FactValue]] = {}
    for fact in sheet.facts:
        value: FactValue
        if fact.presence == "given" and fact.value is not None:
            value = tuple(fact.value) if isinstance(fact.value, list) else fact.value
        else:
            value = NOT_APPLICABLE if fact.presence == "not_applicable" else MISSING
        values = products.setdefault(fact.product, {}) if fact.product else facts
        values[(fact.code, fact.year or 0, fact.unit)] = value
    return Stated(
        campaign_year=sheet.campaign_year,
        ruleset_hash=sheet.ruleset_hash,
        engine_version=sheet.engine_version,
        total=sheet.total,
        lines=[
            StatedLine(line.indicator, line.branch, line.points, line.value, line.lead, line.baseline)
            for line in sheet.lines
        ],
        facts=facts,
        marks=dict(sheet.marks),
        products=tuple(Product(name, values) for name, values in products.items()),
        band=sheet.band,
    )
