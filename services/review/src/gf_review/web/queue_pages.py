"""The page of the queue (待办): its filters stand in the address; what is ticked can be assigned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from gf_chassis.errors import Rejected
from gf_chassis.forms import new_key, text
from gf_chassis.http import Cursor, decode_cursor
from gf_chassis.web import CheckedForm, redirect, render
from gf_policy.words import CATEGORIES
from gf_review.adapters.labels import KIND_NAMES
from gf_review.adapters.queue import Counts, QueueFilter, cursor_types
from gf_review.adapters.queue_export import by_level
from gf_review.domain.errors import DomainError
from gf_review.entrypoints import http_queue, schemas
from gf_review.entrypoints.common import UseCases
from gf_review.entrypoints.http_queue import next_cursor
from gf_review.entrypoints.queue_asked import Asked, Sort, for_person
from gf_review.web.forms import message_of, once_of, parsed
from gf_review.web.pages import Official

ui = APIRouter()
#: Rows of a page, of which two screens hold as many; the API's pages are as long as asked for.
PAGE = 25
VIEWS = {
    "to_do": "待本级审核",
    "waiting": "下级审核中",
    "passed": "本级已上报",
    "returned": "退回与取消上报",
    "closed": "已办结",
    "all": "全部",
}
SORTS = {
    "due": "期限近的在前",
    "admitted": "受理早的在前",
    "newest": "受理晚的在前",
    "score": "得分高的在前",
    "support": "重点支持、优先推荐在前",
}
DUES = {
    "": "全部",
    "overdue": "已逾期",
    "days3": "3 天内截止",
    "days7": "7 天内截止",
    "days30": "30 天内截止",
    "none": "无期限",
}


@ui.get("/")
async def queue(
    request: Request, person: Official, review: UseCases, asked: Asked, sort: Sort = "due", cursor: Cursor = None
) -> Response:
    wanted = for_person(asked, person.subject)
    after: Any = decode_cursor(cursor, *cursor_types(sort))
    shown = await review.queue.shown(person.authority, wanted, sort, after=after, limit=PAGE)
    counts = shown.counts
    given = address_of(asked, sort)
    onward = next_cursor(shown.following)
    return render(
        request,
        "queue.html",
        authority=review.policies.authority_name(person.authority),
        items=[item | {"columns": by_level(item["stages"])} for item in shown.items],
        tabs=[
            (label, _with(given, view=code), code == asked.view, _count(counts, code)) for code, label in VIEWS.items()
        ],
        counts=counts,
        asked=asked,
        narrowed=len(given.keys() - {"view", "sort"}),
        sort=sort,
        options=await _options(review, person.authority),
        here=urlencode(given),
        late={due: _with(given, view="to_do", due=due) for due in ("overdue", "days7")},
        next_href=_with(given, cursor=onward) if onward else "",
        first_href=_with(given) if cursor else "",
        key=new_key(),
        me=person.subject,
    )


def address_of(asked: QueueFilter, sort: str) -> dict[str, str]:
    """The address of a queue: what is set, under the names the API uses."""
    values = asdict(asked) | {"q": asked.text, "sort": sort}
    del values["text"]
    return {name: value for name, value in values.items() if value and (name, value) != ("sort", "due")}


def _with(given: Mapping[str, str], **more: str) -> str:
    return "/review/ui/?" + urlencode({**given, **more})


def _count(counts: Counts, view: str) -> str:
    number = counts.of(view)
    return f"{counts.counted}+" if counts.capped and number > counts.counted else str(number)


async def _options(review: Any, authority: str) -> dict[str, list[tuple[str, str]]]:
    people = [(one["subject"], one["name"]) for one in await review.queue.officials(authority)]
    every = ("", "全部")
    return {
        "campaign_id": [every, *(await review.queries.campaigns()).items()],
        "category": [every, *CATEGORIES.items()],
        "kind": [every, *KIND_NAMES.items()],
        "division": [every, *review.policies.divisions()],
        "key_industry": [
            every,
            ("yes", "重点行业（全部）"),
            ("no", "非重点行业"),
            *review.policies.key_industries(),
        ],
        "preferred": [every, ("yes", "优先推荐"), ("no", "其他")],
        "due": list(DUES.items()),
        "assignee": [every, ("me", "分派给我的"), ("nobody", "尚未分派"), *people],
        "sort": list(SORTS.items()),
        "people": people,
    }


@ui.get("/export.csv")
async def export_csv(person: Official, review: UseCases, asked: Asked, sort: Sort = "due") -> Response:
    return await http_queue.export_csv(person, review, asked, sort)


@ui.get("/export.xlsx")
async def export_excel(person: Official, review: UseCases, asked: Asked, sort: Sort = "due") -> Response:
    return await http_queue.export_excel(person, review, asked, sort)


@ui.post("/assignments")
async def assign(request: Request, person: Official, form: CheckedForm, review: UseCases) -> Response:
    """Comes back to the list it was sent from."""
    target = "/review/ui/?" + urlencode(parse_qsl(text(form, "back")[:2000]))
    ids = [one for one in form.getlist("submission_id") if isinstance(one, str)]
    if not ids:
        return redirect(request, target, failed="请先勾选要分派的案件。")
    given = text(form, "assignee")
    if not given:
        return redirect(request, target, failed="请选择承办人，或选择“收回分派”。")
    try:
        body = parsed(schemas.AssignmentIn, {"submission_ids": ids, "assignee": "" if given == "nobody" else given})
        done = await review.assign_cases(person, body.submission_ids, body.assignee, once_of(request, person, form))
    except (DomainError, Rejected) as error:
        if error.status in (401, 404):
            raise
        return redirect(request, target, failed=message_of(error))
    said = told(done.result)
    return redirect(request, target, **({"done": said} if done.result["assigned"] else {"failed": said}))


def told(result: Mapping[str, Any]) -> str:
    """What came of it, each refused case by its number."""
    count, name = len(result["assigned"]), result["assignee_name"]
    said = f"已将 {count} 件分派给{name}。" if name else f"已收回 {count} 件的分派。"
    if result["unchanged"]:
        said += f"{len(result['unchanged'])} 件原已如此，未作变更。"
    refused = result["refused"]
    if refused:
        named = "；".join(f"{one['number'] or '（无权查看的案件）'}：{one['detail']}" for one in refused[:5])
        said += f"{len(refused)} 件未分派：{named}" + ("……" if len(refused) > 5 else "")
    return said
