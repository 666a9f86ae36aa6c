"""How a caller sees intake's aggregates: plain JSON data, also what is kept under an idempotency key."""

from collections.abc import Iterable
from typing import Any

from gf_intake.adapters.contracts import WarningNoted
from gf_intake.domain.campaigns import Campaign, Window
from gf_intake.domain.submissions import ACTIONS, LABELS, Submission
from gf_intake.domain.units import Unit
from gf_policy.model import Problem


def unit_view(unit: Unit, *, contact: bool = True) -> dict[str, Any]:
    """Contact data is for those who act for the unit."""
    profile = unit.profile
    view: dict[str, Any] = {
        "id": str(unit.id),
        "category": unit.category,
        "state": unit.state.value,
        "version": unit.version,
        "name": profile.name,
        "uscc": profile.uscc,
        "industries": list(profile.industries),
        "key_industry": profile.key_industry,
        "region": profile.region,
        "superior": profile.superior,
        "group": profile.group,
        "names": [
            {"name": n.name, "valid_from": str(n.valid_from), "valid_to": str(n.valid_to) if n.valid_to else None}
            for n in unit.names
        ],
        "merged_into": str(unit.merged_into) if unit.merged_into else None,
    }
    if contact:
        view["contact"] = dict(profile.contact)
    return view


def campaign_view(campaign: Campaign, windows: Iterable[Window]) -> dict[str, Any]:
    return {
        "id": str(campaign.id),
        "name": campaign.name,
        "year": campaign.year,
        "state": campaign.state.value,
        "version": campaign.version,
        "owner": campaign.owner,
        "policy": {
            "id": campaign.policy.id,
            "version": campaign.policy.version,
            "hash": campaign.policy.hash,
        },
        "categories": list(campaign.categories),
        "kinds": list(campaign.kinds),
        "renewal_document": campaign.renewal_document,
        "windows": [window_view(window) for window in windows],
        "dates": [
            {
                "act": d.act,
                "authority": d.authority,
                "closes_at": d.closes_at.isoformat(),
                "document": d.document,
                "recorded_at": d.recorded_at.isoformat(),
                "extends": d.extends,
            }
            for d in campaign.dates
        ],
        "links": [dict(link) for link in campaign.links],
    }


def window_view(window: Window) -> dict[str, Any]:
    return {
        "act": window.act,
        "authority": window.authority,
        "opens_at": window.opens_at.isoformat(),
        "closes_at": window.closes_at.isoformat(),
        "rule": window.rule,
        "article": window.article,
    }


def submission_view(submission: Submission) -> dict[str, Any]:
    return {
        "id": str(submission.id),
        "number": submission.number,
        "unit_id": str(submission.unit_id),
        "campaign_id": str(submission.campaign_id),
        "category": submission.category,
        "kind": submission.kind,
        "state": submission.state.value,
        "label": LABELS[submission.state],
        "actions": list(ACTIONS[submission.state]),
        "round": submission.round,
        "version": submission.version,
        "form_version": submission.form_version,
        "content_hash": submission.content_hash,
        "superior": submission.superior,
        "admitted_at": submission.admitted_at.isoformat() if submission.admitted_at else None,
        "term_ends_at": submission.term_ends_at.isoformat() if submission.term_ends_at else None,
        "outcome": submission.outcome,
    }


def problem_view(problem: Problem) -> dict[str, Any]:
    return {
        "pointer": problem.pointer,
        "code": problem.code,
        "rule": problem.rule,
        "article": problem.article,
        "message": problem.message,
    }


def noted_view(warning: WarningNoted) -> dict[str, Any]:
    return {
        "pointer": warning.pointer,
        "code": warning.check,
        "rule": "",
        "article": "",
        "message": warning.message,
        "note": warning.note,
    }
