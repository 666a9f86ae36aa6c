"""Rows <-> domain objects. What is changed is locked first; locks are taken in the order campaign, unit, submission."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_intake.adapters.tables import (
    CampaignDateRow,
    CampaignRow,
    FormVersionRow,
    SubmissionRow,
    UnitProfileRow,
    UnitRow,
)
from gf_intake.domain.campaigns import Campaign, CampaignState, DateSet, Policy
from gf_intake.domain.submissions import UNDER_WAY, Submission, SubmissionState
from gf_intake.domain.units import DatedName, Profile, Unit, UnitState

#: Columns of `submission` that are attributes of the same name in the domain.
_SUBMISSION = tuple(name for name in SubmissionRow.model_fields if name not in ("state", "created_by"))


class Repository:
    """All aggregates of intake within one session."""

    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    # --- units -------------------------------------------------------------------------------------------------

    async def unit(self, unit_id: UUID, *, lock: bool = False, share: bool = False) -> Unit | None:
        """`lock`: to change it. `share`: nobody may change the profile until this transaction ends."""
        row = await self.session.get(
            UnitRow, unit_id, with_for_update=_lock(lock, share), populate_existing=lock or share
        )
        if row is None:
            return None
        profile = await self.session.get(UnitProfileRow, (unit_id, row.profile_version))
        assert profile is not None
        return to_unit(row, profile)

    async def units_by_uscc(self, uscc: str, category: str | None = None) -> list[Unit]:
        query = select(UnitRow, UnitProfileRow).where(
            col(UnitRow.uscc) == uscc,
            UnitProfileRow.unit_id == UnitRow.id,
            UnitProfileRow.version == UnitRow.profile_version,
        )
        if category is not None:
            query = query.where(col(UnitRow.category) == category)
        found = await self.session.exec(query.order_by(col(UnitRow.id)))
        return [to_unit(row, profile) for row, profile in found]

    async def add_unit(self, unit: Unit, recorded_at: Any, by: str) -> None:
        self.session.add(
            UnitRow(
                id=unit.id,
                category=unit.category,
                state=unit.state,
                uscc=unit.profile.uscc,
                superior=unit.profile.superior,
                profile_version=unit.version,
                event_number=unit.event_number,
            )
        )
        self._add_profile(unit, recorded_at, by)
        await self.session.flush()

    async def save_unit(self, unit: Unit, recorded_at: Any, by: str) -> None:
        """The unit was locked by this session; a new version of the profile is appended."""
        row = await self.session.get_one(UnitRow, unit.id)
        if row.profile_version != unit.version:
            self._add_profile(unit, recorded_at, by)
        row.state, row.merged_into = unit.state, unit.merged_into
        row.uscc, row.superior = unit.profile.uscc, unit.profile.superior
        row.profile_version, row.event_number = unit.version, unit.event_number
        await self.session.flush()

    def _add_profile(self, unit: Unit, recorded_at: Any, by: str) -> None:
        profile = unit.profile
        self.session.add(
            UnitProfileRow(
                unit_id=unit.id,
                version=unit.version,
                name=profile.name,
                uscc=profile.uscc,
                industries=list(profile.industries),
                key_industry=profile.key_industry,
                region=profile.region,
                superior=profile.superior,
                group_authority=profile.group,
                contact=dict(profile.contact),
                names=[
                    {"name": n.name, "valid_from": str(n.valid_from), "valid_to": str(n.valid_to or "")}
                    for n in unit.names
                ],
                recorded_at=recorded_at,
                recorded_by=by,
            )
        )

    async def has_submission_in_review(self, unit_id: UUID) -> bool:
        found = await self.session.exec(
            select(SubmissionRow.id)
            .where(col(SubmissionRow.unit_id) == unit_id, col(SubmissionRow.state).in_(sorted(UNDER_WAY)))
            .limit(1)
        )
        return found.first() is not None

    # --- campaigns ---------------------------------------------------------------------------------------------

    async def campaign(self, campaign_id: UUID, *, lock: bool = False, share: bool = False) -> Campaign | None:
        """`share`: it cannot be closed until this transaction ends, so control totals miss nothing."""
        row = await self.session.get(
            CampaignRow, campaign_id, with_for_update=_lock(lock, share), populate_existing=lock or share
        )
        if row is None:
            return None
        dates = await self.session.exec(
            select(CampaignDateRow)
            .where(col(CampaignDateRow.campaign_id) == campaign_id)
            .order_by(col(CampaignDateRow.no))
        )
        return to_campaign(row, list(dates))

    async def campaigns(self, most: int = 200) -> list[Campaign]:
        """The newest ones first. They are public: everybody may read all of them."""
        rows = (await self.session.exec(select(CampaignRow).order_by(col(CampaignRow.id).desc()).limit(most))).all()
        dates = await self.session.exec(
            select(CampaignDateRow)
            .where(col(CampaignDateRow.campaign_id).in_([row.id for row in rows]))
            .order_by(col(CampaignDateRow.no))
        )
        of: dict[UUID, list[CampaignDateRow]] = {row.id: [] for row in rows}
        for one in dates:
            of[one.campaign_id].append(one)
        return [to_campaign(row, of[row.id]) for row in rows]

    async def add_campaign(self, campaign: Campaign) -> None:
        self.session.add(
            CampaignRow(
                id=campaign.id,
                name=campaign.name,
                year=campaign.year,
                policy_id=campaign.policy.id,
                policy_version=campaign.policy.version,
                policy_hash=campaign.policy.hash,
                policy_valid_from=campaign.policy.valid_from,
                policy_valid_to=campaign.policy.valid_to,
                owner=campaign.owner,
                categories=list(campaign.categories),
                kinds=list(campaign.kinds),
                state=campaign.state,
                renewal_document=campaign.renewal_document,
                links=list(campaign.links),
                version=campaign.version,
                event_number=campaign.event_number,
            )
        )
        await self.session.flush()

    async def save_campaign(self, campaign: Campaign) -> None:
        row = await self.session.get_one(CampaignRow, campaign.id)
        row.state, row.version, row.event_number = campaign.state, campaign.version, campaign.event_number
        row.renewal_document = campaign.renewal_document
        stored = await self.session.exec(
            select(func.count()).select_from(CampaignDateRow).where(col(CampaignDateRow.campaign_id) == campaign.id)
        )
        for no, date_set in list(enumerate(campaign.dates, 1))[stored.one() :]:
            self.session.add(
                CampaignDateRow(
                    campaign_id=campaign.id,
                    no=no,
                    act=date_set.act,
                    authority=date_set.authority,
                    closes_at=date_set.closes_at,
                    document=date_set.document,
                    person=date_set.person,
                    recorded_at=date_set.recorded_at,
                    extends=date_set.extends,
                )
            )
        await self.session.flush()

    # --- submissions -------------------------------------------------------------------------------------------

    async def submission(self, submission_id: UUID, *, lock: bool = False) -> Submission | None:
        row = await self.session.get(
            SubmissionRow, submission_id, with_for_update=_lock(lock, False), populate_existing=lock
        )
        return None if row is None else to_submission(row)

    async def submission_of(self, unit_id: UUID, campaign_id: UUID, kind: str) -> Submission | None:
        """The one that holds the place of (unit, campaign, kind)."""
        found = await self.session.exec(
            select(SubmissionRow).where(
                col(SubmissionRow.unit_id) == unit_id,
                col(SubmissionRow.campaign_id) == campaign_id,
                col(SubmissionRow.kind) == kind,
                col(SubmissionRow.state) != SubmissionState.DELETED,
            )
        )
        row = found.first()
        return None if row is None else to_submission(row)

    async def add_submission(self, submission: Submission, by: str) -> None:
        self.session.add(
            SubmissionRow(
                **{name: getattr(submission, name) for name in _SUBMISSION}, state=submission.state, created_by=by
            )
        )
        await self.session.flush()

    async def save_submission(self, submission: Submission) -> None:
        row = await self.session.get_one(SubmissionRow, submission.id)
        for name in _SUBMISSION:
            setattr(row, name, getattr(submission, name))
        row.state = submission.state
        await self.session.flush()

    async def form_version(self, submission_id: UUID, version: int) -> FormVersionRow | None:
        return await self.session.get(FormVersionRow, (submission_id, version))


def to_unit(row: UnitRow, profile: UnitProfileRow) -> Unit:
    return Unit(
        id=row.id,
        category=row.category,
        profile=Profile(
            name=profile.name,
            uscc=profile.uscc,
            industries=tuple(profile.industries),
            key_industry=profile.key_industry,
            region=profile.region,
            superior=profile.superior,
            group=profile.group_authority,
            contact=dict(profile.contact),
        ),
        names=tuple(
            DatedName(n["name"], _day(n["valid_from"]), _day(n["valid_to"]) if n["valid_to"] else None)
            for n in profile.names
        ),
        version=row.profile_version,
        state=UnitState(row.state),
        event_number=row.event_number,
        merged_into=row.merged_into,
    )


def to_campaign(row: CampaignRow, dates: list[CampaignDateRow]) -> Campaign:
    return Campaign(
        id=row.id,
        name=row.name,
        year=row.year,
        policy=Policy(row.policy_id, row.policy_version, row.policy_hash, row.policy_valid_from, row.policy_valid_to),
        owner=row.owner,
        categories=tuple(row.categories),
        kinds=tuple(row.kinds),
        state=CampaignState(row.state),
        dates=tuple(
            DateSet(d.act, d.authority, d.closes_at, d.document, d.person, d.recorded_at, d.extends) for d in dates
        ),
        renewal_document=row.renewal_document,
        version=row.version,
        event_number=row.event_number,
        links=tuple(row.links),
    )


def to_submission(row: SubmissionRow) -> Submission:
    return Submission(**{name: getattr(row, name) for name in _SUBMISSION}, state=SubmissionState(row.state))


def not_deleted() -> ColumnElement[bool]:
    return col(SubmissionRow.state) != SubmissionState.DELETED


def _lock(lock: bool, share: bool) -> Any:
    if lock:
        return True
    return {"read": True, "key_share": True} if share else None


def _day(text: str) -> date:
    return date.fromisoformat(text)
