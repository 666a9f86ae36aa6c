"""我的申报: the applicant's own list, one column per level (DM-list)."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from gf_chassis.forms import new_key
from gf_chassis.http import Cursor
from gf_chassis.identity import Principal
from gf_chassis.web import PagePrincipal, redirect, render
from gf_intake.adapters.policies import Policies
from gf_intake.domain.submissions import SubmissionState
from gf_intake.entrypoints.dependencies import Intake
from gf_intake.usecases import read_submissions, read_units
from gf_intake.web import words
from gf_intake.web.pages import STEWARDS, applicant
from gf_policy.words import CATEGORIES

router = APIRouter()
#: The columns: a unit of a group has its group where others have the province (DM-route-group).
COLUMNS = (
    ("县（区）", ("county",)),
    ("市", ("city",)),
    ("省（集团）", ("province", "group")),
    ("工信部", ("ministry",)),
)
_PAGE = 50


@router.get("/")
async def home(request: Request, person: PagePrincipal, intake: Intake, cursor: Cursor = None) -> Response:
    """Stewards have pages of their own."""
    if person.has("steward") and not person.has("applicant"):
        return redirect(request, STEWARDS)
    return await mine(request, await applicant(request, person, intake), intake, cursor)


async def mine(request: Request, person: Principal, intake: Intake, cursor: str | None) -> Response:
    async with intake.database.reading() as session:
        page = await read_submissions.list_submissions(
            session,
            person,
            intake.policies,
            limit=_PAGE,
            cursor=cursor,
            campaign_id=None,
            unit_id=None,
            state=None,
            number=None,
        )
        units = await read_units.list_units(
            session, person, intake.policies, limit=20, cursor=None, uscc=None, category=None
        )
    return render(
        request,
        "list.html",
        items=[_line(item, intake.policies) for item in page["items"]],
        columns=[label for label, _ in COLUMNS],
        following=page["next"],
        units=units["items"],
        key=new_key(),
    )


def _line(item: dict[str, Any], policies: Policies) -> dict[str, Any]:
    state = SubmissionState(item["state"])
    levels = level_views(item["levels"], policies)
    return {
        **item,
        "submitted_at": words.instant(item["admitted_at"]),
        "title": f"{item['year']}年 {CATEGORIES.get(item['category'], item['category'])}"
        f"{words.KINDS.get(item['kind'], item['kind'])}",
        "state_kind": words.STATE_KINDS.get(state, "none"),
        "outcome_label": words.OUTCOMES.get(item["outcome"], ""),
        "term": words.instant(item["term_ends_at"]),
        "columns": [next((one for one in levels if one["code"] in codes), None) for _, codes in COLUMNS],
    }


def level_views(levels: list[dict[str, Any]], policies: Policies) -> list[dict[str, Any]]:
    """Each level as the pages show it: its authority by name, its state in the documents' words (DM-state)."""
    return [
        {
            "code": one["level"],
            "level": words.LEVELS.get(one["level"], one["level"]),
            "name": words.authority_name(policies, one["authority"]),
            "state": one["state"],
            "label": words.STAGES.get(one["state"], (one["state"], "none"))[0],
            "kind": words.STAGES.get(one["state"], ("", "none"))[1],
            "substates": [words.SUBSTATES.get(name, name) for name in one["substates"]],
            "when": words.beijing(one["decided_at"]),
            "reason": one["reason"],
        }
        for one in levels
    ]
