"""Take note of an admitted submission: the unit as it stood, and the policies it runs under."""

from __future__ import annotations

from gf_chassis.database import UnitOfWork
from gf_registry.adapters import projection
from gf_registry.adapters.contracts import Submission
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository

from .list_unit import list_units


async def note_submission(uow: UnitOfWork, law: Law, submission: Submission) -> None:
    repo = Repository(uow)
    standing = await repo.lock_standing(submission.unit.unit_id)
    await projection.store_submission(repo.session, submission)
    waiting = await repo.waiting(submission_id=submission.submission_id)
    await list_units(uow, repo, law, {standing.unit_id: standing}, waiting)
