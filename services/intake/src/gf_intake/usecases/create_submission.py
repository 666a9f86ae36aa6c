"""新建表单: one per unit, campaign and kind; it starts as 填写中."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from gf_chassis.database import Database
from gf_chassis.errors import NotFound
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_chassis.journal import Entry
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.domain.campaigns import CampaignState
from gf_intake.domain.errors import CampaignNotOpen, FieldError, SubmissionExists
from gf_intake.domain.numbers import number_of
from gf_intake.domain.submissions import Submission
from gf_intake.usecases.access import own_unit
from gf_intake.usecases.views import submission_view


@dataclass(frozen=True, slots=True)
class CreateSubmission:
    """Use case."""

    database: Database
    policies: Policies

    async def __call__(
        self, principal: Principal, unit_id: UUID, campaign_id: UUID, kind: str, once: Once
    ) -> dict[str, Any]:
        async with self.database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            repository = Repository(uow.session)
            unit = await own_unit(repository, principal, unit_id, self.policies)
            campaign = await repository.campaign(campaign_id, share=True)
            if campaign is None:
                raise NotFound
            if campaign.state is CampaignState.CLOSED:
                raise CampaignNotOpen("该批次已经结束,不能新建表单。")
            if not campaign.runs(unit.category, kind):
                raise CampaignNotOpen(
                    "该批次不受理此类别或此种表单。",
                    code="not_in_campaign",
                    rule="GD-3",
                    errors=(FieldError("/kind", "not_in_campaign", "批次未包含"),),
                )
            if existing := await repository.submission_of(unit_id, campaign_id, kind):
                raise _exists(existing.id)
            submission_id = new_id()
            number = number_of(submission_id, kind, campaign.year, unit.profile.superior)
            submission = Submission(submission_id, number, unit_id, campaign_id, unit.category, kind)
            try:
                await repository.add_submission(submission, principal.subject)
            except IntegrityError:
                raise _exists(None) from None
            uow.journal(Entry("submission", str(submission.id), "DraftCreated", {"kind": kind, "number": number}))
            view = submission_view(submission)
            await once.keep(uow, view)
            await uow.commit()
            return view


def _exists(submission_id: UUID | None) -> SubmissionExists:
    which = f"(编号 {submission_id})" if submission_id else ""
    return SubmissionExists(f"该单位在本批次已有此种表单{which},请在原表单上继续填写。")
