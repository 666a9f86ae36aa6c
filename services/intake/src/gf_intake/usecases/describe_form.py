"""表单说明: what a form asks for, for clients; and a check without saving."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis import json
from gf_chassis.errors import NotFound
from gf_intake.adapters.policies import Policies, Rules
from gf_intake.adapters.repository import Repository
from gf_intake.domain.campaigns import Campaign
from gf_intake.domain.content import hash_of
from gf_intake.usecases.views import problem_view, window_view
from gf_policy.model import FormRow


async def rules_for(
    session: AsyncSession, policies: Policies, campaign_id: UUID, category: str, kind: str, superior: str | None
) -> tuple[Campaign, Rules]:
    """`superior`: whose overlays apply; without one the base policy alone."""
    campaign = await Repository(session).campaign(campaign_id)
    if campaign is None or not campaign.runs(category, kind):
        raise NotFound
    return campaign, policies.rules(campaign.policy.id, superior or campaign.owner, category, kind)


async def describe_form(
    session: AsyncSession, policies: Policies, campaign_id: UUID, category: str, kind: str, superior: str | None
) -> dict[str, Any]:
    campaign, rules = await rules_for(session, policies, campaign_id, category, kind, superior)
    form, law = rules.form, rules.law
    return {
        "id": form.id,
        "title": form.title,
        "category": form.category,
        "kind": form.kind,
        "year": form.year,
        "policies": [{"id": ref.id, "version": ref.version, "hash": ref.hash} for ref in rules.refs],
        "window": window_view(campaign.window(law.window, rules.chain)),
        "sections": [
            {"code": section.code, "label": section.label, "rows": [_row(row) for row in section.rows]}
            for section in form.sections
        ],
        "checks": [
            {"code": c.code, "severity": c.severity, "message": c.message, "rule": c.rule, "article": c.article}
            for c in form.checks
        ],
        "evidence_slots": [
            {
                "code": slot.code,
                "label": slot.label,
                "required_when": list(slot.required_when),
                "required_channels": list(slot.required_channels),
                "always": slot.always,
                "max_files": slot.max_files,
                "rule": slot.rule,
                "article": slot.article,
            }
            for slot in form.evidence_slots
        ],
        "exclusions": [
            {"fact": e.fact, "label": e.label, "rule": e.rule, "article": e.article} for e in law.exclusions
        ],
        "preconditions": [
            {
                "code": p.code,
                "list_id": p.list_id,
                "refuse": p.refuse,
                "message": p.message,
                "rule": p.rule,
                "article": p.article,
            }
            for p in law.preconditions
        ],
    }


async def check_content(
    session: AsyncSession,
    policies: Policies,
    campaign_id: UUID,
    category: str,
    kind: str,
    superior: str | None,
    content: Mapping[str, Any],
) -> dict[str, Any]:
    """What 验证 would say, and the hash a sealed print of this content carries. Nothing is stored."""
    _, rules = await rules_for(session, policies, campaign_id, category, kind, superior)
    checked = rules.form.check(content)
    return {
        "errors": [problem_view(one) for one in checked.errors],
        "warnings": [problem_view(one) for one in checked.warnings],
        "content_hash": hash_of(json.canonical(content)),
    }


def _row(row: FormRow) -> dict[str, Any]:
    usual = row.usual_range
    return {
        "code": row.code,
        "label": row.label,
        "type": row.type,
        "unit": row.unit,
        "units": {unit: format(factor, "f") for unit, factor in row.units.items()},
        "years": list(row.years),
        "required": row.required,
        "per_product": row.per_product,
        "max_products": row.max_products,
        "minimum": None if row.minimum is None else format(row.minimum, "f"),
        "maximum": None if row.maximum is None else format(row.maximum, "f"),
        "usual_range": None if usual is None else [None if one is None else format(one, "f") for one in usual],
        "codes": dict(row.codes),
        "must_be": row.must_be,
        "not_applicable_allowed": row.not_applicable_allowed,
        "max_length": row.max_length,
        "evidence": row.evidence,
        "indicator": row.indicator,
        "help": row.help,
        "rule": row.rule,
        "article": row.article,
    }
