"""Raise notices (发出通知) in the transaction of the event that gave cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from gf_chassis.database import UnitOfWork
from gf_chassis.errors import Poison
from gf_chassis.events import Event
from gf_chassis.ids import new_id
from gf_chassis.journal import Entry
from gf_notify.adapters.tables import NoticeRow, SeenCaseRow
from gf_notify.adapters.wording import Wording
from gf_notify.domain.notices import Telling, to_unit


class RaiseNotices:
    """One event says one thing to one addressee once, however often it comes (unique event, template, addressee)."""

    def __init__(self, wording: Wording) -> None:
        self.wording = wording

    async def __call__(self, uow: UnitOfWork, event: Event, tellings: Sequence[Telling]) -> None:
        if not tellings:
            return
        now = await uow.now()
        for telling in tellings:
            said = self.wording.say(telling.template, telling.words)
            row = NoticeRow(
                id=new_id(),
                event_id=f"{event.topic}/{event.key}/{event.number}",
                template=telling.template,
                addressee=telling.to.key,
                unit_id=_id(telling.to.unit_id),
                authority=telling.to.authority or None,
                role=telling.to.role or None,
                about_unit=_id(telling.about_unit),
                submission_id=_id(telling.submission_id),
                title=said.title,
                body=said.body,
                rule=said.rule,
                raised_at=now,
            )
            statement = insert(NoticeRow).values(row.model_dump()).on_conflict_do_nothing().returning(col(NoticeRow.id))
            raised = (await uow.session.execute(statement)).scalar_one_or_none()
            if raised is not None:
                data = {"template": telling.template, "addressee": telling.to.key, "event": row.event_id}
                uow.journal(Entry("notice", str(raised), "NoticeRaised", data, basis=said.rule))

    async def about_case(
        self, uow: UnitOfWork, event: Event, template: str, submission_id: str, words: Mapping[str, str]
    ) -> None:
        """To the unit of a case, where the event itself does not name it: the case's progress came before it, on the
        same key."""
        case = await uow.session.get(SeenCaseRow, UUID(submission_id))
        if case is None:
            raise Poison(f"{template}: nothing was heard of case {submission_id} before")
        await self(uow, event, [to_unit(template, str(case.unit_id), submission_id, **words)])


def _id(text: str) -> UUID | None:
    return UUID(text) if text else None
