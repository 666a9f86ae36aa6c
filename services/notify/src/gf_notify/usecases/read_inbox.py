"""The inbox (收件箱) of a person: the notices of his or her units, or of the roles held in an authority."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, func, or_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import select
from sqlmodel import col

from gf_chassis.identity import Principal
from gf_notify.adapters.tables import NoticeRow, ReadingRow, UnitRow

#: Roles whose notices a role may read beside its own: who decides may also do the clerk's work.
ROLES = {"approver": ("approver", "reviewer")}


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as its reader sees it."""

    id: UUID
    template: str
    title: str
    body: str
    rule: str
    raised_at: datetime
    unit_id: UUID | None
    unit_name: str
    submission_id: UUID | None
    read: bool


def mine(principal: Principal) -> ColumnElement[bool]:
    """Which notices are the caller's, in SQL: by organisation for applicants, by authority and role for officials."""
    reasons: list[ColumnElement[bool]] = []
    if principal.org and principal.has("applicant"):
        own = select(col(UnitRow.unit_id)).where(col(UnitRow.uscc) == principal.org)
        reasons.append(col(NoticeRow.unit_id).in_(own))
    if principal.authority:
        roles = {other for role in principal.roles for other in ROLES.get(role, (role,))}
        reasons.append(and_(col(NoticeRow.authority) == principal.authority, col(NoticeRow.role).in_(sorted(roles))))
    return or_(*reasons) if reasons else false()


def _read_by(principal: Principal) -> ColumnElement[bool]:
    return exists().where(col(ReadingRow.notice_id) == col(NoticeRow.id), col(ReadingRow.subject) == principal.subject)


async def read_inbox(
    session: AsyncSession, principal: Principal, *, unread: bool, after: UUID | None, limit: int
) -> list[Notice]:
    """Newest first."""
    n, read = NoticeRow, _read_by(principal)
    columns = (n.id, n.template, n.title, n.body, n.rule, n.raised_at, n.about_unit)
    query = (
        select(*map(col, columns), func.coalesce(col(UnitRow.name), ""), col(n.submission_id), read.label("read"))
        .outerjoin_from(NoticeRow, UnitRow, col(n.about_unit) == col(UnitRow.unit_id))
        .where(mine(principal))
        .order_by(col(n.id).desc())
        .limit(limit)
    )
    if unread:
        query = query.where(~read)
    if after is not None:
        query = query.where(col(n.id) < after)
    found: Iterable[Any] = await session.execute(query)
    return [Notice(*row) for row in found]


async def count_inbox(session: AsyncSession, principal: Principal) -> dict[str, int]:
    """How many notices, and how many of them this person has not read."""
    query = (
        select(func.count(), func.count().filter(~_read_by(principal))).select_from(NoticeRow).where(mine(principal))
    )
    total, unread = (await session.execute(query)).one()
    return {"total": total, "unread": unread}
