"""A provincial system's one-call submission up to the transaction: resolved, walled in, checked. No writing here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gf_chassis import json
from gf_chassis.database import Database
from gf_chassis.errors import NotFound
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_intake.adapters.policies import Policies, Rules, require_uscc
from gf_intake.adapters.repository import Repository
from gf_intake.domain.campaigns import Campaign
from gf_intake.domain.content import hash_of
from gf_intake.domain.errors import FieldError, InvalidProfile
from gf_intake.domain.units import Unit
from gf_intake.usecases.access import partner_of
from gf_intake.usecases.save_draft import check_form
from gf_policy.model import Checked

_CACHED = 100_000


@dataclass(frozen=True, slots=True)
class PartnerCall:
    """What the partner sent, decoded."""

    principal: Principal
    once: Once
    campaign_id: UUID
    kind: str
    unit_id: UUID | None
    uscc: str | None
    category: str | None
    content: Mapping[str, Any]
    evidence: Sequence[tuple[str, UUID]] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A call that is in order as far as can be said without a transaction; unit and campaign are confirmed in it."""

    call: PartnerCall
    unit: Unit
    campaign: Campaign
    rules: Rules
    checked: Checked
    canonical: bytes
    content_hash: str


class Known:
    """Units and campaigns as last read. Never trusted: their versions are compared in the admitting transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._units: dict[UUID, Unit] = {}
        self._by_uscc: dict[tuple[str, str], UUID] = {}
        self._campaigns: dict[UUID, Campaign] = {}

    async def unit(self, unit_id: UUID) -> Unit | None:
        found = self._units.get(unit_id)
        if found is None:
            async with self._database.reading() as session:
                found = await Repository(session).unit(unit_id)
            if found is not None:
                self._remember(found)
        return found

    async def unit_by_uscc(self, uscc: str, category: str) -> Unit | None:
        unit_id = self._by_uscc.get((uscc, category))
        if unit_id is not None and unit_id in self._units:
            return self._units[unit_id]
        async with self._database.reading() as session:
            found = await Repository(session).units_by_uscc(uscc, category)
        if len(found) > 1:
            raise InvalidProfile("该统一社会信用代码对应多个申报单位,请改用 unit_id。", code="ambiguous_uscc")
        for unit in found:
            self._remember(unit)
        return found[0] if found else None

    async def campaign(self, campaign_id: UUID) -> Campaign | None:
        found = self._campaigns.get(campaign_id)
        if found is None:
            async with self._database.reading() as session:
                found = await Repository(session).campaign(campaign_id)
            if found is not None:
                self._campaigns[campaign_id] = found
        return found

    def forget(self, unit_id: UUID, campaign_id: UUID) -> None:
        """They were not what the transaction found."""
        unit = self._units.pop(unit_id, None)
        if unit is not None and unit.profile.uscc is not None:
            self._by_uscc.pop((unit.profile.uscc, unit.category), None)
        self._campaigns.pop(campaign_id, None)

    def _remember(self, unit: Unit) -> None:
        if len(self._units) >= _CACHED:
            self._units.clear()
            self._by_uscc.clear()
        self._units[unit.id] = unit
        if unit.profile.uscc is not None:
            self._by_uscc[unit.profile.uscc, unit.category] = unit.id


async def prepare(call: PartnerCall, known: Known, policies: Policies) -> Prepared:
    """Find unit and campaign, keep to the partner's region, check the form."""
    unit = await _unit(call, known)
    if unit is None or not partner_of(call.principal, unit.profile.superior, policies):
        raise NotFound
    campaign = await known.campaign(call.campaign_id)
    if campaign is None:
        raise NotFound
    rules = policies.rules(campaign.policy.id, unit.profile.superior, unit.category, call.kind)
    checked = check_form(rules, call.content, strict=True)
    canonical = json.canonical(call.content)
    return Prepared(call, unit, campaign, rules, checked, canonical, hash_of(canonical))


async def _unit(call: PartnerCall, known: Known) -> Unit | None:
    if call.unit_id is not None:
        return await known.unit(call.unit_id)
    if call.uscc is None or call.category is None:
        raise InvalidProfile(
            "请用 unit_id,或用 uscc 和 category 指明申报单位。",
            code="unit_required",
            rule="used-by",
            errors=(FieldError("/unit_id", "required", "缺少申报单位"),),
        )
    return await known.unit_by_uscc(require_uscc(call.uscc), call.category)
