"""A form was admitted (上报): draw up the first sheet of its round. The hot path: a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence

from gf_chassis.database import UnitOfWork
from gf_chassis.events import Event
from gf_chassis.journal import Entry, Published
from gf_scoring.adapters import contracts, repository
from gf_scoring.adapters.rulebook import Rulebook
from gf_scoring.domain.sheets import Sheet, draw_up


class ScoreSubmissions:
    def __init__(self, rulebook: Rulebook, publisher: contracts.Publisher) -> None:
        self._rulebook = rulebook
        self._publisher = publisher

    async def one(self, uow: UnitOfWork, event: Event) -> None:
        await self(uow, (event,))

    async def __call__(self, uow: UnitOfWork, events: Sequence[Event]) -> None:
        session = uow.session
        await repository.share(session)
        admitted = [(event, contracts.subject_of(event.message)) for event in events]
        sets = await self._rulebook.in_force(session, {subject.campaign_id for _, subject in admitted})
        # Only a later round can find sheets of an earlier one.
        heads = await repository.heads(session, {s.submission_id for _, s in admitted if s.round > 1})
        waiting = await repository.assessments(session, {s.submission_id for _, s in admitted})
        drawn: list[tuple[Sheet, bytes, bytes]] = []
        for event, subject in admitted:
            rows = contracts.rows_of(event.message)
            stored = contracts.facts_bytes(rows)
            assessment = waiting.get((subject.submission_id, subject.round))
            number, _ = heads.get(subject.submission_id, (0, 0))
            sheet = draw_up(
                subject,
                contracts.facts_of(rows),
                stored,
                self._rulebook.table(subject, assessment.industry_ruling if assessment else "", sets),
                assessment,
                number=number + 1,
                revision=1,
            )
            heads[subject.submission_id] = (number + 1, subject.round)
            drawn.append((sheet, stored, self._publisher.payload(sheet)))
        await repository.add(session, drawn, await uow.now())
        for sheet, _, payload in drawn:
            uow.journal(entry(sheet, self._publisher.event(sheet, payload)))


def entry(sheet: Sheet, published: Published, reason: str = "") -> Entry:
    return Entry(
        aggregate="score_sheet",
        aggregate_id=published.key,
        type="submission_scored",
        data={"round": sheet.subject.round, "revision": sheet.revision},
        basis="" if sheet.table is None else sheet.table.scorer.ruleset.id,
        reason=reason,
        published=published,
    )
