"""An authority enters lead and baseline values (引领值, 基准值) for a campaign, as a draft."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from gf_chassis.database import Database
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_chassis.journal import Entry
from gf_policy.industries import IndustryTable
from gf_policy.rulesets import RulesetTable
from gf_scoring.adapters import benchmark_sets
from gf_scoring.adapters.tables import CampaignRow
from gf_scoring.domain import benchmarks
from gf_scoring.domain.benchmarks import ARTICLE, RULE, BenchmarkSet, Level, SetState
from gf_scoring.domain.errors import BenchmarkRefused, FieldProblem


@dataclass(frozen=True, slots=True)
class NewSet:
    """What the authority enters."""

    campaign_id: UUID
    category: str
    key_industry: str
    title: str
    document: str
    person: str
    demo: bool
    levels: Sequence[Level]


class CreateBenchmarkSet:
    def __init__(self, database: Database, rulesets: RulesetTable, industries: IndustryTable) -> None:
        self._database = database
        self._rulesets = rulesets
        self._industries = industries

    async def __call__(self, principal: Principal, given: NewSet, once: Once) -> dict[str, str | int]:
        principal.require("steward", rule=RULE)
        async with self._database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            campaign = await uow.session.get(CampaignRow, given.campaign_id)
            if campaign is None:
                raise _refused("/campaign_id", "unknown_campaign", "没有这个开展年度的工作（campaign_id），请核对。")
            chosen = self._rulesets.applicable(campaign.base, given.category, given.key_industry)
            if given.key_industry and chosen.entry is None and not self._industries.is_key(given.key_industry):
                raise _refused("/key_industry", "unknown_key_industry", "重点行业清单中没有该行业，请核对。", "N25-53")
            ruleset = chosen.ruleset
            if ruleset is None:
                detail = chosen.reason or "该类别没有评分规则，不能设定引领值和基准值。"
                raise _refused("/category", "no_ruleset", detail)
            if not ruleset.competent(principal.authority, campaign.owner):
                raise BenchmarkRefused(
                    "not_competent", "该评分规则的引领值和基准值不由您所在的主管部门设定。", status=403, rule=RULE
                )
            benchmarks.check(given.levels, ruleset)
            draft = BenchmarkSet(
                id=new_id(),
                campaign_id=given.campaign_id,
                ruleset_id=ruleset.id,
                ruleset_version=ruleset.version,
                key_industry=given.key_industry,
                title=given.title,
                authority=principal.authority,
                document=given.document,
                person=given.person,
                demo=given.demo,
                levels=tuple(given.levels),
                hash=benchmarks.hash_of(given.levels),
                state=SetState.DRAFT,
                created_at=await uow.now(),
                created_by=principal.subject,
            )
            benchmark_sets.add(uow.session, draft)
            uow.journal(
                Entry("benchmark_set", str(draft.id), "benchmark_set_drafted", {"hash": draft.hash}, given.document)
            )
            result: dict[str, str | int] = {"id": str(draft.id), "state": draft.state.value, "version": 1}
            await once.keep(uow, result)
            await uow.commit()
        return result


def _refused(pointer: str, code: str, detail: str, rule: str = RULE) -> BenchmarkRefused:
    return BenchmarkRefused(
        code, detail, rule=rule, article=ARTICLE, errors=[FieldProblem(pointer, code, detail, rule)]
    )
