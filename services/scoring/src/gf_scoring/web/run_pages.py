"""Pages of rankings and shadow runs, and the acts on them: start, publish, switch, drop."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel import col, select
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from gf_chassis.errors import NotFound, Rejected
from gf_chassis.http import Cursor, PathId, decode_cursor, encode_cursor
from gf_chassis.idempotency import Once
from gf_chassis.ids import parse_id
from gf_chassis.web import CheckedForm, PagePrincipal, act_answer, render
from gf_policy.words import CATEGORIES
from gf_scoring.adapters.tables import BenchmarkSetRow, CampaignRow
from gf_scoring.bootstrap import Bootstrap
from gf_scoring.domain.errors import DomainError
from gf_scoring.domain.rankings import MISSING_WORDS
from gf_scoring.entrypoints import csv_files, http_rankings, http_rescoring
from gf_scoring.usecases.start_rescoring import Trial
from gf_scoring.web.rule_pages import KINDS

PAGE = 50
RANKING_STATES = {
    "collecting": ("收集中", "wait"),
    "closed": ("已结束，待发布", "warn"),
    "published": ("已发布", "ok"),
    "superseded": ("已被替代", "none"),
}
RESCORE_STATES = {
    "running": ("进行中", "wait"),
    "finished": ("已完成，待切换", "warn"),
    "switched": ("已切换", "ok"),
    "dropped": ("已放弃", "none"),
}
VIEWS = {
    "all": "全部",
    "ranked": "参加排名",
    "bottom": "后5%",
    "warned": "预警",
    "due": "达到移出条件",
    "missing": "未参加",
}
MOVE_COUNTS = (
    ("into_bottom", "进入后5%"),
    ("out_of_bottom", "退出后5%"),
    ("band_up", "升星"),
    ("band_down", "降星"),
    ("other_grade", "等级变化"),
    ("no_longer_scored", "不再可评分"),
    ("newly_scored", "新可评分"),
)
BAND_COUNTS = ("band_up", "band_down")
MOVER_VIEWS = {"all": "全部变化", "bottom": "后5%进出", "grade": "等级变化", "band": "星级变化"}


def router(parts: Bootstrap) -> APIRouter:
    ui = APIRouter()
    _rankings(ui, parts)
    _rescorings(ui, parts)
    return ui


async def _campaigns(parts: Bootstrap) -> list[CampaignRow]:
    async with parts.database.reading() as session:
        found = await session.exec(select(CampaignRow).order_by(col(CampaignRow.year).desc(), CampaignRow.name))
        return list(found.all())


def _rankings(ui: APIRouter, parts: Bootstrap) -> None:
    @ui.get("/rankings")
    async def rankings(request: Request, person: PagePrincipal) -> Response:
        found = await parts.find_rankings.listed(person)
        campaigns = await _campaigns(parts)
        choices = [
            (f"{one.id}/{category}", f"{one.name}　{CATEGORIES.get(category, category)}")
            for one in campaigns
            for category in one.categories
            if (rules := parts.rankings.find(one.base, category)) and person.authority in rules.run_by
        ]
        return render(
            request,
            "rankings.html",
            runs=found,
            names={one.id: one.name for one in campaigns},
            states=RANKING_STATES,
            categories=CATEGORIES,
            choices=choices if person.has("steward") else [],
        )

    @ui.get("/rankings/{run_id}")
    async def ranking(
        request: Request, person: PagePrincipal, run_id: PathId, view: str = "all", cursor: Cursor = None
    ) -> Response:
        found = await parts.find_rankings.one(person, run_id)
        view = view if view in VIEWS else "all"
        early = found.run.state == "collecting"
        after = decode_cursor(cursor, int)
        shown = "warned" if early else view
        rows = await parts.find_rankings.places(person, run_id, shown, after[0] if after else 0, PAGE + 1)
        following = ""
        if len(rows) > PAGE and not early:
            following = f"?view={view}&cursor={quote(encode_cursor(rows[PAGE - 1]['nth']))}"
        return render(
            request,
            "ranking.html",
            run=found.run,
            waiting=found.waiting.reasons() if found.waiting else (),
            counts=found.counts,
            rows=rows if early else rows[:PAGE],
            early=early,
            view=view,
            views=VIEWS,
            next_href=following,
            first_href=f"?view={view}" if cursor else "",
            missing=MISSING_WORDS,
            states=RANKING_STATES,
            categories=CATEGORIES,
            mine=person.has("steward") and person.authority == found.run.authority,
        )

    @ui.get("/rankings/{run_id}/places.csv")
    async def ranking_csv(person: PagePrincipal, run_id: PathId, view: str = "all") -> Response:
        if view not in VIEWS:
            raise NotFound
        rows = await parts.find_rankings.places(person, run_id, view, 0, csv_files.MOST)
        head = [label for _, label in http_rankings.COLUMNS]
        return csv_files.answer(f"ranking-{run_id}-{view}.csv", head, map(http_rankings.cells, rows))

    @ui.post("/rankings")
    async def start(request: Request, person: PagePrincipal, form: CheckedForm) -> Response:
        campaign, _, category = _line(form, "what").partition("/")
        campaign_id = parse_id(campaign)
        if campaign_id is None:
            return act_answer(request, "/scoring/ui/rankings", failed="请选择年度和类别。", fields=[("what", "请选择")])
        return await _act(
            request, "/scoring/ui/rankings", parts.start_ranking(person, campaign_id, category, Once()), "已发起排名"
        )

    @ui.post("/rankings/{run_id}/publish")
    async def publish(request: Request, person: PagePrincipal, form: CheckedForm, run_id: PathId) -> Response:
        document, by = _words(form)
        act = parts.publish_ranking(person, run_id, _seen(form), document, by, Once())
        return await _act(request, f"/scoring/ui/rankings/{run_id}", act, "已发布", bool(document and by))


def _rescorings(ui: APIRouter, parts: Bootstrap) -> None:
    @ui.get("/rescorings")
    async def rescorings(request: Request, person: PagePrincipal) -> Response:
        campaigns = await _campaigns(parts)
        async with parts.database.reading() as session:
            drafts = (
                await session.exec(
                    select(BenchmarkSetRow).where(
                        BenchmarkSetRow.state == "draft", BenchmarkSetRow.authority == person.authority
                    )
                )
            ).all()
        return render(
            request,
            "rescorings.html",
            runs=await parts.find_rescorings.listed(person),
            names={one.id: one.name for one in campaigns},
            choices=[
                (f"{one.id}/{c}", f"{one.name}　{CATEGORIES.get(c, c)}") for one in campaigns for c in one.categories
            ],
            drafts=drafts,
            states=RESCORE_STATES,
            categories=CATEGORIES,
            kinds=KINDS,
            may_start=person.has("steward"),
        )

    @ui.get("/rescorings/{run_id}")
    async def rescoring(
        request: Request, person: PagePrincipal, run_id: PathId, view: str = "all", cursor: Cursor = None
    ) -> Response:
        found = await parts.find_rescorings.one(person, run_id)
        after = decode_cursor(cursor, UUID)
        view = view if view in MOVER_VIEWS else "all"
        rows = await parts.find_rescorings.movers(
            person, run_id, view=view, after=after[0] if after else None, limit=PAGE + 1
        )
        here = f"?view={view}"
        following = ""
        if len(rows) > PAGE:
            following = f"{here}&cursor={quote(encode_cursor(str(rows[PAGE - 1]['submission_id'])))}"
        report = found.run.report or {}
        bands = http_rescoring.band_names(found.run)
        return render(
            request,
            "rescoring.html",
            run=found.run,
            scored=found.scored,
            appended=found.appended,
            report=report,
            rows=rows[:PAGE],
            view=view,
            views=MOVER_VIEWS if bands else {k: label for k, label in MOVER_VIEWS.items() if k != "band"},
            next_href=following,
            first_href=here if cursor else "",
            move_counts=[one for one in MOVE_COUNTS if bands or one[0] not in BAND_COUNTS],
            bands=bands,
            states=RESCORE_STATES,
            categories=CATEGORIES,
            industries=http_rescoring.industry_names(parts),
            mine=person.has("steward") and person.authority == found.run.authority,
        )

    @ui.get("/rescorings/{run_id}/movers.csv")
    async def movers_csv(person: PagePrincipal, run_id: PathId, view: str = "all") -> Response:
        if view not in MOVER_VIEWS:
            raise NotFound
        return await http_rescoring.movers_csv(parts, person, run_id, view)

    @ui.post("/rescorings")
    async def start(request: Request, person: PagePrincipal, form: CheckedForm) -> Response:
        campaign, _, category = _line(form, "what").partition("/")
        campaign_id = parse_id(campaign)
        here = "/scoring/ui/rescorings"
        if campaign_id is None:
            return act_answer(request, here, failed="请选择年度和类别。", fields=[("what", "请选择")])
        sets = [one for value in form.getlist("sets") if (one := parse_id(str(value))) is not None]
        title = _line(form, "title")[:200] or "试算"
        trial = Trial(campaign_id, category, None, title, await _uploaded(form), sets)
        return await _act(request, here, parts.start_rescoring(person, trial, Once()), "已发起试算")

    @ui.post("/rescorings/{run_id}/switch")
    async def switch(request: Request, person: PagePrincipal, form: CheckedForm, run_id: PathId) -> Response:
        document, by = _words(form)
        act = parts.switch_ruleset(person, run_id, _seen(form), document, by, Once())
        return await _act(request, f"/scoring/ui/rescorings/{run_id}", act, "已切换", bool(document and by))

    @ui.post("/rescorings/{run_id}/drop")
    async def drop(request: Request, person: PagePrincipal, form: CheckedForm, run_id: PathId) -> Response:
        act = parts.drop_rescoring(person, run_id, Once())
        return await _act(request, f"/scoring/ui/rescorings/{run_id}", act, "已放弃")


async def _uploaded(form: FormData) -> str:
    file = form.get("ruleset")
    if not isinstance(file, UploadFile):
        return ""
    return (await file.read(500_000)).decode("utf-8", "replace")


async def _act(request: Request, here: str, act: Any, done: str, complete: bool = True) -> Response:
    """Carry out an act of a page; what is refused is said where the person is."""
    if not complete:
        act.close()
        return act_answer(
            request, here, failed="请填写文件和经办人。", fields=[("document", "必填"), ("person", "必填")]
        )
    awaited: Awaitable[object] = act
    try:
        await awaited
    except DomainError as refused:
        return act_answer(request, here, failed=refused.detail, status=refused.status, code=refused.code)
    except Rejected as refused:
        return act_answer(request, here, failed=refused.detail, status=refused.status, code=refused.code)
    return act_answer(request, here, done=done)


def _words(form: FormData) -> tuple[str, str]:
    return _line(form, "document"), _line(form, "person")


def _line(form: FormData, name: str) -> str:
    """One line of text without what no keyboard writes."""
    return "".join(one for one in str(form.get(name, "")) if one.isprintable()).strip()[:500]


def _seen(form: FormData) -> int:
    given = str(form.get("seen", ""))
    return int(given) if given.isdecimal() and given.isascii() and len(given) < 9 else 0
