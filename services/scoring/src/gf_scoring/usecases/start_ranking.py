"""Start the ranking of a category of a campaign (发起排名). It closes by itself once it has all it waits for."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.database import Database
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_chassis.journal import Entry
from gf_policy.ranking import RankingTable
from gf_scoring.adapters.tables import CampaignRow, RankingRunRow
from gf_scoring.domain.errors import FieldProblem
from gf_scoring.domain.rankings import RULE, RankingRefused, RunState


class StartRanking:
    def __init__(self, database: Database, rankings: RankingTable) -> None:
        self._database = database
        self._rankings = rankings

    async def __call__(
        self, principal: Principal, campaign_id: UUID, category: str, once: Once
    ) -> dict[str, str | int]:
        principal.require("steward", rule=RULE)
        async with self._database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            campaign = await uow.session.get(CampaignRow, campaign_id, with_for_update=True)
            if campaign is None:
                raise _refused("/campaign_id", "unknown_campaign", "没有这个开展年度的工作（campaign_id），请核对。")
            rules = self._rankings.find(campaign.base, category)
            if rules is None:
                raise _refused("/category", "no_ranking_rules", "该类别没有排名规则（ranking.yaml），不能排名。")
            if principal.authority not in rules.run_by:
                raise RankingRefused("not_competent", "该类别的排名不由您所在的主管部门发起。", status=403)
            if await _collecting(uow.session, campaign_id, category):
                raise RankingRefused("already_collecting", "该类别已有一次排名正在收集，请等它结束。", status=409)
            run = RankingRunRow(
                id=new_id(),
                campaign_id=campaign_id,
                base=campaign.base,
                category=category,
                kind=rules.kind,
                list_id=rules.list_id,
                year=campaign.year,
                authority=principal.authority,
                rules=rules.data,
                rules_hash=rules.hash,
                state=RunState.COLLECTING.value,
                created_at=await uow.now(),
                created_by=principal.subject,
            )
            uow.session.add(run)
            uow.journal(Entry("ranking_run", str(run.id), "ranking_started", {"rules_hash": rules.hash}, rules.id))
            result: dict[str, str | int] = {"id": str(run.id), "state": run.state, "version": run.version}
            await once.keep(uow, result)
            await uow.commit()
        return result


async def _collecting(session: AsyncSession, campaign_id: UUID, category: str) -> bool:
    found = await session.exec(
        select(RankingRunRow.id).where(
            RankingRunRow.campaign_id == campaign_id,
            RankingRunRow.category == category,
            RankingRunRow.state == RunState.COLLECTING.value,
        )
    )
    return found.first() is not None


def _refused(pointer: str, code: str, detail: str) -> RankingRefused:
    return RankingRefused(code, detail, errors=[FieldProblem(pointer, code, detail, RULE)])
