"""A provincial system's one-call submission: what was sent, and what it becomes once unit and campaign are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gf_chassis import json
from gf_chassis.errors import NotFound
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_intake.adapters.policies import Policies, Rules
from gf_intake.domain.campaigns import Campaign
from gf_intake.domain.content import hash_of
from gf_intake.domain.errors import FieldError, InvalidProfile
from gf_intake.domain.units import Unit
from gf_intake.usecases.access import partner_of
from gf_intake.usecases.save_draft import check_form
from gf_policy.model import Checked


@dataclass(frozen=True, slots=True)
class PartnerCall:
    """What the partner sent, decoded. The unit is named by its id, or by its code and category."""

    principal: Principal
    once: Once
    campaign_id: UUID
    kind: str
    unit_id: UUID | None
    uscc: str | None
    category: str | None
    content: Mapping[str, Any]
    evidence: Sequence[tuple[str, UUID]] = ()

    @property
    def key(self) -> tuple[str, str]:
        """The idempotency key; on this way in there always is one."""
        return (self.once.scope, self.once.key or "")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call within its partner's region, with a form that is in order."""

    call: PartnerCall
    unit: Unit
    campaign: Campaign
    rules: Rules
    checked: Checked
    canonical: bytes
    content_hash: str


def prepare(call: PartnerCall, units: Sequence[Unit], campaign: Campaign | None, policies: Policies) -> Prepared:
    """Keep to the partner's region, check the form. `units`: those the call names."""
    mine = [unit for unit in units if partner_of(call.principal, unit.profile.superior, policies)]
    if not mine or campaign is None:
        raise NotFound
    if len(mine) > 1:
        raise InvalidProfile(
            "该统一社会信用代码对应多个申报单位,请改用 unit_id。",
            code="ambiguous_uscc",
            errors=(FieldError("/uscc", "ambiguous_uscc", "对应多个申报单位"),),
        )
    unit = mine[0]
    rules = policies.rules(campaign.policy.id, unit.profile.superior, unit.category, call.kind)
    checked = check_form(rules, call.content, strict=True)
    canonical = json.canonical(call.content)
    return Prepared(call, unit, campaign, rules, checked, canonical, hash_of(canonical))
