"""受理: a submission was admitted; its case opens, or begins its next round, on the route of the policy."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import col, select

from gf_chassis.database import UnitOfWork
from gf_review.adapters import dossiers, queue_index
from gf_review.adapters.admission import Admission
from gf_review.adapters.policy import Policies
from gf_review.adapters.preferences import note_preferences
from gf_review.adapters.repository import Cases
from gf_review.adapters.tables import SheetRow
from gf_review.domain import guards
from gf_review.domain.case import Case
from gf_review.domain.route import Route
from gf_review.usecases.attach_sheet import note_sheet
from gf_review.usecases.unit_lock import lock_unit


@dataclass(frozen=True)
class OpenCase:
    """Use case of a consumer: the runner commits."""

    policies: Policies

    async def __call__(self, uow: UnitOfWork, admission: Admission) -> None:
        # Before the case, as a bar takes them: unit, then its cases.
        await lock_unit(uow, str(admission.unit["unit_id"]))
        cases = Cases(uow)
        case = await cases.lock(admission.submission_id)
        if case is not None and admission.round <= case.round:
            return
        route = await self._route(uow, admission)
        bars = (await dossiers.bars_of(uow.session, [str(admission.unit["unit_id"])])).values()
        barred = dossiers.bars_text([bar for one in bars for bar in one])
        at = await uow.now()
        if case is None:
            case = _new(admission, route, barred)
            await cases.add(case, admission, at)
        else:
            replaced = case.reopen(
                admission.round,
                route,
                category=str(admission.unit["category"]),
                unit_id=str(admission.unit["unit_id"]),
                year=admission.year,
                barred=barred,
            )
            await cases.add_round(case, admission, at)
            if replaced:
                await cases.mark_route_replaced(case.id, case.round)
        await self._sheet_that_came_first(uow, case)

    async def _route(self, uow: UnitOfWork, admission: Admission) -> Route:
        unit = admission.unit
        route = self.policies.route(
            str(admission.policies[0]["id"]),
            superior=str(unit["superior"]),
            group=unit["group"],
            category=str(unit["category"]),
            region=str(unit["region"]),
            kind=admission.kind,
        )
        unit_id = str(unit["unit_id"])
        grades = await dossiers.grades_of(uow.session, [unit_id])
        route = self.policies.with_grades(route, grades.get(unit_id, {}))
        guards.require_known(route)
        return route

    async def _sheet_that_came_first(self, uow: UnitOfWork, case: Case) -> None:
        newest = (
            await uow.session.exec(
                select(SheetRow)
                .where(SheetRow.submission_id == case.id, SheetRow.round == case.round)
                .order_by(col(SheetRow.revision).desc())
                .limit(1)
            )
        ).first()
        if newest is not None:
            await note_sheet(uow, self.policies, newest)
        else:
            await note_preferences(uow.session, self.policies, case.id)
            await queue_index.refresh(uow.session, [case.id])


def _new(admission: Admission, route: Route, barred: str) -> Case:
    return Case.open(
        id=admission.submission_id,
        unit_id=str(admission.unit["unit_id"]),
        campaign_id=admission.campaign_id,
        category=str(admission.unit["category"]),
        kind=admission.kind,
        year=admission.year,
        round=admission.round,
        route=route,
        barred=barred,
    )
