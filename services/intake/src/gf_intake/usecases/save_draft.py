"""暂存 / 验证并保存: a version of the content is appended; errors block verification, warnings travel along."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gf_chassis import json
from gf_chassis.database import Database, UnitOfWork
from gf_chassis.errors import Stale
from gf_chassis.http import etag
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_intake.adapters.policies import Policies, Rules
from gf_intake.adapters.repository import Repository
from gf_intake.adapters.tables import FormVersionRow
from gf_intake.domain.content import hash_of
from gf_intake.domain.errors import FieldError, FormInvalid
from gf_intake.domain.submissions import Submission
from gf_intake.usecases.access import own_submission
from gf_intake.usecases.views import problem_view, submission_view
from gf_policy.model import Checked


@dataclass(frozen=True, slots=True)
class SaveDraft:
    """Use case."""

    database: Database
    policies: Policies

    async def __call__(
        self,
        principal: Principal,
        submission_id: UUID,
        content: Mapping[str, Any] | None,
        seen_version: int,
        *,
        verify: bool,
        once: Once,
    ) -> dict[str, Any]:
        """`content` None: verify what was saved last."""
        async with self.database.unit_of_work(principal.actor()) as uow:
            if first := await once.first(uow):
                return first
            repository = Repository(uow.session)
            submission, unit = await own_submission(repository, principal, submission_id, self.policies, lock=True)
            if submission.version != seen_version:
                raise Stale(current=etag(submission.version))
            campaign = await repository.campaign(submission.campaign_id)
            assert campaign is not None
            rules = self.policies.rules(campaign.policy.id, unit.profile.superior, unit.category, submission.kind)
            if content is None:
                content = await stored_content(repository, submission)
            checked = check_form(rules, content, strict=verify)
            await append_version(uow, repository, submission, content, verified=verify)
            view = {**submission_view(submission), "warnings": [problem_view(w) for w in checked.warnings]}
            await once.keep(uow, view)
            await uow.commit()
            return view


def check_form(rules: Rules, content: Mapping[str, Any], *, strict: bool) -> Checked:
    """The form's own checks. A draft must only have the right shape; 验证 demands that nothing is red."""
    checked = rules.form.check(content, strict=strict)
    if checked.errors:
        first = checked.errors[0]
        raise FormInvalid(
            f"表单有{len(checked.errors)}处错误,请修改后再保存:{first.message}",
            rule=first.rule or None,
            article=first.article or None,
            errors=tuple(FieldError(e.pointer, e.code, e.message) for e in checked.errors),
        )
    return checked


async def append_version(
    uow: UnitOfWork,
    repository: Repository,
    submission: Submission,
    content: Mapping[str, Any],
    *,
    verified: bool,
) -> None:
    canonical = json.canonical(content)
    version = submission.save(hash_of(canonical), verified=verified)
    uow.session.add(
        FormVersionRow(
            submission_id=submission.id,
            version=version,
            round=submission.round,
            content=canonical.decode(),
            content_hash=submission.content_hash or "",
            verified=verified,
            saved_at=await uow.now(),
            saved_by=uow.actor.subject,
        )
    )
    await repository.save_submission(submission)
    kind = "FormVerified" if verified else "DraftSaved"
    uow.journal(Entry("submission", str(submission.id), kind, {"version": version, "round": submission.round}))


async def stored_content(repository: Repository, submission: Submission) -> Mapping[str, Any]:
    """The content saved last; an empty form before the first saving."""
    row = await repository.form_version(submission.id, submission.form_version) if submission.form_version else None
    content: Mapping[str, Any] = json.loads(row.content) if row is not None else {"values": []}
    return content
