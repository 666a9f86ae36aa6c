"""申报批次: what the unit may file, when, and why not; starting a form."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gf_chassis.forms import new_key, text
from gf_chassis.web import CheckedForm, redirect, render
from gf_intake.adapters.policies import Policies
from gf_intake.domain.errors import SubmissionExists
from gf_intake.entrypoints.dependencies import Intake
from gf_intake.entrypoints.schemas import SubmissionIn
from gf_intake.usecases.list_openings import Opening, list_openings
from gf_intake.web import words
from gf_intake.web.common import REFUSALS, message_of, once_of, parsed
from gf_intake.web.pages import Applicant
from gf_policy.words import CATEGORIES

router = APIRouter()
HERE = "/intake/ui/campaigns"


@router.get("/campaigns")
async def campaigns(request: Request, person: Applicant, intake: Intake) -> Response:
    async with intake.database.reading() as session:
        now = await intake.database.now(session)
        found = await list_openings(session, person, intake.policies, now)
    return render(
        request,
        "campaigns.html",
        units=found.units,
        openings=[_view(one, intake.policies) for one in found.openings],
        key=new_key(),
    )


@router.post("/submissions")
async def start(request: Request, person: Applicant, intake: Intake, form: CheckedForm) -> Response:
    """新建表单, and on to filling it."""
    names = ("unit_id", "campaign_id", "kind")
    try:
        body = parsed(SubmissionIn, {name: text(form, name) for name in names}, {})
        once = once_of(request, person, form)
        view = await intake.create_submission(person, body.unit_id, body.campaign_id, body.kind, once)
    except SubmissionExists as error:
        return redirect(request, "/intake/ui/", failed=message_of(error))
    except REFUSALS as error:
        return redirect(request, HERE, failed=message_of(error))
    return redirect(request, f"/intake/ui/submissions/{view['id']}/edit", done="已新建表单，可以开始填写，随时暂存。")


def _view(one: Opening, policies: Policies) -> dict[str, Any]:
    return {
        "campaign": one.campaign,
        "unit": one.unit,
        "category": CATEGORIES.get(one.unit.category, one.unit.category),
        "kind": one.kind,
        "title": one.title,
        "window": one.window,
        "way": way_views(one.way, policies),
        "existing": one.existing,
        "closed": one.closed,
        "obstacles": one.obstacles,
        "reminders": one.reminders,
        "may_start": one.may_start,
    }


def way_views(way: Any, policies: Policies) -> list[dict[str, Any]]:
    """The stages that lie ahead, in the shape of the levels that lie behind."""
    return [
        {
            "code": level,
            "level": words.LEVELS.get(level, level),
            "name": words.authority_name(policies, authority),
            "state": "not_started" if authority else "not_applicable",
            "label": "未开始",
            "kind": "none",
            "substates": [],
            "when": "",
            "reason": "",
        }
        for level, authority in way
    ]
