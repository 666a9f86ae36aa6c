"""上报: what every way in does once the facts are on the table. No database here; the caller locked what it read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from gf_chassis.clock import SHANGHAI
from gf_chassis.journal import Published
from gf_intake.adapters import contracts
from gf_intake.adapters.contracts import EvidenceRef, WarningNoted
from gf_intake.adapters.policies import Rules, declared, require_uscc
from gf_intake.domain import admission
from gf_intake.domain.admission import Ground, Standing
from gf_intake.domain.campaigns import Campaign
from gf_intake.domain.content import SEALED_SCAN, note_at
from gf_intake.domain.errors import CampaignNotOpen, FieldError, IllegalTransition
from gf_intake.domain.submissions import Submission
from gf_intake.domain.units import Unit, UnitState
from gf_policy.model import Checked, FactRow


@dataclass(frozen=True, slots=True)
class Case:
    """A submission at the counter: everything the admission looks at."""

    submission: Submission
    unit: Unit
    campaign: Campaign
    rules: Rules
    content: Mapping[str, Any]
    checked: Checked
    evidence: Sequence[EvidenceRef]
    standing: Standing
    channel: Literal["person", "partner"]


@dataclass(frozen=True, slots=True)
class Admitted:
    """The event to publish and the warnings that travel."""

    published: Published
    warnings: list[WarningNoted]


def admit(case: Case, now: datetime) -> Admitted:
    """Admit, or refuse with every ground named. `now` is the database clock of the admitting transaction."""
    submission, unit, campaign, rules = case.submission, case.unit, case.campaign, case.rules
    if unit.state is not UnitState.ACTIVE:
        raise IllegalTransition("该单位已并入其他单位或已注销,不能上报。")
    if unit.profile.uscc is not None:
        require_uscc(unit.profile.uscc)
    if not campaign.runs(unit.category, submission.kind):
        raise CampaignNotOpen(
            "该批次不受理此类别或此种表单。",
            code="not_in_campaign",
            rule="GD-3",
            errors=(FieldError("/kind", "not_in_campaign", "批次未包含"),),
        )
    submission.require_submittable(now)
    window = campaign.window(rules.law.window, rules.chain)
    admission.require_window(campaign, window, now, in_correction=submission.term_ends_at is not None)
    grounds = admission.check(
        rules.law,
        unit.profile,
        declared(case.checked.facts),
        case.standing,
        missing_evidence(case),
        now.astimezone(SHANGHAI).date(),
    )
    warnings = [
        WarningNoted(w.code, w.pointer, w.message, note_at(case.content, w.pointer)) for w in case.checked.warnings
    ]
    warnings += [WarningNoted(g.code, g.pointer, g.message, "") for g in grounds]
    submission.admit(now, unit.profile.superior)
    published = contracts.submission_admitted(
        submission,
        contracts.snapshot(unit.id, unit.version, unit.category, unit.profile),
        year=campaign.year,
        form=rules.form.id,
        policies=rules.refs,
        facts=case.checked.facts,
        warnings=warnings,
        evidence=case.evidence,
    )
    return Admitted(published, warnings)


def missing_evidence(case: Case) -> list[Ground]:
    """Slots without an upload, as the way in demands them."""
    return missing_slots(case.rules, case.checked.facts, case.evidence, case.submission.content_hash, case.channel)


def missing_slots(
    rules: Rules,
    facts: Sequence[FactRow],
    evidence: Sequence[EvidenceRef],
    content_hash: str | None,
    channel: Literal["person", "partner"],
) -> list[Ground]:
    """A sealed scan counts only for the content it was printed from (DM-export)."""
    voided = False
    present: set[str] = set()
    for ref in evidence:
        if ref.slot == SEALED_SCAN and ref.content_hash != content_hash:
            voided = True
        else:
            present.add(ref.slot)
    problems = rules.form.check_evidence(facts, present, at="submit", channel=channel)
    return [
        Ground(
            problem.code,
            problem.pointer,
            "内容已修改,原盖章扫描件作废,请重新导出、盖章并上传"
            if voided and SEALED_SCAN in problem.pointer
            else problem.message,
            problem.rule,
            problem.article,
        )
        for problem in problems
    ]
