"""可申报的批次: which forms a unit may start, with the window that holds for it and what stands in the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.clock import SHANGHAI
from gf_chassis.identity import Principal
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository, to_unit
from gf_intake.adapters.standings import NOTHING, standings_of
from gf_intake.adapters.tables import CampaignRow, UnitProfileRow, UnitRow
from gf_intake.domain import admission
from gf_intake.domain.admission import Standing
from gf_intake.domain.campaigns import Campaign, CampaignState, Window
from gf_intake.domain.errors import AdmissionRefused
from gf_intake.domain.submissions import Submission
from gf_intake.domain.units import Unit, UnitState
from gf_intake.usecases.open_form import closed_because, way_of
from gf_intake.usecases.read_units import visible

_SHOWN = 30


@dataclass(frozen=True, slots=True)
class Opening:
    """One form that a unit could file in a campaign."""

    campaign: Campaign
    unit: Unit
    kind: str
    title: str
    window: Window
    way: Sequence[tuple[str, str | None]]
    existing: Submission | None
    closed: str  # why nothing can be submitted now
    obstacles: Sequence[str]  # what would be refused at 上报 as things stand
    reminders: Sequence[str]  # what would travel as a warning

    @property
    def may_start(self) -> bool:
        """A form may be prepared before its window opens, but not when it is over or can never be admitted."""
        over = self.campaign.state is CampaignState.CLOSED
        return self.existing is None and not over and self.unit.state is UnitState.ACTIVE


@dataclass(frozen=True, slots=True)
class Openings:
    units: Sequence[Unit]
    openings: Sequence[Opening]


async def list_openings(session: AsyncSession, principal: Principal, policies: Policies, now: datetime) -> Openings:
    """For the applicant's own units, the latest campaigns first."""
    repository = Repository(session)
    rows = await session.exec(
        select(UnitRow, UnitProfileRow).where(
            UnitProfileRow.unit_id == UnitRow.id,
            UnitProfileRow.version == UnitRow.profile_version,
            visible(principal, policies),
        )
    )
    units = [to_unit(row, profile) for row, profile in rows]
    ids = await session.exec(select(CampaignRow.id).order_by(col(CampaignRow.id).desc()).limit(_SHOWN))
    campaigns = [found for one in list(ids) if (found := await repository.campaign(one)) is not None]
    standings = await standings_of(session, [unit.id for unit in units])
    openings = []
    for campaign in campaigns:
        for unit in units:
            for kind in campaign.kinds:
                if not campaign.runs(unit.category, kind):
                    continue
                rules = policies.rules(campaign.policy.id, unit.profile.superior, unit.category, kind)
                window = campaign.window(rules.law.window, rules.chain)
                today = now.astimezone(SHANGHAI).date()
                obstacles, reminders = _foreseen(rules.law, unit, standings.get(unit.id, NOTHING), today)
                openings.append(
                    Opening(
                        campaign,
                        unit,
                        kind,
                        rules.form.title,
                        window,
                        way_of(policies, campaign.policy.id, unit, kind),
                        await repository.submission_of(unit.id, campaign.id, kind),
                        closed_because(campaign, window, now, in_correction=False),
                        obstacles,
                        reminders,
                    )
                )
    return Openings(units, openings)


def _foreseen(law: admission.Law, unit: Unit, standing: Standing, today: date) -> tuple[list[str], list[str]]:
    """What admission would say now about everything but the form itself."""
    try:
        warnings = admission.check(law, unit.profile, frozenset(), standing, [], today)
    except AdmissionRefused as refused:
        return [error.detail for error in refused.errors], []
    return [], [warning.message for warning in warnings]
