"""What pages and the API show: lists, editions, what waits, a unit's standing with its history."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from gf_chassis.journal import history
from gf_registry.adapters import ranked
from gf_registry.domain.lists import ListId

_LISTS = text(
    "select l.list_id, l.level, l.authority, l.category, l.position, e.number as edition, e.year, e.effective,"
    " e.listed, e.document from list l"
    " left join lateral (select * from edition e where e.list_id = l.list_id and e.state = 'published'"
    "   order by e.number desc limit 1) e on true"
    " where e.number is not null order by l.category, l.level, l.authority"
)
_EDITIONS = text(
    "select id as edition_id, year, number, effective, document, listed, added, removed, renamed, digest,"
    " position, recorded_at as published_at from edition where list_id = :id and state = 'published' order by number"
)
_MEMBERSHIPS = text(
    "select m.id as membership_id, m.list_id, m.state, m.name, m.year, m.effective, m.ended, m.ground, m.submission_id,"
    " m.edition_id from membership m where m.unit_id = :unit order by m.id"
)
_PUBLIC = text(
    "select m.list_id, m.state, m.name, m.year, m.effective, m.ended, m.ground, e.document, e.number as edition"
    " from membership m left join edition e on e.id = m.edition_id"
    " where m.unit_id = :unit and m.effective is not null and m.state in ('listed', 'removed') order by m.effective"
)
_BARS = text(
    'select id as bar_id, state, ground, article, source, source_date, from_date as "from", until, reason'
    " from bar where unit_id = :unit order by id"
)
_ADJUSTMENTS = text(
    "select id as adjustment_id, list_id, kind, state, ground, article, timing, reason, new_name, document, version"
    " from adjustment where unit_id = :unit order by id"
)
_PROPOSALS = text(
    "select a.id as adjustment_id, a.unit_id, m.name, a.kind, a.state, a.ground, a.reason, a.new_name, a.version"
    " from adjustment a left join membership m on m.unit_id = a.unit_id and m.list_id = a.list_id"
    " and m.state = 'listed' where a.list_id = :id and a.state in ('proposed', 'on_site_check') order by a.id"
)
_OBLIGATIONS = text(
    "select id as obligation_id, year, kind, due, state from obligation where unit_id = :unit order by year, kind"
)
_LAPSED = text(
    "select a.id as adjustment_id, m.name from adjustment a join membership m on m.unit_id = a.unit_id"
    " and m.list_id = a.list_id and m.state = 'listed' where a.list_id = :id and a.state = 'decided'"
    " and a.ground = 'bottom_5_percent' and not exists (select 1 from removal_due d where d.adjustment_id = a.id"
    "   and d.state = 'decided') order by m.name"
)
#: What waits is looked for after the last edition, as where it is published (`repository`).
_KEPT = text(
    "select l.list_id, l.level, l.category, l.editions, d.document as draft, (select count(*) from membership_change c"
    "   left join adjustment a on a.id = c.adjustment_id join membership m on m.id = c.membership_id"
    "   where c.list_id = l.list_id and c.position > coalesce((select e.position from edition e"
    "       where e.list_id = l.list_id and e.state = 'published' order by e.number desc limit 1), 0)"
    "     and (select ec.edition_id from edition_change ec where ec.change_id = c.id) is null"
    "     and c.kind <> 'refused' and m.state <> 'refused' and a.state is distinct from 'dropped'"
    "     and (c.effective is not null or m.state = 'listed')) as waiting"
    " from list l left join edition d on d.list_id = l.list_id and d.state = 'draft'"
    " where l.authority = :authority order by l.category, l.level"
)
_SINCE = text(
    "select position, kind, name from membership_change where list_id = :id and position > :position"
    " order by position limit :most"
)
_UNITS_OF = text(
    "select * from (select distinct on (unit_id) unit_id, name, uscc, category from unit_profile"
    "   where unit_id in (select unit_id from unit_profile where uscc = :uscc)"
    "   order by unit_id, profile_version desc) u where uscc = :uscc order by category, name"
)
_NAME = text(
    "select name from (select name, 1 as first, profile_version as nth from unit_profile where unit_id = :unit"
    " union all select name, 2, 0 from membership where unit_id = :unit) n order by first, nth desc limit 1"
)
_REMOVALS_DUE = text(
    "select d.id as removal_due_id, d.list_id, d.year, d.streak, d.place, d.state, d.document, d.adjustment_id"
    " from removal_due d join membership m on m.id = d.membership_id where m.unit_id = :unit order by d.year, d.id"
)


async def _all(session: AsyncSession, statement: Any, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in await session.execute(statement, values)]


async def lists(session: AsyncSession) -> list[dict[str, Any]]:
    """Every list that was ever published, with its newest edition."""
    return await _all(session, _LISTS, {})


async def editions(session: AsyncSession, list_id: ListId) -> list[dict[str, Any]]:
    return await _all(session, _EDITIONS, {"id": str(list_id)})


async def proposals(session: AsyncSession, list_id: ListId) -> list[dict[str, Any]]:
    """Adjustments of the list that somebody still has to decide."""
    return await _all(session, _PROPOSALS, {"id": str(list_id)})


async def frozen(session: AsyncSession, edition_id: UUID) -> tuple[bytes, str] | None:
    """The bytes of a published edition, and their digest."""
    row = (
        await session.execute(
            text("select content, digest from edition where id = :id and state = 'published'"), {"id": edition_id}
        )
    ).one_or_none()
    return (bytes(row.content), row.digest) if row else None


async def public_unit(session: AsyncSession, unit_id: UUID) -> list[dict[str, Any]]:
    """What was announced about a unit: its published memberships and removals."""
    return await _all(session, _PUBLIC, {"unit": unit_id})


async def standing(session: AsyncSession, unit_id: UUID) -> dict[str, Any]:
    """Everything the registry has on a unit, for those who may see it."""
    values = {"unit": unit_id}
    lines = await history(session, "standing", str(unit_id))
    return {
        "unit_id": unit_id,
        "memberships": await _all(session, _MEMBERSHIPS, values),
        "bars": await _all(session, _BARS, values),
        "adjustments": await _all(session, _ADJUSTMENTS, values),
        "obligations": await _all(session, _OBLIGATIONS, values),
        "rankings": await ranked.of_unit(session, unit_id),
        "removals_due": await _all(session, _REMOVALS_DUE, values),
        "history": [
            {
                "recorded_at": line.recorded_at, "type": line.type, "actor": line.actor, "authority": line.authority,
                "basis": line.basis, "reason": line.reason, "data": line.data,
            }
            for line in lines
        ],
    }  # fmt: skip


async def units_of(session: AsyncSession, uscc: str) -> list[dict[str, Any]]:
    """Units whose newest profile carries this 统一社会信用代码."""
    return await _all(session, _UNITS_OF, {"uscc": uscc})


async def name_of(session: AsyncSession, unit_id: UUID) -> str:
    """The unit's present name; as listed, where only an imported list knows it."""
    return str((await session.execute(_NAME, {"unit": unit_id})).scalar_one_or_none() or "")


async def lapsed(session: AsyncSession, list_id: ListId) -> list[dict[str, Any]]:
    """Decided removals that wait for the edition though the ranking they rest on no longer says so."""
    return await _all(session, _LAPSED, {"id": str(list_id)})


async def kept_by(session: AsyncSession, authority: str) -> list[dict[str, Any]]:
    """The lists of an authority, published or not, with what waits for their next edition."""
    return await _all(session, _KEPT, {"authority": authority})


async def changes_since(session: AsyncSession, list_id: ListId, position: int, most: int) -> list[dict[str, Any]]:
    """What was recorded of a list after a position, the first of it."""
    return await _all(session, _SINCE, {"id": str(list_id), "position": position, "most": most})
