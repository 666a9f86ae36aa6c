"""Pages about the rules: rulesets with their indicators, the key industries, which table and which limits hold."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from sqlmodel import select
from starlette.responses import Response

from gf_chassis.errors import NotFound
from gf_chassis.web import PagePrincipal, render
from gf_policy.ruleset_model import Derived
from gf_policy.rulesets import Indicator, Ruleset, Term
from gf_policy.words import CATEGORIES
from gf_scoring.adapters.tables import BenchmarkSetRow
from gf_scoring.bootstrap import Bootstrap
from gf_scoring.entrypoints.http_reference import limit_out

LIMIT_KINDS = {"energy": "能耗限额", "water": "取水定额"}
CERTAINTIES = {
    "fact": ("标准原文", "ok"),
    "transcription": ("公开转录，待核对", "warn"),
    "assumption": ("本系统约定", "none"),
}
KINDS = {"application": "申报", "benchmark": "自评价对标", "dynamic_form": "动态管理表"}
TYPES = {"inverse": "逆向定量", "positive": "正向定量", "qualitative": "定性", "count": "计数"}


def router(parts: Bootstrap) -> APIRouter:
    ui = APIRouter()

    @ui.get("/rulesets")
    async def rulesets(request: Request, person: PagePrincipal) -> Response:
        found = sorted(parts.rulesets, key=lambda one: (one.base, one.category, one.id))
        return render(request, "rulesets.html", rulesets=found, categories=CATEGORIES, kinds=KINDS)

    @ui.get("/rulesets/{ruleset_id:path}")
    async def ruleset(request: Request, person: PagePrincipal, ruleset_id: str, version: str = "") -> Response:
        async with parts.database.reading() as session:
            await parts.versions.load(session)
            in_force = await parts.versions.in_force(session)
        found = parts.versions.get(ruleset_id, version) if version else parts.rulesets.get(ruleset_id)
        if found is None:
            raise NotFound
        labels = _labels(parts, found)
        return render(
            request,
            "ruleset.html",
            ruleset=found,
            groups=[(one, [i for i in found.indicators if i.dimension == one.code]) for one in found.dimensions],
            formulas={one.code: formula_words(one, labels) for one in found.indicators},
            switched=in_force.get(found.id),
            categories=CATEGORIES,
            kinds=KINDS,
            types=TYPES,
            derived=[(one, formula_words(one, labels)) for one in found.derived],
            gates=[(one, labels.get(one.fact, one.fact)) for one in found.gates],
        )

    @ui.get("/industries")
    async def industries(request: Request, person: PagePrincipal) -> Response:
        sectors: dict[str, list[object]] = {}
        for key in parts.book.industries.keys:
            sectors.setdefault(key.sector_name, []).append(key)
        async with parts.database.reading() as session:
            query = select(BenchmarkSetRow.key_industry).where(BenchmarkSetRow.state == "published").distinct()
            own = set((await session.exec(query)).all())
        others = [entry for entry in parts.rulesets.entries if not parts.book.industries.is_key(entry.code)]
        tables = {entry.code: entry for entry in parts.rulesets.entries}
        return render(
            request, "industries.html", sectors=sectors, own=own, tables=tables, others=others, categories=CATEGORIES
        )

    @ui.get("/limits")
    async def limits(request: Request, person: PagePrincipal, key_industry: str = "") -> Response:
        keys = [key for key in parts.book.industries.keys if key_industry in ("", key.code)]
        if not keys:
            raise NotFound
        found = [limit_out(limit) for limit in parts.book.limits]
        groups = [(key, [one for one in found if key.code in one.key_industries]) for key in keys]
        labels = {row.code: row.label for one in parts.book.folders for f in one.forms.values() for row in f.rows}
        return render(
            request,
            "limits.html",
            groups=[(key, limits) for key, limits in groups if limits or key_industry],
            labels=labels,
            kinds=LIMIT_KINDS,
            certainties=CERTAINTIES,
            only=keys[0] if key_industry else None,
        )

    return ui


def _labels(parts: Bootstrap, ruleset: Ruleset) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in parts.book.folders:
        if folder.policy.id == ruleset.base:
            for (category, _), form in folder.forms.items():
                if category == ruleset.category:
                    found |= {row.code: row.label for row in form.rows}
    return found


def formula_words(indicator: Indicator | Derived, labels: dict[str, str]) -> str:
    """The formula as people write it."""
    formula = indicator.formula
    match formula.op:
        case "mark":
            return "审核人员根据佐证材料评分，0 分至满分"
        case "count":
            return f"{len(formula.members)} 项中符合的项数：" + "、".join(member.name for member in formula.members)
    times = "" if formula.times == 1 else f" × {formula.times:f}"
    above = _sum(formula.of, labels) or "、".join(part.name for part in formula.parts)
    if not formula.over:
        return above + times
    return f"（{above}）÷（{_sum(formula.over, labels)}）{times}"


def _sum(terms: Sequence[Term], labels: dict[str, str]) -> str:
    words = ""
    for term in terms:
        sign = " − " if term.times < 0 else " + " if words else ""
        factor = "" if abs(term.times) == 1 else f"{abs(term.times):f} × "
        years = "" if len(term.years) < 2 else f"（{len(term.years)} 年之和）"
        words += f"{sign}{factor}{labels.get(term.fact, term.fact)}{years}"
    return words
