"""批次管理: what a steward does without an API: announce a campaign, open it, set or extend dates."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from gf_chassis.clock import SHANGHAI
from gf_chassis.errors import NotFound
from gf_chassis.forms import new_key, number, text, version_seen
from gf_chassis.http import PathId
from gf_chassis.identity import Principal
from gf_chassis.web import CheckedForm, PagePrincipal, act_answer, render
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.domain.campaigns import SUBMIT, Campaign, CampaignState, Window
from gf_intake.entrypoints.dependencies import Intake
from gf_intake.entrypoints.schemas import CampaignIn, DateIn, OpenIn
from gf_intake.web import words
from gf_intake.web.common import REFUSALS, Wrong, once_of, parsed, refused
from gf_intake.web.pages import STEWARDS
from gf_policy.errors import PolicyLookupError
from gf_policy.words import CATEGORIES

router = APIRouter()
HERE = STEWARDS
STATES = {
    CampaignState.ANNOUNCED: ("已发布，未开始", "none"),
    CampaignState.OPEN: ("受理中", "ok"),
    CampaignState.CLOSED: ("已结束", "none"),
}
LABELS = {
    "name": "批次名称",
    "year": "年度",
    "policy": "依据的政策",
    "categories": "类别",
    "kinds": "表单",
    "renewal_document": "延期文件",
    "act": "环节",
    "closes_at": "最后一天",
    "document": "依据文件",
    "links.title": "资料名称",
    "links.url": "资料网址",
}
#: Rows for guides and contacts on the form of a new campaign.
LINKS = 3


async def _steward(person: PagePrincipal) -> Principal:
    person.require("steward")
    return person


#: Who organises applications for an authority (申报组织人员).
Steward = Annotated[Principal, Depends(_steward)]


@router.get("/steward")
async def campaigns(request: Request, person: Steward, intake: Intake) -> Response:
    async with intake.database.reading() as session:
        found = await Repository(session).campaigns()
    return render(
        request, "steward_campaigns.html", items=[_head(one, person, intake.policies) for one in found], here=HERE
    )


@router.get("/steward/new")
async def new(request: Request, person: Steward, intake: Intake) -> Response:
    policies = _policies_of(person, intake.policies)
    return render(
        request,
        "steward_new.html",
        here=HERE,
        policies=[(one.id, _title(one)) for one in policies],
        categories=_offered({code for one in policies for code in one.categories}, CATEGORIES),
        kinds=_offered({code for one in policies for code in one.kinds}, words.KINDS),
        year=datetime.now(SHANGHAI).year,
        links=range(1, LINKS + 1),
        key=new_key(),
    )


@router.post("/steward/new")
async def announce(request: Request, person: Steward, intake: Intake, form: CheckedForm) -> Response:
    """发布: nobody can apply before it is opened."""
    values: dict[str, Any] = {
        **{name: text(form, name) for name in ("name", "policy", "renewal_document")},
        **{name: [one for one in form.getlist(name) if isinstance(one, str)] for name in ("categories", "kinds")},
        "year": number(form, "year"),
    }
    try:
        body = parsed(CampaignIn, {**values, "links": _links(form)}, LABELS)
        view = await intake.announce_campaign(
            person,
            name=body.name,
            year=body.year,
            policy_id=body.policy,
            categories=body.categories,
            kinds=body.kinds,
            links=[link.model_dump() for link in body.links],
            renewal_document=body.renewal_document,
            once=once_of(request, person, form),
        )
    except REFUSALS as error:
        return _refused(request, f"{HERE}/new", error)
    return act_answer(request, f"{HERE}/{view['id']}", done="批次已发布。申报单位可以看到，开始受理后才能上报。")


@router.get("/steward/{campaign_id}")
async def show(request: Request, person: Steward, intake: Intake, campaign_id: PathId) -> Response:
    async with intake.database.reading() as session:
        campaign = await Repository(session).campaign(campaign_id)
        now = await intake.database.now(session)
    if campaign is None:
        raise NotFound
    policies = intake.policies
    policy = policies.book.policy(campaign.policy.id)
    acts = _acts(campaign, person.authority, policies)
    one = _head(campaign, person, policies)
    return render(
        request,
        "steward_campaign.html",
        here=HERE,
        one=one,
        campaign=campaign,
        policy=policy,
        title=_title(policy),
        categories=[CATEGORIES.get(code, code) for code in campaign.categories],
        kinds=[words.KINDS.get(code, code) for code in campaign.kinds],
        acts=acts,
        dates=[
            {
                "act": words.act_name(one.act),
                "authority": words.authority_name(policies, one.authority),
                "closes_at": one.closes_at,
                "document": one.document,
                "recorded_at": one.recorded_at,
                "extends": one.extends,
            }
            for one in reversed(campaign.dates)
        ],
        #: Opened now, it would be closed again at once.
        over=one["submit"] is not None and one["submit"].closes_at <= now,
        may_open=campaign.owner == person.authority and campaign.state is CampaignState.ANNOUNCED,
        may_set=campaign.state is not CampaignState.CLOSED and bool(acts),
        key=new_key(),
    )


@router.post("/steward/{campaign_id}/open")
async def open_campaign(
    request: Request, person: Steward, intake: Intake, form: CheckedForm, campaign_id: PathId
) -> Response:
    here = f"{HERE}/{campaign_id}"
    try:
        body = parsed(OpenIn, {"renewal_document": text(form, "renewal_document")}, LABELS)
        once = once_of(request, person, form)
        await intake.open_campaign(person, campaign_id, version_seen(form), body.renewal_document, once)
    except REFUSALS as error:
        return _refused(request, here, error)
    return act_answer(request, here, done="已开始受理。")


@router.post("/steward/{campaign_id}/dates")
async def set_date(
    request: Request, person: Steward, intake: Intake, form: CheckedForm, campaign_id: PathId
) -> Response:
    here = f"{HERE}/{campaign_id}"
    try:
        values = {"act": text(form, "act"), "closes_at": _end_of(text(form, "closes_at"))}
        body = parsed(DateIn, {**values, "document": text(form, "document")}, LABELS)
        once = once_of(request, person, form)
        await intake.set_date(person, campaign_id, body.act, body.closes_at, body.document, once)
    except REFUSALS as error:
        return _refused(request, here, error)
    return act_answer(request, here, done=f"{words.act_name(body.act)}的截止时间已登记，立即生效。")


def _head(campaign: Campaign, person: Principal, policies: Policies) -> dict[str, Any]:
    label, kind = STATES[campaign.state]
    return {
        "id": campaign.id,
        "name": campaign.name,
        "year": campaign.year,
        "owner": words.authority_name(policies, campaign.owner),
        "state": label,
        "kind": kind,
        "submit": _window(campaign, SUBMIT, person.authority, policies),
    }


def _window(campaign: Campaign, act: str, authority: str, policies: Policies) -> Window | None:
    """As it now holds for those who apply through this authority; None where the policy sets no time."""
    try:
        return policies.window_of(campaign, act, authority)
    except PolicyLookupError:
        return None


def _acts(campaign: Campaign, authority: str, policies: Policies) -> list[dict[str, Any]]:
    """What has a window."""
    acts = dict.fromkeys(window.act for window in policies.campaign_windows(campaign.policy.id))
    found = ((act, _window(campaign, act, authority, policies)) for act in acts)
    return [{"act": act, "name": words.act_name(act), "now": now} for act, now in found if now is not None]


def _policies_of(person: Principal, policies: Policies) -> list[Any]:
    """Base policies of the steward's own line, the newest first."""
    line = (None, *policies.chain(person.authority))
    found = [one for one in policies.book.policies() if one.extends is None and one.jurisdiction in line]
    return sorted(found, key=lambda one: one.valid_from, reverse=True)


def _title(policy: Any) -> str:
    return f"{policy.title}（{policy.document_number}）" if policy.document_number else str(policy.title)


def _offered(codes: set[str], names: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(code, names.get(code, code)) for code in sorted(codes, key=lambda code: [*names, code].index(code))]


def _links(form: FormData) -> list[dict[str, str]]:
    rows = [(text(form, f"title_{number}"), text(form, f"url_{number}")) for number in range(1, LINKS + 1)]
    return [{"kind": "guide", "title": title, "url": url} for title, url in rows if title or url]


def _end_of(last_day: str) -> datetime:
    """The last day counts in full (北京时间)."""
    try:
        return datetime.combine(date.fromisoformat(last_day) + timedelta(days=1), time(), SHANGHAI)
    except (ValueError, OverflowError):
        raise Wrong([("closes_at", "最后一天：请填写日期，如 2025-10-31。")]) from None


def _refused(request: Request, target: str, error: Exception) -> Response:
    """The domain names the fields as the API has them; so do the forms."""
    named = [(one.pointer.strip("/").partition("/")[0], one.detail) for one in getattr(error, "errors", ())]
    return refused(request, target, error, getattr(error, "fields", None) or named)
