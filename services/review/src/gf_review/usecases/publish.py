"""What the acts on a publicity (公示) share: lock, version, write, and handing each unit's outcome to its case."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from gf_chassis.database import Database, UnitOfWork
from gf_chassis.idempotency import Once
from gf_chassis.identity import Principal
from gf_chassis.ids import new_id
from gf_review.adapters import dossiers
from gf_review.adapters.batches import Publicities
from gf_review.adapters.policy import Policies
from gf_review.adapters.repository import NOT_THERE, Cases
from gf_review.adapters.tables import ObjectionRow
from gf_review.domain import decisions
from gf_review.domain.case import Official
from gf_review.domain.errors import OutsideCompetence, Problem, StaleCase
from gf_review.domain.publicity import EntryState, Publicity
from gf_review.usecases.acting import Done, finish, first_time, official


@dataclass
class PublicityAct:
    uow: UnitOfWork
    publicity: Publicity
    by: Official
    at: datetime
    once: Once | None

    async def done(self) -> Done:
        await Publicities(self.uow).save(self.publicity)
        publicity = self.publicity
        result: dict[str, object] = {
            "publicity_id": publicity.id,
            "state": str(publicity.state),
            "version": publicity.version,
            "until": publicity.until.isoformat() if publicity.until else None,
            "provisional": publicity.provisional,
            "etag": str(publicity.version),
        }
        return await finish(self.uow, self.once, result)


@dataclass(frozen=True)
class OnPublicity:
    """Base of the use cases that act on a publicity."""

    database: Database
    policies: Policies

    @asynccontextmanager
    async def _act(
        self, principal: Principal, publicity_id: str, seen: int, once: Once | None
    ) -> AsyncIterator[PublicityAct]:
        by = official(principal)
        async with self.database.unit_of_work(principal.actor()) as uow:
            await first_time(uow, once)
            publicity = await Publicities(uow).require(publicity_id)
            if publicity.authority != by.authority:
                raise OutsideCompetence(NOT_THERE)
            if publicity.version != seen:
                detail = f"公示已由第 {seen} 版变为第 {publicity.version} 版，请刷新后再办理。"
                raise StaleCase(detail, errors=[Problem("/version", "stale", detail)])
            yield PublicityAct(uow, publicity, by, await uow.now(), once)


async def hand_on(uow: UnitOfWork, publicity: Publicity, at: datetime, reason: str = "") -> None:
    """Tell the cases what came out for their unit: listed, or not because of an objection or a bar (GD-17-gates)."""
    ripe = publicity.ripe()
    cases = Cases(uow)
    locked = await cases.lock_many(entry.submission_id for entry in ripe)
    found = await dossiers.read_many(uow.session, locked.values())
    for entry in ripe:
        entry.settled = True
        case = locked.get(entry.submission_id)
        if case is None:
            continue
        dossier = found[case.id]
        listed, ground, why = True, "", ""
        if entry.state is EntryState.UPHELD:
            listed, ground, why = False, decisions.GROUND_OBJECTION, reason or "公示异议成立。"
        elif dossier.bars:
            listed, ground = False, decisions.GROUND_BARRED
            why = "处于禁止申报期，不得列入：" + dossiers.bars_text(dossier.bars)
        moved = decisions.settle_listing(
            case,
            entry.stage_no,
            entry.round,
            listed=listed,
            publicity_id=publicity.id,
            dossier=dossier,
            ground=ground,
            reason=why,
        )
        if moved:
            await cases.save(case, at)


def objection_row(act: PublicityAct, submission_id: str, what: str, text: str) -> ObjectionRow:
    return ObjectionRow(
        id=str(new_id()),
        publicity_id=act.publicity.id,
        submission_id=submission_id,
        act=what,
        text=text,
        person=act.by.subject,
        recorded_at=act.at,
    )
