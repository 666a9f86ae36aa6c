"""Mark a notice as read (已读) by one person. Marking again changes nothing."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql import select
from sqlmodel import col

from gf_chassis.database import UnitOfWork
from gf_chassis.identity import Principal
from gf_chassis.journal import Entry
from gf_notify.adapters.tables import NoticeRow, ReadingRow
from gf_notify.domain.errors import NoSuchNotice
from gf_notify.usecases.read_inbox import mine


async def mark_read(uow: UnitOfWork, principal: Principal, notice_id: UUID) -> None:
    async with uow:
        found = select(col(NoticeRow.id)).where(col(NoticeRow.id) == notice_id, mine(principal))
        if (await uow.session.execute(found)).scalar_one_or_none() is None:
            raise NoSuchNotice
        row = {"notice_id": notice_id, "subject": principal.subject, "read_at": await uow.now()}
        marked = insert(ReadingRow).values(row).on_conflict_do_nothing().returning(col(ReadingRow.notice_id))
        if (await uow.session.execute(marked)).scalar_one_or_none() is not None:
            uow.journal(Entry("notice", str(notice_id), "NoticeRead"))
        await uow.commit()
