"""The applicant's pages (申报): sign-in as the unit's person, one router of several parts; and the stewards' pages."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Depends, Request

from gf_chassis.identity import Principal
from gf_chassis.web import Link, PagePrincipal, Pages
from gf_intake.adapters.file_checks import NAMES
from gf_intake.entrypoints.dependencies import Intake
from gf_intake.usecases import read_units

_HERE = Path(__file__).parent
HOME = "/intake/ui/"
STEWARDS = "/intake/ui/steward"


def pages(authority_name: Callable[[str], str]) -> Pages:
    """What the pages of intake share."""
    return Pages(
        "intake",
        title="申报",
        templates=_HERE / "templates",
        static=_HERE / "static",
        nav=[
            Link("我的申报", HOME, ("applicant",)),
            Link("申报批次", "/intake/ui/campaigns", ("applicant",)),
            Link("单位信息", "/intake/ui/units", ("applicant",)),
            Link("批次管理", STEWARDS, ("steward",)),
        ],
        filters={"media_name": lambda media_type: NAMES.get(media_type, media_type)},
        place=lambda person: person.org or authority_name(person.authority),
    )


async def applicant(request: Request, person: PagePrincipal, intake: Intake) -> Principal:
    person.require("applicant")
    async with intake.database.reading() as session:
        request.state.place = await read_units.name_of(session, person.org)
    return person


#: The unit's own person; officials have their desk.
Applicant = Annotated[Principal, Depends(applicant)]


def router() -> APIRouter:
    from gf_intake.web import acts, campaigns, evidence, form, lists, stewards, units, uploads, workbook

    whole = APIRouter()
    for part in (lists, campaigns, form, acts, uploads, workbook, units, evidence, stewards):
        whole.include_router(part.router)
    return whole
