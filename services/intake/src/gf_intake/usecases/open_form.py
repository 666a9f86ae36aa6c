"""打开表单: a submission with everything its owner's pages show: rules, content, evidence, levels, correction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis import json
from gf_chassis.errors import NotFound
from gf_chassis.identity import Principal
from gf_intake.adapters.contracts import EvidenceRef
from gf_intake.adapters.policies import Policies, Rules, declared
from gf_intake.adapters.repository import Repository
from gf_intake.adapters.standings import NOTHING, attached, standings_of
from gf_intake.adapters.tables import RoundRow
from gf_intake.domain import admission
from gf_intake.domain.admission import Ground, Standing, require_window
from gf_intake.domain.campaigns import Campaign, Window
from gf_intake.domain.errors import AdmissionRefused, DomainError
from gf_intake.domain.submissions import Submission
from gf_intake.domain.units import Unit
from gf_intake.usecases.access import own_submission
from gf_intake.usecases.admit import missing_slots
from gf_intake.usecases.read_submissions import read_submission
from gf_intake.usecases.save_draft import stored_content
from gf_policy.model import Checked, UnitAttributes


@dataclass(frozen=True, slots=True)
class OpenedForm:
    """What the owner sees. `view` is the submission as the API shows it."""

    submission: Submission
    unit: Unit
    campaign: Campaign
    rules: Rules
    window: Window
    content: Mapping[str, Any]
    saved_at: datetime | None
    checked: Checked
    view: Mapping[str, Any]
    returned: Mapping[str, Any] | None  # the content that was returned for correction
    evidence: Sequence[EvidenceRef]
    missing: Sequence[Ground]  # evidence that 上报 would ask for
    standing: Standing
    way: Sequence[tuple[str, str | None]]  # level and authority of each stage 上报 would lead through


async def open_form(session: AsyncSession, principal: Principal, policies: Policies, submission_id: UUID) -> OpenedForm:
    """For those who act for the unit; everyone else: 404."""
    repository = Repository(session)
    submission, unit = await own_submission(repository, principal, submission_id, policies)
    campaign = await repository.campaign(submission.campaign_id)
    if campaign is None:
        raise NotFound
    rules = policies.rules(campaign.policy.id, unit.profile.superior, unit.category, submission.kind)
    content = await stored_content(repository, submission)
    saved = await repository.form_version(submission.id, submission.form_version) if submission.form_version else None
    checked = rules.form.check(content)
    evidence = await attached(session, submission_id)
    return OpenedForm(
        submission=submission,
        unit=unit,
        campaign=campaign,
        rules=rules,
        window=campaign.window(rules.law.window, rules.chain),
        content=content,
        saved_at=saved.saved_at if saved else None,
        checked=checked,
        view=await read_submission(session, principal, policies, submission_id),
        returned=await _returned(repository, submission),
        evidence=evidence,
        missing=missing_slots(rules, checked.facts, evidence, submission.content_hash, "person"),
        standing=(await standings_of(session, [unit.id])).get(unit.id, NOTHING),
        way=way_of(policies, campaign.policy.id, unit, submission.kind),
    )


async def _returned(repository: Repository, submission: Submission) -> Mapping[str, Any] | None:
    """What the authority saw: its findings point into it."""
    if submission.term_ends_at is None:
        return None
    before = await repository.session.get(RoundRow, (submission.id, submission.round - 1))
    row = await repository.form_version(submission.id, before.form_version) if before else None
    content: Mapping[str, Any] | None = json.loads(row.content) if row else None
    return content


def way_of(policies: Policies, policy_id: str, unit: Unit, kind: str) -> list[tuple[str, str | None]]:
    """Every stage of the unit's route; None where a level does not apply (不适用)."""
    profile = unit.profile
    attributes = UnitAttributes(profile.superior, profile.group, unit.category, profile.region or None)
    route = policies.book.effective_for(policy_id, profile.superior).route(attributes, kind)
    return [(stage.level, stage.authority if stage.applicable else None) for stage in route.stages]


def closed_because(campaign: Campaign, window: Window, now: datetime, *, in_correction: bool) -> str:
    """Why nothing can be submitted now; empty when it can."""
    try:
        require_window(campaign, window, now, in_correction=in_correction)
    except DomainError as refused:
        return refused.detail
    return ""


def foreseen(opened: OpenedForm, today: date) -> tuple[list[str], list[str]]:
    """What 上报 would be refused for as things stand, and what would travel along as a warning."""
    try:
        warnings = admission.check(
            opened.rules.law,
            opened.unit.profile,
            declared(opened.checked.facts),
            opened.standing,
            opened.missing,
            today,
        )
    except AdmissionRefused as refused:
        return [error.detail for error in refused.errors], []
    return [], [warning.message for warning in warnings]
