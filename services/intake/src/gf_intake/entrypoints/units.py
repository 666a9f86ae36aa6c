"""/intake/v1/units: registration, profiles, import of existing units."""

from typing import Annotated, Any

from fastapi import Query, Response

from gf_chassis.http import Cursor, Limit, PathId, Router, int_if_match
from gf_chassis.idempotency import OnceKey
from gf_chassis.identity import CurrentPrincipal
from gf_intake.entrypoints.dependencies import IfMatch, Intake, positions, tag
from gf_intake.entrypoints.schemas import ImportIn, ImportOut, ProfileIn, UnitIn, UnitOut, UnitPage
from gf_intake.usecases import read_units
from gf_intake.usecases.views import unit_view

router = Router(prefix="/units", tags=["单位 units"])


@router.post("", status_code=201, response_model=UnitOut, summary="注册申报单位")
async def register(
    body: UnitIn, intake: Intake, principal: CurrentPrincipal, once: OnceKey, response: Response
) -> dict[str, Any]:
    view = await intake.register_unit(principal, body.category, body.profile(), once)
    once.headers(response)
    tag(response, view["version"])
    return view


@router.post("/import", status_code=201, response_model=ImportOut, summary="导入存量单位")
async def import_units(
    body: ImportIn, intake: Intake, principal: CurrentPrincipal, once: OnceKey, response: Response
) -> dict[str, Any]:
    lines = [(one.category, one.profile()) for one in body.units]
    result = await intake.import_units(principal, body.document, lines, once)
    once.headers(response)
    return result


@router.get("", response_model=UnitPage, summary="可见的申报单位")
async def list_units(
    intake: Intake,
    principal: CurrentPrincipal,
    limit: Limit = 50,
    cursor: Cursor = None,
    uscc: Annotated[str | None, Query(max_length=30)] = None,
    category: Annotated[str | None, Query(max_length=40)] = None,
) -> dict[str, Any]:
    async with intake.database.reading() as session:
        return await read_units.list_units(
            session, principal, intake.policies, limit=limit, cursor=cursor, uscc=uscc, category=category
        )


@router.get("/{unit_id}", response_model=UnitOut, summary="单位信息")
async def read_unit(unit_id: PathId, intake: Intake, principal: CurrentPrincipal, response: Response) -> dict[str, Any]:
    async with intake.database.reading() as session:
        view = await read_units.read_unit(session, principal, intake.policies, unit_id)
    tag(response, view["version"])
    return view


@router.get("/{unit_id}/history", summary="单位信息的各个版本")
async def unit_history(unit_id: PathId, intake: Intake, principal: CurrentPrincipal) -> list[dict[str, Any]]:
    async with intake.database.reading() as session:
        return await read_units.unit_history(session, principal, intake.policies, unit_id)


@router.put("/{unit_id}/profile", response_model=UnitOut, summary="修改单位信息")
async def change_profile(
    unit_id: PathId,
    body: ProfileIn,
    intake: Intake,
    principal: CurrentPrincipal,
    response: Response,
    seen: IfMatch = None,
) -> dict[str, Any]:
    unit, published = await intake.change_profile(principal, unit_id, body.profile(), int_if_match(seen))
    positions(response, published)
    tag(response, unit.version)
    return unit_view(unit)
