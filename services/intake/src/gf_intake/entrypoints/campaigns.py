"""/intake/v1/campaigns and /intake/v1/forms: campaigns, dates, what a form asks for."""

from typing import Annotated, Any

from fastapi import Query, Response

from gf_chassis.errors import NotFound
from gf_chassis.http import PathId, Router, int_if_match
from gf_chassis.idempotency import OnceKey
from gf_chassis.identity import CurrentPrincipal
from gf_intake.adapters.repository import Repository
from gf_intake.entrypoints.dependencies import IfMatch, Intake, tag
from gf_intake.entrypoints.schemas import CampaignIn, CampaignList, CampaignOut, CheckOut, ContentIn, DateIn, OpenIn
from gf_intake.usecases import describe_form
from gf_intake.usecases.views import campaign_view

router = Router(tags=["批次与表单 campaigns"])
Superior = Annotated[str | None, Query(max_length=80, description="上级主管部门编号:按其所在地区的要求")]
Code = Annotated[str, Query(max_length=80)]


@router.post("/campaigns", status_code=201, response_model=CampaignOut, summary="发布申报批次")
async def announce(
    body: CampaignIn, intake: Intake, principal: CurrentPrincipal, once: OnceKey, response: Response
) -> dict[str, Any]:
    view = await intake.announce_campaign(
        principal,
        name=body.name,
        year=body.year,
        policy_id=body.policy,
        categories=body.categories,
        kinds=body.kinds,
        links=[link.model_dump() for link in body.links],
        renewal_document=body.renewal_document,
        once=once,
    )
    once.headers(response)
    tag(response, view["version"])
    return view


@router.post("/campaigns/{campaign_id}/open", response_model=CampaignOut, summary="开始申报")
async def open_campaign(
    campaign_id: PathId,
    body: OpenIn,
    intake: Intake,
    principal: CurrentPrincipal,
    once: OnceKey,
    response: Response,
    seen: IfMatch = None,
) -> dict[str, Any]:
    view = await intake.open_campaign(principal, campaign_id, int_if_match(seen), body.renewal_document, once)
    once.headers(response)
    tag(response, view["version"])
    return view


@router.post("/campaigns/{campaign_id}/dates", status_code=201, response_model=CampaignOut, summary="规定或延长时间")
async def set_date(
    campaign_id: PathId, body: DateIn, intake: Intake, principal: CurrentPrincipal, once: OnceKey, response: Response
) -> dict[str, Any]:
    view = await intake.set_date(principal, campaign_id, body.act, body.closes_at, body.document, once)
    once.headers(response)
    tag(response, view["version"])
    return view


@router.get("/campaigns", response_model=CampaignList, summary="申报批次")
async def list_campaigns(intake: Intake, principal: CurrentPrincipal) -> dict[str, Any]:
    async with intake.database.reading() as session:
        found = await Repository(session).campaigns()
    windows = intake.policies.campaign_windows
    return {"items": [campaign_view(one, windows(one.policy.id)) for one in found]}


@router.get("/campaigns/{campaign_id}", response_model=CampaignOut, summary="申报批次")
async def read_campaign(
    campaign_id: PathId, intake: Intake, principal: CurrentPrincipal, response: Response
) -> dict[str, Any]:
    async with intake.database.reading() as session:
        campaign = await Repository(session).campaign(campaign_id)
    if campaign is None:
        raise NotFound
    tag(response, campaign.version)
    return campaign_view(campaign, intake.policies.campaign_windows(campaign.policy.id))


@router.get("/forms/{campaign_id}/{category}/{kind}", summary="表单说明:各项、单位、检查规则、佐证材料")
async def form(
    campaign_id: PathId,
    category: str,
    kind: str,
    intake: Intake,
    principal: CurrentPrincipal,
    superior: Superior = None,
) -> dict[str, Any]:
    async with intake.database.reading() as session:
        return await describe_form.describe_form(session, intake.policies, campaign_id, category, kind, superior)


@router.post("/forms/{campaign_id}/{category}/{kind}/check", response_model=CheckOut, summary="只检查、不保存")
async def check(
    campaign_id: PathId,
    category: str,
    kind: str,
    body: ContentIn,
    intake: Intake,
    principal: CurrentPrincipal,
    superior: Superior = None,
) -> dict[str, Any]:
    async with intake.database.reading() as session:
        return await describe_form.check_content(
            session, intake.policies, campaign_id, category, kind, superior, body.content()
        )
