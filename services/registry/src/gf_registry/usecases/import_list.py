"""Import an existing list (导入已有名单) as one published edition, in bulk, with the date in law it had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from gf_chassis.database import UnitOfWork
from gf_chassis.errors import FieldError, Rejected
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_registry.adapters import projection, reading
from gf_registry.adapters.law import Law
from gf_registry.adapters.repository import Repository
from gf_registry.adapters.tables import ImportedUnitRow
from gf_registry.domain.editions import Edition
from gf_registry.domain.lists import ListId
from gf_registry.domain.memberships import ChangeKind, Membership, MembershipState, NameOnList

from . import answers
from .answers import Answer
from .publish_edition import freeze, publish
from .scope import keeper_of
from .steps import append_change

#: One announcement of a year; the biggest so far named 2,038 factories.
MAX_ENTRIES = 3000


@dataclass(frozen=True, slots=True)
class ImportEntry:
    name: str
    uscc: str | None = None
    unit_id: UUID | None = None
    region: str = ""
    industry: str = ""


async def import_list(
    uow: UnitOfWork,
    once: Once, law: Law, principal: Principal, list_id: ListId, entries: Sequence[ImportEntry], *,
    year: int, effective: date, document: str,
) -> Answer:  # fmt: skip
    keeper_of(law, principal, list_id)
    async with uow:
        if first := await once.first(uow):
            return first
        repo = Repository(uow)
        await projection.lock_linking(repo.session, importing=True)
        units = await _units(repo, list_id.category, entries)
        base = await reading.base(repo.session, list_id, effective)
        standings = await repo.lock_standings(units)
        green = (await repo.lock_lists([list_id]))[list_id]
        if green.position != base.position:
            base = await reading.base(repo.session, list_id, effective)
        if await repo.draft(list_id) is not None:
            raise Rejected("draft_exists", "该名单有一期草稿尚未公布，请先公布再导入。", status=409, rule="reg-lists")
        if await repo.pending(list_id):
            raise Rejected("pending_changes", "该名单有待公布的变动，请先公布再导入。", status=409, rule="reg-lists")
        now = await uow.now()
        for index, (entry, unit_id) in enumerate(zip(entries, units, strict=True)):
            if standings[unit_id].live_on(list_id) is not None:
                raise _refused(index, "already_listed", f"“{entry.name}”已在该名单中。")
            membership = Membership(
                id=new_id(), unit_id=unit_id, list_id=list_id, state=MembershipState.LISTED, year=year,
                entry=NameOnList(entry.name, entry.uscc, entry.region, entry.industry),
            )  # fmt: skip
            standings[unit_id].memberships.append(membership)
            append_change(repo, green, membership, ChangeKind.LISTED, now)
        await repo.save_standings(standings.values())
        edition = Edition(id=new_id(), list_id=list_id, year=year, document=document, effective=effective)
        await repo.session.flush()
        pending = await repo.pending(list_id)
        await publish(uow, repo, green, edition, await freeze(edition, base, pending), pending, standings)
        answer = answers.edition(edition)
        await once.keep(uow, answer)
        await uow.commit()
        return answer


async def _units(repo: Repository, category: str, entries: Sequence[ImportEntry]) -> list[UUID]:
    """The unit of every entry: as given, by its code, or one of the registry's own until intake knows it."""
    codes = [e.uscc for e in entries if e.uscc and e.unit_id is None]
    known = await projection.units_by_code(repo.session, codes, category)
    imported = await projection.imported_by_code(repo.session, codes, category)
    twice = [code for code, times in Counter(codes).items() if times > 1]
    unknown = await projection.unknown_units(repo.session, [e.unit_id for e in entries if e.unit_id])
    units: list[UUID] = []
    for index, entry in enumerate(entries):
        if entry.unit_id is not None:
            if entry.unit_id in unknown:
                raise _refused(index, "unknown_unit", f"没有编号为 {entry.unit_id} 的单位。", "unit_id")
            units.append(entry.unit_id)
            continue
        if entry.uscc in twice:
            raise _refused(index, "duplicate", f"统一社会信用代码 {entry.uscc} 在本次导入中重复出现。")
        if entry.uscc and len(known.get(entry.uscc, ())) > 1:
            raise _refused(index, "ambiguous", f"代码 {entry.uscc} 对应多个单位，请填写 unit_id 指明是哪一个。")
        if entry.uscc and entry.uscc in known:
            units.append(next(iter(known[entry.uscc])))
        elif entry.uscc and entry.uscc in imported:
            units.append(imported[entry.uscc].unit_id)
        else:
            row = ImportedUnitRow(unit_id=new_id(), uscc=entry.uscc, category=category, name=entry.name)
            repo.session.add(row)
            units.append(row.unit_id)
    if len(set(units)) != len(units):
        raise Rejected("duplicate", "同一单位在本次导入中出现了两次。", rule="reg-lists")
    return units


def _refused(index: int, code: str, detail: str, name: str = "uscc") -> Rejected:
    return Rejected(code, detail, rule="reg-lists", errors=[FieldError(f"/entries/{index}/{name}", code, detail)])
