"""上报: a verified form is admitted at the database clock, or refused with every ground named."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gf_chassis.database import Database
from gf_chassis.errors import NotFound, Stale
from gf_chassis.http import etag
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_intake.adapters.policies import Policies
from gf_intake.adapters.repository import Repository
from gf_intake.adapters.standings import NOTHING, attached, standings_of
from gf_intake.adapters.tables import RoundRow
from gf_intake.domain.submissions import Submission, SubmissionState
from gf_intake.domain.units import Unit
from gf_intake.usecases.access import is_mine
from gf_intake.usecases.admit import Case, admit
from gf_intake.usecases.save_draft import check_form, stored_content
from gf_intake.usecases.views import noted_view, submission_view


@dataclass(frozen=True, slots=True)
class SubmitSubmission:
    """Use case."""

    database: Database
    policies: Policies

    async def __call__(
        self, principal: Principal, submission_id: UUID, seen_version: int, once: Once
    ) -> dict[str, Any]:
        async with self.database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            repository = Repository(uow.session)
            case = await self._case(repository, principal, submission_id)
            submission = case.submission
            if submission.version != seen_version:
                raise Stale(current=etag(submission.version))
            admitted = admit(case, await uow.now())
            await repository.save_submission(submission)
            uow.session.add(round_row(submission, case.unit, [ref.id for ref in case.evidence]))
            data = {"round": submission.round, "form_version": submission.form_version, "number": submission.number}
            uow.journal(
                Entry("submission", str(submission.id), "Submitted", data, "N25-self", published=admitted.published)
            )
            view = {**submission_view(submission), "warnings": [noted_view(w) for w in admitted.warnings]}
            await once.keep(uow, view)
            await uow.commit()
            return view

    async def _case(self, repository: Repository, principal: Principal, submission_id: UUID) -> Case:
        """Locks in order: the campaign (so that it is not closed meanwhile), the unit (its profile), the submission."""
        found = await repository.submission(submission_id)
        if found is None:
            raise NotFound
        campaign = await repository.campaign(found.campaign_id, share=True)
        unit = await repository.unit(found.unit_id, share=True)
        submission = await repository.submission(submission_id, lock=True)
        if campaign is None or unit is None or submission is None or not is_mine(principal, unit, self.policies):
            raise NotFound
        if submission.state is SubmissionState.DELETED:
            raise NotFound
        rules = self.policies.rules(campaign.policy.id, unit.profile.superior, unit.category, submission.kind)
        content = await stored_content(repository, submission)
        # Checked again: the superior, and with it the overlays, may have changed since it was verified.
        verified = submission.state is SubmissionState.VERIFIED
        checked = check_form(rules, content, strict=verified)
        standings = await standings_of(repository.session, [unit.id])
        return Case(
            submission,
            unit,
            campaign,
            rules,
            content,
            checked,
            await attached(repository.session, submission_id),
            standings.get(unit.id, NOTHING),
            "partner" if principal.has("partner") else "person",
        )


def round_row(submission: Submission, unit: Unit, evidence: list[str]) -> RoundRow:
    """The round as it was admitted."""
    assert submission.admitted_at is not None
    return RoundRow(
        submission_id=submission.id,
        round=submission.round,
        campaign_id=submission.campaign_id,
        kind=submission.kind,
        superior=submission.superior,
        profile_version=unit.version,
        form_version=submission.form_version,
        content_hash=submission.content_hash or "",
        admitted_at=submission.admitted_at,
        evidence=evidence,
    )
