"""Look-up (查询): the key industries and their tables, published limits and quotas, faults of rulesets."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from sqlmodel import col, select

from gf_chassis.errors import NotFound
from gf_chassis.http import Router
from gf_chassis.identity import CurrentPrincipal
from gf_policy.limits import Limit
from gf_policy.tables import TableEntry
from gf_scoring.adapters.tables import BenchmarkSetRow
from gf_scoring.bootstrap import Bootstrap
from gf_scoring.domain.numbers import DIGITS, ONE, plain
from gf_scoring.entrypoints import schemas_reference as schemas
from gf_scoring.entrypoints.schemas import SourceOut


def router(parts: Bootstrap) -> APIRouter:
    router = Router(tags=["评分规则"])

    @router.get("/industries", summary="重点行业清单（N25 附件3）：各适用哪张评价指标表")
    async def industries(
        principal: CurrentPrincipal,
        base: Annotated[str, Query(max_length=100, description="基础规定编号")] = "national/2025/n25",
    ) -> schemas.IndustryList:
        own = await _industries_with_own_levels(parts, base)
        entries = {(e.base, e.code): e for e in parts.rulesets.entries if e.category == "factory"}
        items = []
        for key in parts.book.industries.keys:
            entry = entries.get((base, key.code))
            items.append(
                schemas.IndustryOut(
                    code=key.code,
                    name=key.name,
                    sector=key.sector,
                    sector_name=key.sector_name,
                    classes=list(parts.book.industries.classes(key.code)),
                    table=table_out(entry) if entry else None,
                    own_levels=key.code in own,
                )
            )
        return schemas.IndustryList(items=items)

    @router.get("/tables", summary="按行业适用的评价指标表，含没有取得的（注明不评分的理由）")
    async def tables(
        principal: CurrentPrincipal, base: Annotated[str | None, Query(max_length=100)] = None
    ) -> schemas.TableList:
        found = [entry for entry in parts.rulesets.entries if base is None or entry.base == base]
        return schemas.TableList(items=[table_out(entry) for entry in found])

    @router.get("/limits", summary="国家强制性能耗限额和工业用水定额（参考数据）")
    async def limits(
        principal: CurrentPrincipal,
        kind: Annotated[str | None, Query(pattern="^(energy|water)$")] = None,
        key_industry: Annotated[str | None, Query(max_length=64)] = None,
        year: Annotated[int | None, Query(ge=2000, le=2100, description="评价年：只列当年末有效的版本")] = None,
    ) -> schemas.LimitList:
        found = [
            limit
            for limit in parts.book.limits
            if (kind is None or limit.kind == kind)
            and (key_industry is None or key_industry in limit.key_industries)
            and (year is None or parts.book.limits.find(limit.code, year) is limit)
        ]
        return schemas.LimitList(items=[limit_out(limit) for limit in found])

    @router.get("/limits/{code}", summary="一种产品的限额或定额：全部版本")
    async def limit(principal: CurrentPrincipal, code: str) -> schemas.LimitList:
        editions = parts.book.limits.editions(code)
        if not editions:
            raise NotFound
        return schemas.LimitList(items=[limit_out(one) for one in editions])

    @router.get("/ruleset-faults", summary="有误而未启用的评分规则文件")
    async def faults(principal: CurrentPrincipal) -> schemas.FaultList:
        principal.require("ops", "steward")
        return schemas.FaultList(
            items=[
                schemas.FaultOut(file=fault.file, line=fault.line, reason=fault.reason)
                for fault in parts.rulesets.faults
            ]
        )

    return router


async def _industries_with_own_levels(parts: Bootstrap, base: str) -> set[str]:
    """Key industries whose own lead and baseline some campaign under this base has in force."""
    mine = [ruleset.id for ruleset in parts.rulesets if ruleset.base == base]
    query = select(BenchmarkSetRow.key_industry).where(
        BenchmarkSetRow.state == "published", col(BenchmarkSetRow.ruleset_id).in_(mine)
    )
    async with parts.database.reading() as session:
        return {code for code in await session.exec(query) if code}


def table_out(entry: TableEntry) -> schemas.TableOut:
    return schemas.TableOut(
        base=entry.base,
        category=entry.category,
        code=entry.code,
        name=entry.name,
        classes=list(entry.classes),
        ruleset=entry.ruleset or None,
        not_scorable=entry.reason,
        limits=list(entry.limits),
        source=SourceOut(
            document=entry.source.document, article=entry.source.article, assumption=entry.source.assumption
        ),
    )


def limit_out(limit: Limit) -> schemas.LimitOut:
    return schemas.LimitOut(
        code=limit.code,
        name=limit.name,
        kind=limit.kind,
        unit=limit.unit,
        standard=limit.standard,
        effective=limit.effective,
        levels={str(level): _exact(value.numerator, value.denominator) for level, value in limit.levels.items()},
        corrections=[
            schemas.CorrectionOut(
                op=one.op,
                parameter=one.parameter,
                reference=_exact(one.reference.numerator, one.reference.denominator),
                by_level={str(level): _exact(v.numerator, v.denominator) for level, v in one.by_level.items()},
            )
            for one in limit.corrections
        ],
        not_modelled=list(limit.not_modelled),
        key_industries=list(limit.key_industries),
        certainty=limit.certainty,
        source=SourceOut(
            document=limit.source.document, article=limit.source.article, assumption=limit.source.assumption
        ),
    )


def _exact(up: int, down: int) -> str:
    """A decimal of a policy file as it was written; its denominator divides a power of ten."""
    return plain(up * ONE // down, DIGITS)
