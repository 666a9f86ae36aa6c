"""The inbox (收件箱) of a person: the notices of his or her units, or of the roles held in an authority."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import select
from sqlmodel import col

from gf_chassis.identity import Principal
from gf_notify.adapters.tables import NoticeRow, UnitRow

#: Roles whose notices a role may read beside its own: who decides may also do the clerk's work.
ROLES = {"approver": ("approver", "reviewer")}
#: Counted up to here; an inbox of more has `capped`.
COUNTED = 5000
#: The caller's notices, newest first: every role and every unit is a *slot* whose notices lie in the order of an index.
#: Each slot gives no more than are asked for, so a hundred thousand notices cost what twenty cost.
_MINE = """
  select n.* from unnest(cast(:roles as text[])) as slot(role) cross join lateral (
    select * from notice where authority = :authority and role = slot.role {where} order by id desc limit :most) as n
  union all
  select n.* from unit as slot cross join lateral (
    select * from notice where unit_id = slot.unit_id {where} order by id desc limit :most) as n
  where slot.uscc = :org and :org <> ''"""
#: Asked notice by notice, over the key: a join might read every reading of the country for twenty notices.
_READ = "(select 1 from reading r where r.notice_id = {notice}.id and r.subject = :subject)"
_UNREAD = f"and {_READ.format(notice='notice')} is null"
_AFTER = "and id < :after"
_PAGE = f"""
  select n.id, n.template, n.title, n.body, n.rule, n.raised_at, n.about_unit,
    coalesce((select name from unit where unit_id = n.about_unit), ''), n.submission_id,
    {_READ.format(notice="n")} is not null
  from (select * from ({{mine}}) as slots order by id desc limit :most) as n order by n.id desc"""
_COUNT = "select count(*) from (select 1 from ({mine}) as slots limit :most) as n"


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
        reasons.append(
            and_(col(NoticeRow.authority) == principal.authority, col(NoticeRow.role).in_(_roles(principal)))
        )
    return or_(*reasons) if reasons else false()


def _roles(principal: Principal) -> list[str]:
    """Roles whose notices the caller reads."""
    return sorted({other for role in principal.roles for other in ROLES.get(role, (role,))})


def _asked(principal: Principal, most: int) -> dict[str, Any]:
    return {
        "roles": _roles(principal) if principal.authority else [],
        "authority": principal.authority,
        "org": principal.org if principal.has("applicant") else "",
        "subject": principal.subject,
        "most": most,
    }


async def read_inbox(
    session: AsyncSession, principal: Principal, *, unread: bool, after: UUID | None, limit: int
) -> list[Notice]:
    """Newest first."""
    where = " ".join((_UNREAD if unread else "", _AFTER if after is not None else ""))
    values = _asked(principal, limit) | ({"after": after} if after is not None else {})
    found = await session.execute(text(_PAGE.format(mine=_MINE.format(where=where))), values)
    return [Notice(*row) for row in found]


async def count_inbox(session: AsyncSession, principal: Principal) -> dict[str, int | bool]:
    """How many notices, and how many of them this person has not read; `capped`: there are more than are counted."""
    values = _asked(principal, COUNTED + 1)
    total = (await session.execute(text(_COUNT.format(mine=_MINE.format(where=""))), values)).scalar_one()
    unread = (await session.execute(text(_COUNT.format(mine=_MINE.format(where=_UNREAD))), values)).scalar_one()
    return {"total": total, "unread": unread, "capped": total > COUNTED}
